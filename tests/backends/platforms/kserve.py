"""KServe's REST server of the package kserve 0.21, by the Open Inference Protocol and behind a login."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from pydantic import JsonValue

from app.core.errors import BackendCrashed, BackendRefused, BackendRejected, BackendThrottled
from tests.backends.platforms import FEATURES, SECRET, OwnError
from tests.support.http_stub import Answer, Request, reply

TOKEN = "kserve-token-of-the-test"
MODEL = "/v2/models/transit%20times"


class KServe:
    address: ClassVar = "url"
    named: ClassVar = "model"
    https_only: ClassVar = False
    renews: ClassVar = False
    secrets: ClassVar = (TOKEN,)
    revision: ClassVar = "3"
    deployed: ClassVar = "3"

    def options(self, url: str, folder: Path) -> dict[str, JsonValue]:
        return {"url": url, "model": "transit times", "token_env": "KSERVE_TOKEN"}

    def environment(self, url: str, folder: Path) -> Mapping[str, str]:
        return {"KSERVE_TOKEN": TOKEN}

    def other(self, request: Request) -> Answer | None:
        self._check(request)
        metadata: dict[str, JsonValue] = {
            "name": "transit times",
            "platform": "",
            "inputs": [],
            "outputs": [],
        }
        probes = {
            f"{MODEL}/ready": reply({"name": "transit times", "ready": True}),
            MODEL: reply(metadata | {"versions": ["3"]}),
        }
        return probes[request.path] if request.method == "GET" else None

    def rows(self, request: Request) -> Sequence[Sequence[JsonValue]]:
        self._check(request)
        assert (request.method, request.path) == ("POST", f"{MODEL}/infer")
        (tensor,) = json.loads(request.body)["inputs"]
        rows, columns = tensor["shape"]
        assert (tensor["name"], tensor["datatype"], columns) == ("input-0", "FP64", len(FEATURES))
        assert len(tensor["data"]) == rows * columns
        return [tensor["data"][start : start + columns] for start in range(0, rows * columns, columns)]

    def reply(self, outputs: Sequence[JsonValue]) -> Answer:
        tensor: dict[str, JsonValue] = {"name": "output-0", "shape": [len(outputs)], "datatype": "FP64"}
        answer: dict[str, JsonValue] = {"model_name": "transit times", "model_version": "3", "id": "1"}
        return reply(answer | {"parameters": None, "outputs": [tensor | {"data": [*outputs]}]})

    def unknown(self, request: Request) -> Answer | None:
        body = json.dumps({"error": f"Model with name transit times does not exist. {SECRET}"}).encode()
        return Answer(404, body, {"Content-Type": "application/json"})

    def throttled(self) -> Answer:
        return Answer(429, b"local_rate_limited", {"Retry-After": "7"})

    def unauthorised(self) -> Answer:
        return Answer(401, b"Jwt is expired", {"Content-Type": "text/plain"})

    def own_errors(self) -> Mapping[str, OwnError]:
        login = {"Location": "/dex/auth?client_id=kubeflow-oidc-authservice"}
        return {
            "another server at the address": _error(404, BackendRefused),
            "an unknown host at the ingress": OwnError(Answer(404), BackendRefused),
            "a model that is not ready": _error(503, BackendThrottled),
            "a tensor that it cannot read": _error(400, BackendRejected),
            "a request of another form": _error(422, BackendRejected),
            "values of another type": _error(500, BackendCrashed),
            "a version of the model in the path": _error(501, BackendRefused),
            "a trace in plain text, as MLServer's": OwnError(Answer(500, SECRET.encode()), BackendCrashed),
            "a session that has ended": OwnError(Answer(302, b"", login), BackendRefused),
            "credentials without the right": OwnError(
                Answer(403, f"RBAC: access denied {SECRET}".encode()), BackendRefused
            ),
        }

    def _check(self, request: Request) -> None:
        assert request.headers["authorization"] == f"Bearer {TOKEN}"


def _error(status: int, expected: type[BackendRefused | BackendRejected | BackendThrottled]) -> OwnError:
    body = json.dumps({"error": f"ValueError : in {SECRET}"}).encode()
    return OwnError(Answer(status, body, {"Content-Type": "application/json"}), expected)


PLATFORM = KServe()
