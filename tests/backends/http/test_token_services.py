"""Many rows that wait for one token: what its service's failures are to them, and how often it is asked."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from pydantic import JsonValue

from app.backends.base import Backend
from app.backends.databricks import auth as databricks_auth
from app.backends.registry import open_backend
from app.backends.vertex import auth as vertex_auth
from app.backends.watsonx import auth
from app.core.errors import BackendDown, BackendError, BackendRefused, BackendTimeout
from app.core.hosts import Hosts
from tests.backends.platforms import FEATURES, remote
from tests.support.eventually import TIMEOUT, until
from tests.support.http_stub import Answer, HttpStub, Request, http_stub, reply
from tests.support.looks import revision_of

LOGINS = {"databricks": "/oidc/v1/token", "vertex": "/token", "watsonx": "/icp4d-api/v1/authorize"}


@dataclass
class Service:
    """A platform whose token service answers ``answer``, or its own answer after ``wait``."""

    name: str
    stub: HttpStub
    answer: Answer | None = None
    wait: threading.Event | None = None
    logins: int = 0
    scored: list[Request] = field(default_factory=list)

    def respond(self, request: Request) -> Answer:
        login = request.path == LOGINS[self.name]
        self.logins += login
        if login and self.answer:
            return self.answer
        if other := remote(self.name).other(request):
            return replace(other, wait=self.wait) if login else other
        self.scored.append(request)
        return remote(self.name).reply([1.5])


@pytest.fixture
def patience() -> float:
    """Seconds for a token; a test of a silent service has less."""
    return TIMEOUT


@pytest.fixture(params=LOGINS)
def service(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, patience: float
) -> Iterator[Service]:
    monkeypatch.setattr(databricks_auth, "TIMEOUT", patience)
    monkeypatch.setattr(auth, "TIMEOUT", patience)
    monkeypatch.setattr(vertex_auth, "TOKEN_TIMEOUT", patience)
    with http_stub() as stub:
        service = Service(request.param, stub)
        stub.respond = service.respond
        for name, value in remote(service.name).environment(stub.url, tmp_path).items():
            monkeypatch.setenv(name, value)
        yield service


@pytest.fixture
async def backend(service: Service, tmp_path: Path) -> AsyncIterator[Backend]:
    options: dict[str, JsonValue] = remote(service.name).options(service.stub.url, tmp_path)
    opened = open_backend(
        service.name, options, FEATURES, concurrency=32, hosts=Hosts(f"{service.stub.url}=*")
    )
    yield opened
    await opened.aclose()


async def failures(backend: Backend, calls: int = 32) -> set[type[BaseException]]:
    found = await asyncio.gather(
        *(backend.predict([[1, 2]], TIMEOUT) for _ in range(calls)), return_exceptions=True
    )
    return {type(each) for each in found if isinstance(each, BackendError)}


@pytest.mark.parametrize("status", [500, 502, 504])
async def test_a_service_that_fails_is_an_outage_for_all_who_wait(
    service: Service, backend: Backend, status: int
) -> None:
    service.answer = Answer(status, b"<html>")
    assert await failures(backend) == {BackendDown}
    assert service.logins == 1
    service.answer = None
    assert (await backend.predict([[1, 2]], TIMEOUT)).outputs == [1.5]


@pytest.mark.parametrize("patience", [1.0])
async def test_a_service_that_is_silent_is_an_outage(service: Service, backend: Backend) -> None:
    service.wait = threading.Event()
    assert await failures(backend) == {BackendDown}
    assert service.logins == 1
    service.wait.set()


async def test_a_caller_whose_time_is_over_leaves_the_token_to_the_others(
    service: Service, backend: Backend
) -> None:
    service.wait = threading.Event()
    others = [asyncio.create_task(backend.predict([[1, 2]], TIMEOUT)) for _ in range(8)]
    with pytest.raises(BackendTimeout):
        await backend.predict([[1, 2]], 0.3)
    service.wait.set()
    assert [answer.outputs for answer in await asyncio.gather(*others)] == [[1.5]] * 8
    assert service.logins == 1


async def test_the_first_caller_may_be_the_one_whose_time_is_over(service: Service, backend: Backend) -> None:
    service.wait = threading.Event()
    first = asyncio.create_task(backend.predict([[1, 2]], 0.3))
    await until(lambda: service.logins == 1)
    second = asyncio.create_task(backend.predict([[1, 2]], TIMEOUT))
    with pytest.raises(BackendTimeout):
        await first
    service.wait.set()
    assert (await second).outputs == [1.5]
    assert service.logins == 1


@pytest.mark.parametrize("status", [400, 401, 403])
async def test_what_is_wrong_is_not_tried_again_and_again(
    service: Service, backend: Backend, status: int
) -> None:
    service.answer = replace(reply({"error": "invalid_client", "error_description": "no"}), status=status)
    for _ in range(3):
        assert await failures(backend) == {BackendRefused}
        with pytest.raises(BackendRefused):
            await revision_of(backend)
    assert service.logins == 1
    assert not service.scored
