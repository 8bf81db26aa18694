"""An online endpoint of Azure ML with a key, and the script that Azure generates for a model of MLflow."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from pydantic import JsonValue

from app.core.errors import (
    BackendCrashed,
    BackendDown,
    BackendError,
    BackendRefused,
    BackendRejected,
    BackendThrottled,
    BackendTimeout,
)
from tests.backends.platforms import FEATURES, SECRET, OwnError
from tests.support.http_stub import Answer, Request, reply

KEY = "azure-key-of-the-test"
CONTENT = json.dumps({"message": f"in {SECRET}"}).encode()


class AzureMl:
    address: ClassVar = "scoring_url"
    named: ClassVar = "deployment"
    https_only: ClassVar = True
    renews: ClassVar = False
    secrets: ClassVar = (KEY,)
    revision: ClassVar = None
    deployed: ClassVar = "blue 7"

    def options(self, url: str, folder: Path) -> dict[str, JsonValue]:
        options: dict[str, JsonValue] = {"scoring_url": f"{url}/score", "key_env": "AZURE_ML_KEY"}
        return options | {"deployment": "blue", "version": "7"}

    def environment(self, url: str, folder: Path) -> Mapping[str, str]:
        return {"AZURE_ML_KEY": KEY}

    def other(self, request: Request) -> Answer | None:
        return reply({"swagger": "2.0"}) if request.path == "/swagger.json" else None

    def rows(self, request: Request) -> Sequence[Sequence[JsonValue]]:
        assert (request.method, request.path) == ("POST", "/score")
        assert request.headers["authorization"] == f"Bearer {KEY}"
        assert request.headers["azureml-model-deployment"] == "blue"
        sent = json.loads(request.body)["input_data"]
        assert sent["columns"] == list(FEATURES)
        rows: list[list[JsonValue]] = sent["data"]
        assert sent["index"] == list(range(len(rows)))
        return rows

    def reply(self, outputs: Sequence[JsonValue]) -> Answer:
        return reply(list(outputs))

    def unknown(self, request: Request) -> Answer | None:
        return Answer(404, CONTENT)

    def throttled(self) -> Answer:
        return Answer(429, b"slow down", {"ms-azureml-model-error-reason": "too_many_pending_request"})

    def unauthorised(self) -> Answer:
        return Answer(401, b"key_auth_access_denied")

    def own_errors(self) -> Mapping[str, OwnError]:
        inner = {
            *((status, BackendRejected) for status in (400, 413, 422)),
            (500, BackendCrashed),
            *((status, BackendRefused) for status in (401, 403, 404, 405, 415, 501)),
            *((status, BackendTimeout) for status in (408, 504)),
            *((status, BackendDown) for status in (502, 503)),
            (429, BackendThrottled),
        }
        return {
            f"a container that answers {status}": _of_model(str(status), kind) for status, kind in inner
        } | {
            "a container that does not answer": OwnError(Answer(424, CONTENT), BackendDown),
            "a status that is none": _of_model("²²²", BackendDown),
            "a model that takes too long": OwnError(Answer(408, CONTENT), BackendTimeout),
            "a body that is too large": OwnError(Answer(413, CONTENT), BackendRejected),
            "a failing infrastructure": OwnError(Answer(500, CONTENT), BackendDown),
        }


def _of_model(status: str, expected: type[BackendError]) -> OwnError:
    headers = {"ms-azureml-model-error-statuscode": status, "ms-azureml-model-error-reason": "model_error"}
    return OwnError(Answer(424, CONTENT, headers), expected)


PLATFORM = AzureMl()
