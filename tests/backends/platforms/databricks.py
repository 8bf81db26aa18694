"""A workspace of Databricks whose endpoint is queried by a service principal."""

import base64
import itertools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar
from urllib.parse import parse_qsl

from pydantic import JsonValue

from app.core.errors import BackendCrashed, BackendDown, BackendRefused, BackendRejected
from tests.backends.platforms import FEATURES, SECRET, OwnError
from tests.support.http_stub import Answer, Request, reply

PRINCIPAL, PASSWORD = "a-principal-of-the-test", "dose-of-the-test"
ENTITY: dict[str, JsonValue] = {"name": "transit-3", "entity_name": "main.x.transit", "entity_version": "3"}
TRAFFIC: dict[str, JsonValue] = {"routes": [{"served_model_name": "transit-3", "traffic_percentage": 100}]}


class Databricks:
    address: ClassVar = "url"
    named: ClassVar = "endpoint"
    https_only: ClassVar = True
    renews: ClassVar = True
    secrets: ClassVar = (PASSWORD, "issued-token-")
    revision: ClassVar = "transit-3"
    deployed: ClassVar = "transit-3"

    def __init__(self) -> None:
        self._numbers = itertools.count()

    def options(self, url: str, folder: Path) -> dict[str, JsonValue]:
        return {"url": url, "endpoint": "transit", "auth": "oauth"}

    def environment(self, url: str, folder: Path) -> Mapping[str, str]:
        return {"DATABRICKS_CLIENT_ID": PRINCIPAL, "DATABRICKS_CLIENT_SECRET": PASSWORD}

    def other(self, request: Request) -> Answer | None:
        match request.path:
            case "/oidc/.well-known/oauth-authorization-server":
                assert "authorization" not in request.headers
                return reply({"token_endpoint": f"http://{request.headers['host']}/oidc/v1/token"})
            case "/oidc/v1/token":
                return self._token(request)
            case "/api/2.0/serving-endpoints/transit":
                assert request.headers["authorization"].startswith("Bearer issued-token-")
                config: dict[str, JsonValue] = {"served_entities": [ENTITY], "traffic_config": TRAFFIC}
                return reply({"state": {"ready": "READY"}, "config": config})
        return None

    def _token(self, request: Request) -> Answer:
        pair = base64.b64encode(f"{PRINCIPAL}:{PASSWORD}".encode()).decode()
        assert request.headers["authorization"] == f"Basic {pair}"
        form = dict(parse_qsl(request.body.decode()))
        assert form == {"grant_type": "client_credentials", "scope": "all-apis"}
        token = f"issued-token-{next(self._numbers)}"
        return reply({"access_token": token, "token_type": "Bearer", "expires_in": 3600})

    def rows(self, request: Request) -> Sequence[Sequence[JsonValue]]:
        assert (request.method, request.path) == ("POST", "/serving-endpoints/transit/invocations")
        assert request.headers["authorization"].startswith("Bearer issued-token-")
        sent = json.loads(request.body)["dataframe_split"]
        assert sent["columns"] == list(FEATURES)
        rows: list[list[JsonValue]] = sent["data"]
        return rows

    def reply(self, outputs: Sequence[JsonValue]) -> Answer:
        answer = reply({"predictions": list(outputs)})
        return Answer(body=answer.body, headers={**answer.headers, "served-model-name": "transit-3"})

    def unknown(self, request: Request) -> Answer | None:
        return None if request.path.startswith("/oidc/") else _error(404, "RESOURCE_DOES_NOT_EXIST")

    def throttled(self) -> Answer:
        error = _error(429, "REQUEST_LIMIT_EXCEEDED")
        return Answer(429, error.body, {**error.headers, "Retry-After": "7"})

    def unauthorised(self) -> Answer:
        content = {"error_code": 403, "message": "Invalid access token."}
        return Answer(403, json.dumps(content).encode(), {"Content-Type": "application/json"})

    def own_errors(self) -> Mapping[str, OwnError]:
        return {
            "rows that do not fit the schema": OwnError(_error(400, "BAD_REQUEST"), BackendRejected),
            "a model that raises": OwnError(_error(500, "INTERNAL_ERROR"), BackendCrashed),
            "rows too large for a call": OwnError(_error(413, "REQUEST_TOO_LARGE"), BackendRejected),
            "another content type": OwnError(Answer(415, SECRET.encode()), BackendRefused),
            "an unknown path": OwnError(_error(404, "ENDPOINT_NOT_FOUND"), BackendRefused),
            "a proxy's 404": OwnError(Answer(404, SECRET.encode()), BackendRefused),
            "no permission to query": OwnError(_error(403, "PERMISSION_DENIED"), BackendRefused),
            "an endpoint without a container": OwnError(_error(503, "TEMPORARILY_UNAVAILABLE"), BackendDown),
        }


def _error(status: int, code: str) -> Answer:
    content = {"error_code": code, "message": f"in {SECRET}", "stack_trace": SECRET}
    return Answer(status, json.dumps(content).encode(), {"Content-Type": "application/json"})


PLATFORM = Databricks()
