"""The announcement, and what follows it; the whole service is tests/cli/test_serve.py's."""

import asyncio
import os
import signal
from collections.abc import Iterator
from types import FrameType

import pytest

from app.core.shutdown import announced_shutdown
from tests.support.eventually import TIMEOUT


class Server:
    """What a server does with its signals."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.ended = asyncio.Event()

    def announce(self) -> None:
        self.told.append("announced")

    def end(self, _number: int, _frame: FrameType | None) -> None:
        self.told.append("ended")
        self.ended.set()


@pytest.fixture
def before() -> Iterator[None]:
    handler = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, handler)


@pytest.mark.usefixtures("before")
async def test_it_ends_by_itself_after_the_delay() -> None:
    server = Server()
    signal.signal(signal.SIGTERM, server.end)
    with announced_shutdown(server.announce, 0.05):
        os.kill(os.getpid(), signal.SIGTERM)
        assert server.told == ["announced"]
        await asyncio.wait_for(server.ended.wait(), TIMEOUT)
    assert server.told == ["announced", "ended"]
    assert signal.getsignal(signal.SIGTERM) == server.end


@pytest.mark.usefixtures("before")
async def test_a_second_signal_does_not_wait() -> None:
    server = Server()
    signal.signal(signal.SIGTERM, server.end)
    with announced_shutdown(server.announce, 3600):
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)
        assert server.told == ["announced", "ended"]
