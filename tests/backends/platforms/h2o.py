"""A scorer of H2O MLOps, as its OpenAPI file describes it and H2O's own runtimes answer."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from pydantic import JsonValue

from app.core.errors import BackendCrashed, BackendDown, BackendRefused, BackendRejected
from tests.backends.platforms import FEATURES, SECRET, OwnError
from tests.support.http_stub import Answer, Request, reply

TOKEN = "h2o-passphrase-of-the-test"
DEPLOYMENT = "/822fcf3d-6d4c-4948-a71b-2d0b46db82a9"
MODEL = "-488678943254364356"


class H2o:
    address: ClassVar = "url"
    named: ClassVar = "url"
    https_only: ClassVar = True
    renews: ClassVar = False
    secrets: ClassVar = (TOKEN,)
    revision: ClassVar = MODEL
    deployed: ClassVar = MODEL

    def options(self, url: str, folder: Path) -> dict[str, JsonValue]:
        return {"url": f"{url}{DEPLOYMENT}/model/score", "token_env": "H2O_PASSPHRASE"}

    def environment(self, url: str, folder: Path) -> Mapping[str, str]:
        return {"H2O_PASSPHRASE": TOKEN}

    def other(self, request: Request) -> Answer | None:
        if request.method == "POST":
            return None
        assert request.headers["authorization"] == f"Bearer {TOKEN}"
        if request.path == f"{DEPLOYMENT}/model/id":
            return Answer(body=MODEL.encode(), headers={"Content-Type": "text/plain"})
        assert request.path == f"{DEPLOYMENT}/model/schema"
        columns: list[JsonValue] = [{"name": name, "dataType": "Float64"} for name in FEATURES]
        return reply({"id": MODEL, "schema": {"inputFields": columns, "outputFields": []}})

    def rows(self, request: Request) -> Sequence[Sequence[JsonValue]]:
        assert request.path == f"{DEPLOYMENT}/model/score"
        assert request.headers["authorization"] == f"Bearer {TOKEN}"
        sent = json.loads(request.body)
        assert sent["fields"] == list(FEATURES)
        rows: list[list[JsonValue]] = sent["rows"]
        assert all(isinstance(cell, str) for row in rows for cell in row)
        return rows

    def reply(self, outputs: Sequence[JsonValue]) -> Answer:
        return reply({"id": MODEL, "fields": ["predict"], "score": [[str(output)] for output in outputs]})

    def unknown(self, request: Request) -> Answer | None:
        return Answer(404, SECRET.encode())

    def throttled(self) -> Answer:
        return Answer(429, b"slow down", {"Retry-After": "7"})

    def unauthorised(self) -> Answer:
        return Answer(401, b"Unauthorized", {"Content-Type": "text/plain"})

    def own_errors(self) -> Mapping[str, OwnError]:
        fault = {"loc": ["body", "rows"], "msg": f"in {SECRET}", "type": "value_error"}
        content = json.dumps({"detail": [fault]}).encode()
        return {
            "rows it does not take": OwnError(Answer(400, content), BackendRejected),
            "rows of another form": OwnError(Answer(422, content), BackendRejected),
            "a model that raises": OwnError(Answer(500, content), BackendCrashed),
            "refused credentials in JSON": OwnError(Answer(401, content), BackendRefused),
            "a scorer that does not score rows": OwnError(Answer(501, content), BackendRefused),
            "a deployment that is not up": OwnError(Answer(503, SECRET.encode()), BackendDown),
        }


PLATFORM = H2o()
