"""Outages of what gives tokens of Entra ID, which DefaultAzureCredential tells like refusals."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

import azure.identity
import pytest
from azure.core.credentials import AccessToken
from pydantic import JsonValue
from starlette.responses import JSONResponse

from app.backends.azure_ml import auth
from app.backends.azure_ml.transport import WatchedTransport
from app.backends.base import Backend
from app.backends.registry import open_backend
from app.core.errors import BackendDown, BackendError, BackendRefused
from app.core.hosts import Hosts
from app.schemas.rows import Row
from tests.backends.platforms import FEATURES
from tests.platforms.azure_ml.entra import Tenant, running_tenant
from tests.support.eventually import TIMEOUT
from tests.support.http_stub import Answer, HttpStub, http_stub, reply
from tests.support.ports import free_ports

ROWS: list[Row] = [[1, 0.5]]


@pytest.fixture
def stub() -> Iterator[HttpStub]:
    """The endpoint, and the machine's own source of tokens."""
    with http_stub() as server:
        server.respond = lambda request: reply([1.5])
        yield server


@pytest.fixture
def tenant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tenant]:
    monkeypatch.setattr(WatchedTransport, "sleep", lambda *_: None)  # between the library's own tries
    with running_tenant(tmp_path) as running:
        for name, value in running.environment().items():
            monkeypatch.setenv(name, value)
        yield running


@pytest.fixture
async def backend(stub: HttpStub, tenant: Tenant) -> AsyncIterator[Backend]:
    options: dict[str, JsonValue] = {"scoring_url": f"{stub.url}/score", "instance_discovery": False}
    opened = open_backend("azure_ml", options, FEATURES, concurrency=32, hosts=Hosts(f"{stub.url}=*"))
    yield opened
    await opened.aclose()


async def failures(backend: Backend) -> set[type[BaseException]]:
    calls = (backend.predict(ROWS, 30) for _ in range(32))
    found = await asyncio.gather(*calls, return_exceptions=True)
    return {type(each) for each in found if isinstance(each, BackendError)}


@pytest.fixture
def fetches(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The scopes of the tokens that the library was asked for."""
    seen: list[str] = []
    get_token = azure.identity.DefaultAzureCredential.get_token

    def counted(credential: azure.identity.DefaultAzureCredential, scope: str) -> AccessToken:
        seen.append(scope)
        return get_token(credential, scope)

    monkeypatch.setattr(azure.identity.DefaultAzureCredential, "get_token", counted)
    return seen


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_tenant_that_fails_is_an_outage_for_all_who_wait(
    backend: Backend, tenant: Tenant, fetches: list[str], monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(
            tenant, "token", lambda form: JSONResponse({"error": "temporarily_unavailable"}, status)
        )
        assert await failures(backend) == {BackendDown}
    assert len(fetches) == 1
    assert (await backend.predict(ROWS, TIMEOUT)).outputs == [1.5]


async def test_a_tenant_that_is_silent_is_an_outage_and_soon(
    backend: Backend, tenant: Tenant, fetches: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auth, "TOKEN_TIMEOUT", 0.5)
    go_on, asked = threading.Event(), list[str]()

    def token(form: str) -> JSONResponse:
        asked.append(form)
        go_on.wait(TIMEOUT)
        return JSONResponse({})

    monkeypatch.setattr(tenant, "token", token)
    monkeypatch.setattr(ThreadingHTTPServer, "handle_error", lambda *_: None)  # the client has gone
    assert await failures(backend) == {BackendDown}
    assert len(asked) <= 1  # one try; none if the connection alone took too long
    assert len(fetches) == 1
    go_on.set()


async def test_a_tenant_that_is_away_is_an_outage(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_AUTHORITY_HOST", f"127.0.0.1:{free_ports(1)[0]}")
    assert await failures(backend) == {BackendDown}


async def test_a_secret_that_is_wrong_is_tried_once(
    backend: Backend, fetches: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "wrong")
    for _ in range(3):
        assert await failures(backend) == {BackendRefused}
    assert len(fetches) == 1


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer(500, b'{"error": "internal"}', {"Content-Type": "application/json"}), BackendDown),
        (Answer(400, b'{"error": "invalid_request"}', {"Content-Type": "application/json"}), BackendRefused),
        (Answer(reset=True), BackendRefused),  # a machine without one
    ],
)
async def test_the_machines_own_source_of_tokens(
    backend: Backend,
    stub: HttpStub,
    monkeypatch: pytest.MonkeyPatch,
    answer: Answer,
    expected: type[BackendError],
) -> None:
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "ManagedIdentityCredential")
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", stub.url)
    stub.respond = lambda request: answer
    assert await failures(backend) == {expected}
    assert stub.requests
    assert all("/metadata/identity" in request.path for request in stub.requests)
