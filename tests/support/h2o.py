"""A scorer of H2O MLOps as a scripted server, with the deployment ``d``."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pydantic import JsonValue

from app.backends.base import Backend
from app.backends.registry import open_backend
from app.core.hosts import Hosts
from tests.support.http_stub import Answer, HttpStub, Request, http_stub, reply

FEATURES = ("number", "count", "text", "flag")
TYPES = ("Float64", "Int32", "Str", "Bool")
FITTING: list[JsonValue] = [0.1, 2, "u", True]


class Scorer:
    """A scorer whose ``schema``, ``model`` and ``scores`` a test may change.

    ``during_score`` happens while it answers, after the rows came in.
    """

    def __init__(self, stub: HttpStub) -> None:
        self.model: str | None = "m1"
        self.schema: Answer | None = None
        self.columns = dict(zip(FEATURES, TYPES, strict=True))
        self.scores: list[JsonValue] | None = None
        self.during_score: Callable[[], object] = lambda: None
        self.stub = stub
        stub.respond = self.respond

    def open(self, concurrency: int = 4) -> Backend:
        options: dict[str, JsonValue] = {"url": f"{self.stub.url}/d/model/score"}
        return open_backend(
            "h2o", options, FEATURES, concurrency=concurrency, hosts=Hosts(f"{self.stub.url}=*")
        )

    def replace(self, **columns: str) -> None:
        """Deploy another model, with columns of other types."""
        self.model = "m2"
        self.columns = self.columns | columns

    def respond(self, request: Request) -> Answer:
        match request.path:
            case "/d/model/id":
                return Answer(body=(self.model or "").encode(), headers={"Content-Type": "text/plain"})
            case "/d/model/schema":
                return self.schema or self.its_schema()
        rows = json.loads(request.body)["rows"]
        self.during_score()
        scores = self.scores or [["1.5"] for _ in rows]
        answer: dict[str, JsonValue] = {"fields": ["predict"], "score": scores}
        return reply(answer | self.id)

    def its_schema(self) -> Answer:
        fields: list[JsonValue] = [{"name": name, "dataType": kind} for name, kind in self.columns.items()]
        schema: dict[str, JsonValue] = {"schema": {"inputFields": fields, "outputFields": []}}
        return reply(schema | self.id)

    @property
    def id(self) -> dict[str, JsonValue]:
        return {"id": self.model} if self.model else {}

    @property
    def bodies(self) -> list[JsonValue]:
        return [request.json for request in self.stub.requests if request.method == "POST"]

    @property
    def looks(self) -> int:
        return sum(request.path == "/d/model/schema" for request in self.stub.requests)


@contextmanager
def h2o_scorer() -> Iterator[Scorer]:
    with http_stub() as stub:
        yield Scorer(stub)
