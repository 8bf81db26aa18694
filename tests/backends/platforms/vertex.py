"""A Vertex AI endpoint and Google's token server, as their pages describe them."""

import itertools
import json
from collections.abc import Mapping, Sequence
from functools import cached_property
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
from tests.backends.platforms import SECRET, OwnError
from tests.platforms.vertex.accounts import ServiceAccount
from tests.support.http_stub import Answer, Request, reply

NAME = "projects/a-project/locations/europe-west4/endpoints/1234567890"
MODEL = "projects/1029384756/locations/europe-west4/models/5647382910"
DEPLOYED: dict[str, JsonValue] = {"id": "6655443322", "model": f"{MODEL}@golden", "modelVersionId": "2"}
TOKEN = "ya29.token-of-the-test"


class Vertex:
    address: ClassVar = "api_url"
    named: ClassVar = "endpoint_id"
    https_only: ClassVar = True
    renews: ClassVar = True
    secrets: ClassVar = (TOKEN, "PRIVATE KEY")
    revision: ClassVar = "5647382910 version 2, deployment 6655443322"
    deployed: ClassVar = "5647382910 version 2, deployment 6655443322"

    def __init__(self) -> None:
        self._tokens = itertools.count()

    @cached_property
    def account(self) -> ServiceAccount:
        return ServiceAccount()

    def options(self, url: str, folder: Path) -> dict[str, JsonValue]:
        project, location, endpoint = NAME.split("/")[1::2]
        return {"project": project, "location": location, "endpoint_id": endpoint, "api_url": url}

    def environment(self, url: str, folder: Path) -> Mapping[str, str]:
        key_file = folder / "key.json"
        key_file.write_text(self.account.key_file(f"{url}/token"))
        return {"GOOGLE_APPLICATION_CREDENTIALS": str(key_file)}

    def other(self, request: Request) -> Answer | None:
        if request.path == "/token":
            return reply({"access_token": f"{TOKEN}-{next(self._tokens)}", "expires_in": 3600})
        if (request.method, request.path) == ("GET", f"/v1/{NAME}"):
            return reply({"name": NAME, "deployedModels": [DEPLOYED]})
        return None

    def rows(self, request: Request) -> Sequence[Sequence[JsonValue]]:
        assert (request.method, request.path) == ("POST", f"/v1/{NAME}:predict")
        assert request.headers["authorization"].startswith(f"Bearer {TOKEN}-")
        sent = json.loads(request.body)
        assert set(sent) == {"instances"}
        rows: list[list[JsonValue]] = sent["instances"]
        return rows

    def reply(self, outputs: Sequence[JsonValue]) -> Answer:
        about = {"deployedModelId": DEPLOYED["id"], "model": MODEL, "modelVersionId": "2"}
        return reply({"predictions": list(outputs), **about, "modelDisplayName": "transit"})

    def unknown(self, request: Request) -> Answer | None:
        return None if request.path == "/token" else error(404, "NOT_FOUND", f"`{SECRET}` does not exist.")

    def throttled(self) -> Answer:
        return error(
            429, "RESOURCE_EXHAUSTED", "Quota exceeded for quota metric 'Online prediction requests'."
        )

    def unauthorised(self) -> Answer:
        return error(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")

    def own_errors(self) -> Mapping[str, OwnError]:
        container = json.dumps({"detail": f"The following exception has occurred: {SECRET}"})
        too_large = "The request size (1857939 bytes) exceeds 1.500MB limit."
        prebuilt = f"Prediction failed: Exception during sklearn prediction: {SECRET}"
        return {
            "a request that is no request": own(400, "INVALID_ARGUMENT", SECRET, BackendRejected),
            "too many bytes": own(400, "FAILED_PRECONDITION", too_large, BackendRejected),
            "rows a prebuilt container fails on": own(400, "FAILED_PRECONDITION", prebuilt, BackendRejected),
            "rows a custom container fails on": own(500, "INTERNAL", container, BackendCrashed),
            "a failure of Google's": own(500, "INTERNAL", "Internal error encountered.", BackendDown),
            "a missing permission": own(403, "PERMISSION_DENIED", SECRET, BackendRefused),
            "an address that Google does not know": OwnError(Answer(404, b"<html>"), BackendRefused),
            "a container that is not there": own(503, "UNAVAILABLE", SECRET, BackendDown),
            "a container that says when it will be": OwnError(
                Answer(503, b"", {"Retry-After": "20"}), BackendThrottled
            ),
            "a model that is too slow": own(504, "DEADLINE_EXCEEDED", SECRET, BackendTimeout),
            "a page of Google's front end": OwnError(Answer(502, b"<html>"), BackendDown),
        }


def error(code: int, status: str, message: str) -> Answer:
    """An error as all Google APIs answer it (AIP-193)."""
    content = {"error": {"code": code, "message": message, "status": status}}
    return Answer(code, json.dumps(content).encode(), {"Content-Type": "application/json; charset=UTF-8"})


def own(code: int, status: str, message: str, expected: type[BackendError]) -> OwnError:
    return OwnError(error(code, status, message), expected)


PLATFORM = Vertex()
