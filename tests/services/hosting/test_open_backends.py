import asyncio
from collections.abc import AsyncIterator

import pytest

from app.backends import registry
from app.core.errors import InvalidInput, Misconfigured
from app.core.hosts import Hosts
from app.schemas.hosting.deployments import Deployment
from app.services.hosting import open_backends
from app.services.hosting.open_backends import OpenBackends
from tests.support import fake_backend
from tests.support.fake_backend import FakeBackend as Fake


@pytest.fixture
async def backends(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[OpenBackends]:
    monkeypatch.setitem(registry.BACKENDS, "fake", fake_backend.__name__)
    monkeypatch.setattr(open_backends, "MAX_OPEN", 2)
    monkeypatch.setattr(Fake, "made", [])
    opened = OpenBackends(4, Hosts())
    yield opened
    await opened.aclose()
    assert all(fake.closed for fake in Fake.made)


def deployment(number: int) -> Deployment:
    return Deployment(number, "m", "1", "fake", {"name": str(number)}, ("a",))


def still_open() -> list[str]:
    return [fake.name for fake in Fake.made if not fake.closed]


async def use(backends: OpenBackends, number: int) -> None:
    async with backends.borrow(deployment(number)) as opened:
        assert isinstance(opened.backend, Fake)
        assert (opened.backend.name, opened.backend.closed) == (str(number), False)
        await asyncio.sleep(0)


async def test_a_backend_is_opened_once_however_many_want_it(backends: OpenBackends) -> None:
    await asyncio.gather(*(use(backends, 1) for _ in range(20)))
    assert len(Fake.made) == 1


async def test_the_longest_unused_is_closed(backends: OpenBackends) -> None:
    for number in (1, 2, 1, 3):
        await use(backends, number)
    assert still_open() == ["1", "3"]
    await use(backends, 2)
    assert still_open() == ["3", "2"]


async def test_what_is_in_use_is_not_closed(backends: OpenBackends) -> None:
    async with backends.borrow(deployment(1)), backends.borrow(deployment(2)):
        await use(backends, 3)
        assert still_open() == ["1", "2"]
        async with backends.borrow(deployment(4)), backends.borrow(deployment(4)):
            assert still_open() == ["1", "2", "4"]
    assert len(still_open()) == 2


async def test_a_failure_to_open_is_told_and_not_kept(backends: OpenBackends) -> None:
    wrong = Deployment(1, "m", "1", "fake", {"nom": "1"}, ("a",))
    with pytest.raises(Misconfigured, match=r"Version '1' of model 'm' can no longer be used\. options\.n"):
        async with backends.borrow(wrong):
            pass
    with pytest.raises(InvalidInput):  # whoever registers it can help it
        await backends.new(wrong)
    await use(backends, 1)
