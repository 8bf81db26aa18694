"""A deployment in a Cloud Pak for Data, as IBM's client ibm-watsonx-ai 1.8 speaks with one."""

import base64
import itertools
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from pydantic import JsonValue

from app.core.errors import BackendCrashed, BackendDown, BackendRefused, BackendRejected
from tests.backends.platforms import FEATURES, SECRET, OwnError
from tests.support.http_stub import Answer, Request, reply

API_KEY, USERNAME, SPACE = "watsonx-key-of-the-test", "ada", "a-space"
DEPLOYMENT = "b3c8f1a2-5d7e-4f60-9a1b-2c3d4e5f6071"
PATH = f"/ml/v4/deployments/{DEPLOYMENT}"
VERSION = "version=2021-05-01"
_serial = itertools.count()


def token(lifetime: float = 3600) -> str:
    """An unsigned JWT."""
    now = time.time()
    claims: dict[str, JsonValue] = {
        "sub": USERNAME,
        "jti": next(_serial),
        "iat": int(now),
        "exp": int(now + lifetime),
    }
    return f"{_encoded({'alg': 'RS256'})}.{_encoded(claims)}.c2ln"


def _encoded(part: JsonValue) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def deployed(asset: str, rev: str | None) -> JsonValue:
    """The details of a deployment."""
    named: JsonValue = {"id": asset, "rev": rev} if rev else {"id": asset}
    return {"metadata": {"id": DEPLOYMENT}, "entity": {"asset": named, "status": {"state": "ready"}}}


def wml_error(status: int, code: str, message: str) -> Answer:
    errors: list[JsonValue] = [{"code": code, "message": message}]
    body = {"trace": "2a5cdea2f1102ba3", "errors": errors, "status_code": str(status)}
    return Answer(status, json.dumps(body).encode(), {"Content-Type": "application/json"})


class Watsonx:
    address: ClassVar = "url"
    named: ClassVar = "deployment"
    https_only: ClassVar = True
    renews: ClassVar = True
    secrets: ClassVar = (API_KEY,)
    revision: ClassVar = None
    deployed: ClassVar = "an-asset 1"

    def options(self, url: str, folder: Path) -> dict[str, JsonValue]:
        return {"url": url, "username": USERNAME, "deployment": DEPLOYMENT, "space_id": SPACE}

    def environment(self, url: str, folder: Path) -> Mapping[str, str]:
        return {"WATSONX_API_KEY": API_KEY}

    def other(self, request: Request) -> Answer | None:
        if request.path == "/icp4d-api/v1/authorize":
            assert request.json == {"username": USERNAME, "api_key": API_KEY}
            return reply({"_messageCode_": "200", "message": "Success", "token": token()})
        if request.path == f"{PATH}?{VERSION}&space_id={SPACE}":
            return reply(deployed("an-asset", "1"))
        return None

    def rows(self, request: Request) -> Sequence[Sequence[JsonValue]]:
        assert (request.method, request.path) == ("POST", f"{PATH}/predictions?{VERSION}")
        assert request.headers["authorization"].startswith("Bearer ey")
        (sent,) = json.loads(request.body)["input_data"]
        assert sent["fields"] == list(FEATURES)
        rows: list[list[JsonValue]] = sent["values"]
        return rows

    def reply(self, outputs: Sequence[JsonValue]) -> Answer:
        values: list[JsonValue] = [[output] for output in outputs]
        return reply({"predictions": [{"fields": ["prediction"], "values": values}]})

    def unknown(self, request: Request) -> Answer | None:
        login = request.path == "/icp4d-api/v1/authorize"
        return None if login else wml_error(404, "does_not_exist", SECRET)

    def throttled(self) -> Answer:
        return Answer(429, b"slow down", {"Retry-After": "7"})

    def unauthorised(self) -> Answer:
        return wml_error(401, "authentication_token_expired", "Failed to authenticate the request.")

    def own_errors(self) -> Mapping[str, OwnError]:
        discontinued = f"Invalid request entity: Unsupported software specification {SECRET!r}."
        return {
            "rows it does not take": OwnError(
                wml_error(400, "invalid_input_argument", f"in {SECRET}"), BackendRejected
            ),
            "a discontinued software specification": OwnError(
                wml_error(400, "invalid_request_entity", discontinued), BackendRefused
            ),
            "a model that raises": OwnError(wml_error(500, "internal_error", SECRET), BackendCrashed),
            "no right to score": OwnError(wml_error(403, "authorization_rejected", SECRET), BackendRefused),
            "a gateway's 404": OwnError(Answer(404, SECRET.encode()), BackendRefused),
            "a gateway that fails": OwnError(Answer(520, SECRET.encode()), BackendDown),
        }


PLATFORM = Watsonx()
