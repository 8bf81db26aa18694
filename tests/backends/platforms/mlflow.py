"""MLflow's scoring server, as ``mlflow models serve`` 3.17 answers."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from pydantic import JsonValue

from app.core.errors import BackendCrashed, BackendRefused, BackendRejected
from tests.backends.platforms import FEATURES, SECRET, OwnError
from tests.support.http_stub import Answer, Request, reply

TOKEN = "mlflow-token-of-the-test"
ALIASES = "/api/2.0/mlflow/registered-models/alias"


class Mlflow:
    address: ClassVar = "url"
    named: ClassVar = "alias"
    https_only: ClassVar = False
    renews: ClassVar = False
    secrets: ClassVar = (TOKEN,)
    revision: ClassVar = None
    deployed: ClassVar = "transit 7"

    def options(self, url: str, folder: Path) -> dict[str, JsonValue]:
        alias: dict[str, JsonValue] = {
            "registry_url": url,
            "registered_model": "transit",
            "alias": "champion",
        }
        return {"url": url, "token_env": "MLFLOW_TRACKING_TOKEN", **alias}

    def environment(self, url: str, folder: Path) -> Mapping[str, str]:
        return {"MLFLOW_TRACKING_TOKEN": TOKEN}

    def other(self, request: Request) -> Answer | None:
        if request.path.partition("?")[0] == ALIASES:
            return reply({"model_version": {"name": "transit", "version": "7"}})
        return Answer(body=b"\n") if request.path == "/ping" else None

    def rows(self, request: Request) -> Sequence[Sequence[JsonValue]]:
        assert (request.method, request.path) == ("POST", "/invocations")
        assert request.headers["authorization"] == f"Bearer {TOKEN}"
        sent = json.loads(request.body)["dataframe_split"]
        assert sent["columns"] == list(FEATURES)
        rows: list[list[JsonValue]] = sent["data"]
        return rows

    def reply(self, outputs: Sequence[JsonValue]) -> Answer:
        return reply({"predictions": list(outputs)})

    def unknown(self, request: Request) -> Answer | None:
        """The server has one model, and no name for it: only the registry knows names."""
        message = f"Registered model alias champion not found. {SECRET}"
        content = json.dumps({"error_code": "INVALID_PARAMETER_VALUE", "message": message}).encode()
        return Answer(400, content) if request.path.startswith(ALIASES) else None

    def throttled(self) -> Answer:
        return Answer(429, b"slow down", {"Retry-After": "7"})

    def unauthorised(self) -> Answer:
        return Answer(401, b"who are you?")

    def own_errors(self) -> Mapping[str, OwnError]:
        trace = {"error_code": "BAD_REQUEST", "message": f"in {SECRET}", "stack_trace": SECRET}
        content = json.dumps(trace).encode()
        return {
            "rows that do not fit the schema": OwnError(Answer(400, content), BackendRejected),
            "a model that raises": OwnError(Answer(500, content), BackendCrashed),
            "another content type": OwnError(Answer(415, SECRET.encode()), BackendRefused),
            "an unknown path": OwnError(Answer(404, SECRET.encode()), BackendRefused),
        }


PLATFORM = Mlflow()
