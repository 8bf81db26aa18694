"""What is H2O's alone: cells of text, the model's columns, its id."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator

import pytest
from pydantic import JsonValue

from app.backends.base import Backend
from app.backends.registry import open_backend
from app.core.errors import BackendError, BackendRejected, BackendTimeout, BadOutput, InvalidInput
from app.core.hosts import Hosts
from app.core.settings import Settings
from app.schemas.deployments import Deployment
from app.services.inference import Inference, Inferred
from tests.support.http_stub import Answer, HttpStub, Request, http_stub, reply

FEATURES = ("number", "count", "text", "flag")
TYPES = ("Float64", "Int32", "Str", "Bool")
FITTING: list[JsonValue] = [0.1, 2, "u", True]


class Scorer:
    """A scorer whose ``schema``, ``model`` and ``scores`` a test may change."""

    def __init__(self, stub: HttpStub) -> None:
        self.model: str | None = "m1"
        self.schema = self.columns(FEATURES)
        self.scores: list[JsonValue] | None = None
        self.stub = stub
        stub.respond = self.respond

    @staticmethod
    def columns(names: tuple[str, ...]) -> Answer:
        fields: list[JsonValue] = [
            {"name": name, "dataType": kind} for name, kind in zip(names, TYPES, strict=False)
        ]
        return reply({"id": "m1", "schema": {"inputFields": fields, "outputFields": []}})

    def respond(self, request: Request) -> Answer:
        match request.path:
            case "/d/model/id":
                return Answer(body=(self.model or "").encode(), headers={"Content-Type": "text/plain"})
            case "/d/model/schema":
                return self.schema
        rows = json.loads(request.body)["rows"]
        scores = self.scores or [["1.5"] for _ in rows]
        answer: dict[str, JsonValue] = {"fields": ["predict"], "score": scores}
        return reply(answer | ({"id": self.model} if self.model else {}))

    @property
    def bodies(self) -> list[JsonValue]:
        return [request.json for request in self.stub.requests if request.method == "POST"]

    @property
    def looks(self) -> int:
        return sum(request.path == "/d/model/schema" for request in self.stub.requests)


@pytest.fixture
def scorer() -> Iterator[Scorer]:
    with http_stub() as stub:
        yield Scorer(stub)


@pytest.fixture
async def backend(scorer: Scorer) -> AsyncIterator[Backend]:
    hosts = Hosts(f"127.0.0.1:{scorer.stub.server_port}")
    options: dict[str, JsonValue] = {"url": f"{scorer.stub.url}/d/model/score"}
    opened = open_backend("h2o", options, FEATURES, concurrency=4, hosts=hosts)
    yield opened
    await opened.aclose()


@pytest.mark.parametrize(
    ("row", "cells"),
    [
        ([0.1, 2, "u", True], ["0.1", "2", "u", "true"]),
        ([None, None, None, None], ["", "", "", ""]),
        ([1e-7, -(2**40), "", False], ["1e-07", "-1099511627776", "", "false"]),
        ([True, False, 7, 1], ["1", "0", "7", "1"]),
        ([5, 5.0, ' "é\n', None], ["5", "5.0", ' "é\n', ""]),
    ],
)
async def test_every_cell_is_a_text(
    scorer: Scorer, backend: Backend, row: list[JsonValue], cells: list[str]
) -> None:
    await backend.predict([row], 10)
    assert scorer.bodies == [{"fields": list(FEATURES), "rows": [cells]}]
    await backend.predict([row, row], 10)
    first, second = (request for request in scorer.stub.requests if request.method == "POST")
    assert len(second.body) - len(first.body) == backend.row_bytes(row)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (0, "0.1"),
        (1, "two"),
        (0, ""),
        (0, float("nan")),
        (2, float("inf")),
        (2, ["u"]),
        (3, {}),
        (2, "\ud800"),
    ],
)
async def test_a_cell_that_does_not_fit_names_its_feature(
    scorer: Scorer, backend: Backend, place: int, value: JsonValue
) -> None:
    row = [*FITTING[:place], value, *FITTING[place + 1 :]]
    with pytest.raises(InvalidInput, match=f"'{FEATURES[place]}'"):
        await backend.predict([row], 10)
    with pytest.raises(InvalidInput, match=f"'{FEATURES[place]}'"):
        backend.row_bytes(row)
    with pytest.raises(BackendRejected, match=f"'{FEATURES[place]}'"):  # the caller tries the halves
        await backend.predict([FITTING, row], 10)
    assert not scorer.bodies


async def test_a_row_that_does_not_fit_costs_its_neighbours_nothing(scorer: Scorer) -> None:
    place = f"127.0.0.1:{scorer.stub.server_port}"
    inference = Inference(Settings(database_url="postgresql://nowhere", backend_hosts=place, _env_file=None))
    deployment = Deployment(1, "m", "1", "h2o", {"url": f"http://{place}/d"}, FEATURES)
    rows: list[list[JsonValue]] = [FITTING, ["?", 2, "u", True], FITTING]
    for _ in range(2):  # before and after the columns are known
        deadline = asyncio.get_running_loop().time() + 10
        first, bad, last = await inference.predict(deployment, rows, deadline)
        assert isinstance(bad, InvalidInput)
        assert isinstance(first, Inferred)
        assert isinstance(last, Inferred)
    await inference.aclose()


@pytest.mark.parametrize(
    "schema",
    [
        Answer(404),
        Answer(501),
        Answer(500),
        reply({}),
        reply({"schema": None}),
        reply({"schema": {"inputFields": [7]}}),
    ],
)
async def test_a_scorer_that_names_no_columns_gets_the_rows_as_they_are(
    scorer: Scorer, backend: Backend, schema: Answer
) -> None:
    scorer.schema = schema
    reply = await backend.predict([["0.1", 2.5, "u", True]], 10)
    assert reply.outputs == [1.5]
    assert scorer.bodies == [{"fields": list(FEATURES), "rows": [["0.1", "2.5", "u", "true"]]}]


async def test_the_columns_are_looked_up_once(scorer: Scorer, backend: Backend) -> None:
    for _ in range(3):
        await backend.predict([FITTING], 10)
    assert scorer.looks == 1
    assert await backend.revision() == "m1"
    await backend.predict([FITTING], 10)
    assert scorer.looks == 2


async def test_another_model_is_looked_at_before_the_next_call(scorer: Scorer, backend: Backend) -> None:
    await backend.predict([FITTING], 10)
    scorer.model, scorer.schema = "m2", scorer.columns(("number", "count", "text", "mood"))
    assert (await backend.predict([FITTING], 10)).revision == "m2"
    with pytest.raises(InvalidInput) as caught:
        await backend.predict([FITTING], 10)
    faults = [(fault.field, fault.message) for fault in caught.value.errors]
    assert faults == [
        ("features.mood", "the model needs it"),
        ("features.flag", "the model has no such column"),
    ]
    assert len(scorer.bodies) == 2


async def test_an_outage_of_the_schema_is_one_of_the_call(scorer: Scorer, backend: Backend) -> None:
    scorer.schema = Answer(503)
    with pytest.raises(BackendError) as caught:
        await backend.predict([FITTING], 10)
    assert caught.value.retryable
    assert not scorer.bodies
    scorer.schema = scorer.columns(FEATURES)
    assert (await backend.predict([FITTING], 10)).outputs == [1.5]


async def test_the_look_takes_its_time_from_the_calls(scorer: Scorer, backend: Backend) -> None:
    scorer.schema = Answer(wait=threading.Event())
    with pytest.raises(BackendTimeout):
        await backend.predict([FITTING], 0.2)


async def test_one_value_is_a_number_and_several_are_a_list(scorer: Scorer, backend: Backend) -> None:
    scorer.scores = [["0.66"], ["0.66", "0.34"], ["yes", "0.9"], ["007"], ["3"]]
    reply = await backend.predict([FITTING] * 5, 10)
    assert reply.outputs == [0.66, [0.66, 0.34], ["yes", 0.9], "007", 3]


async def test_a_row_without_a_value_spoils_no_other(scorer: Scorer, backend: Backend) -> None:
    scorer.scores = [["1.5"], [None], ["NaN"], [], "2.5", ["0.1", ""], [["3"]], ["2.5"]]
    first, *between, last = (await backend.predict([FITTING] * 8, 10)).outputs
    assert (first, last) == (1.5, 2.5)
    assert all(isinstance(output, BadOutput) for output in between)


async def test_an_answer_without_an_id_has_no_revision(scorer: Scorer, backend: Backend) -> None:
    scorer.model = None
    assert (await backend.predict([FITTING], 10)).revision is None


@pytest.mark.parametrize(("said", "revision"), [("m1\n", "m1"), ('"m1"', "m1"), ("-48867", "-48867")])
async def test_the_id_is_the_revision(scorer: Scorer, backend: Backend, said: str, revision: str) -> None:
    scorer.model = said
    assert await backend.revision() == revision


@pytest.mark.parametrize("said", ["", "<html>log in</html>", "a\nb", "x" * 201])
async def test_what_is_no_id_is_no_revision(scorer: Scorer, backend: Backend, said: str) -> None:
    scorer.model = said
    with pytest.raises(BadOutput):
        await backend.revision()


async def test_the_address_may_be_the_deployments(scorer: Scorer) -> None:
    hosts = Hosts(f"127.0.0.1:{scorer.stub.server_port}")
    url = f"{scorer.stub.url}/d/"
    backend = open_backend("h2o", {"url": url}, FEATURES, concurrency=1, hosts=hosts)
    assert (await backend.predict([FITTING], 10)).outputs == [1.5]
    await backend.aclose()


async def test_a_secret_of_others_cannot_be_named(scorer: Scorer) -> None:
    options: dict[str, JsonValue] = {"url": scorer.stub.url, "token_env": "AWS_SECRET_ACCESS_KEY"}
    with pytest.raises(InvalidInput) as caught:
        open_backend("h2o", options, FEATURES, concurrency=1, hosts=Hosts())
    assert [fault.field for fault in caught.value.errors] == ["options.token_env"]
