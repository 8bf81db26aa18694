"""Fixtures of the conformance suite."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from app.aws import session
from app.backends.base import Backend
from tests.backends.bench import Bench
from tests.support.http_stub import HttpStub, http_stub


@pytest.fixture
def stub() -> Iterator[HttpStub]:
    with http_stub() as server:
        yield server


@pytest.fixture
def bench(
    request: pytest.FixtureRequest, stub: HttpStub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Bench]:
    bench = Bench(request.param, stub, tmp_path, [])
    for name, value in bench.remote.environment(stub.url, tmp_path).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))  # where Google's library finds a developer's login
    stub.respond = bench.respond
    session.cache_clear()
    yield bench
    session.cache_clear()


@pytest.fixture
async def backend(bench: Bench) -> AsyncIterator[Backend]:
    opened = bench.open()
    yield opened
    await opened.aclose()
