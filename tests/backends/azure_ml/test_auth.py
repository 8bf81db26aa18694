"""Tokens of Entra ID for Azure ML: Microsoft's own library against a tenant on this machine."""

import asyncio
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import azure.core.exceptions
import azure.identity
import pytest
from azure.core.credentials import AccessToken
from pydantic import JsonValue
from structlog.typing import EventDict

from app.backends.base import Backend
from app.backends.registry import open_backend
from app.core.errors import BackendDown, BackendError, BackendRefused
from app.core.hosts import Hosts
from app.schemas.rows import Row
from tests.backends.platforms import FEATURES, SECRET
from tests.platforms.azure_ml.entra import Tenant, running_tenant
from tests.support.eventually import TIMEOUT, until
from tests.support.http_stub import Answer, HttpStub, Request, http_stub, reply
from tests.support.looks import revision_of

ROWS: list[Row] = [[1, 0.5], [2, None]]


@pytest.fixture
def stub() -> Iterator[HttpStub]:
    with http_stub() as server:
        yield server


@pytest.fixture
def tenant(tmp_path: Path, stub: HttpStub, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tenant]:
    """A tenant whose valid tokens are those that the endpoint takes."""
    with running_tenant(tmp_path) as running:

        def respond(request: Request) -> Answer:
            allowed = request.headers["authorization"].removeprefix("Bearer ") in running.valid
            return reply([1.5, 2.5]) if allowed else Answer(401)

        stub.respond = respond
        for name, value in running.environment().items():
            monkeypatch.setenv(name, value)
        yield running


def open_azure(stub: HttpStub, **more: JsonValue) -> Backend:
    options: dict[str, JsonValue] = {"scoring_url": f"{stub.url}/score", "instance_discovery": False, **more}
    hosts = Hosts(f"http://127.0.0.1:{stub.server_port}=*")
    return open_backend("azure_ml", options, FEATURES, concurrency=4, hosts=hosts)


@pytest.fixture
async def backend(stub: HttpStub) -> AsyncIterator[Backend]:
    opened = open_azure(stub)
    yield opened
    await opened.aclose()


async def test_one_token_serves_many_calls(backend: Backend, tenant: Tenant) -> None:
    for _ in range(3):
        assert (await backend.predict(ROWS, TIMEOUT)).outputs == [1.5, 2.5]
    await revision_of(backend)
    assert tenant.scopes == ["https://ml.azure.com/.default"]


async def test_a_token_that_was_revoked_is_replaced(backend: Backend, tenant: Tenant, stub: HttpStub) -> None:
    await backend.predict(ROWS, TIMEOUT)
    tenant.valid.clear()
    assert (await backend.predict(ROWS, TIMEOUT)).outputs == [1.5, 2.5]
    assert len(tenant.scopes) == 2
    assert len(stub.requests) == 3


async def test_a_token_that_has_ended_is_replaced(backend: Backend, tenant: Tenant, stub: HttpStub) -> None:
    tenant.lifetime = 0
    await backend.predict(ROWS, TIMEOUT)
    await backend.predict(ROWS, TIMEOUT)
    assert len({request.headers["authorization"] for request in stub.requests}) == len(stub.requests) == 2


async def test_an_identity_that_may_not_score(backend: Backend, tenant: Tenant, stub: HttpStub) -> None:
    stub.respond = lambda request: Answer(401)
    with pytest.raises(BackendRefused):
        await backend.predict(ROWS, TIMEOUT)
    assert len(stub.requests) == 2


async def test_a_client_secret_that_is_wrong(
    backend: Backend,
    tenant: Tenant,
    stub: HttpStub,
    monkeypatch: pytest.MonkeyPatch,
    logs: list[EventDict],
) -> None:
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "wrong")
    with pytest.raises(BackendRefused) as caught:
        await backend.predict(ROWS, TIMEOUT)
    assert "AADSTS" not in caught.value.detail
    assert any("AADSTS7000215" in str(line) for line in logs)
    assert not stub.requests


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AZURE_TOKEN_CREDENTIALS", "none"),
        ("AZURE_AUTHORITY_HOST", "http://127.0.0.1"),
        ("AZURE_TENANT_ID", "a b"),
        ("AZURE_CLIENT_SECRET", ""),
    ],
)
async def test_settings_of_the_identity_that_are_wrong(
    backend: Backend, tenant: Tenant, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(BackendRefused):
        await backend.predict(ROWS, TIMEOUT)


def vendor_errors() -> list[type[Exception]]:
    modules = (azure.core.exceptions, azure.identity)
    found = [value for module in modules for value in vars(module).values() if isinstance(value, type)]
    return [kind for kind in found if issubclass(kind, Exception)]


def meaning(kind: type[Exception]) -> type[BackendError]:
    network = (azure.core.exceptions.ServiceRequestError, azure.core.exceptions.ServiceResponseError)
    return BackendDown if issubclass(kind, network) else BackendRefused


@pytest.mark.parametrize("kind", vendor_errors(), ids=lambda kind: kind.__name__)
async def test_every_error_of_the_library_is_ours(
    backend: Backend, monkeypatch: pytest.MonkeyPatch, kind: type[Exception]
) -> None:
    told = type("Told", (kind,), {"__init__": lambda self: None, "__str__": lambda self: SECRET})

    def get_token(*_: object) -> None:
        raise told()

    monkeypatch.setattr(azure.identity.DefaultAzureCredential, "get_token", get_token)
    with pytest.raises(BackendError) as caught:
        await backend.predict(ROWS, TIMEOUT)
    assert type(caught.value) is meaning(kind)
    assert SECRET not in caught.value.detail


async def test_the_loop_goes_on_while_a_token_is_fetched(
    backend: Backend, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, go_on = threading.Event(), threading.Event()
    get_token = azure.identity.DefaultAzureCredential.get_token

    def slow(credential: azure.identity.DefaultAzureCredential, scope: str) -> AccessToken:
        asked.set()
        assert go_on.wait(5)
        return get_token(credential, scope)

    monkeypatch.setattr(azure.identity.DefaultAzureCredential, "get_token", slow)
    call = asyncio.create_task(backend.predict(ROWS, TIMEOUT))
    await until(asked.is_set)
    go_on.set()
    assert (await call).outputs == [1.5, 2.5]


def test_without_azure_identity(stub: HttpStub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "azure.identity", None)
    monkeypatch.setenv("AZURE_ML_KEY", "a-key")
    open_azure(stub, key_env="AZURE_ML_KEY")  # a key needs none
    with pytest.raises(BackendRefused, match=r"requirements-azure\.txt"):
        open_azure(stub)
