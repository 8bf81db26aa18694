"""Calls in threads: how many at once, what is given up, and that a process ends without it."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from app.services.failures.threads import NotBegun, Threads
from tests.support.eventually import TIMEOUT, until


@pytest.fixture
def may_end() -> Iterator[threading.Event]:
    """Set in the end, so that no thread outlives its test."""
    event = threading.Event()
    yield event
    event.set()


def soon() -> float:
    return asyncio.get_running_loop().time() + 0.05


async def test_a_call_returns_raises_and_sees_its_context() -> None:
    threads = Threads("test", at_once=2, slow=60, most=2)
    assert await threads.run(lambda: 3) == 3
    with pytest.raises(ZeroDivisionError):
        await threads.run(lambda: 1 // 0)
    with pytest.raises(RuntimeError, match="StopIteration"):
        await threads.run(lambda: next(iter(())))


async def test_no_more_at_once_than_may_be() -> None:
    threads = Threads("test", at_once=3, slow=60, most=100)
    inside, most = [0], [0]

    def work() -> None:
        with lock:
            inside[0] += 1
            most[0] = max(inside[0], most[0])
        threading.Event().wait(0.01)
        with lock:
            inside[0] -= 1

    lock = threading.Lock()
    await asyncio.wait_for(asyncio.gather(*(threads.run(work) for _ in range(30))), TIMEOUT)
    assert most == [3]


async def test_others_take_the_place_of_what_hangs(may_end: threading.Event) -> None:
    threads = Threads("test", at_once=2, slow=0.02, most=100)
    hung = [asyncio.create_task(threads.run(may_end.wait)) for _ in range(10)]
    assert await asyncio.wait_for(threads.run(lambda: 3), TIMEOUT) == 3
    assert not any(one.done() for one in hung)
    may_end.set()
    await asyncio.gather(*hung)
    await until(lambda: threads._threads <= threads._at_once + 1)


async def test_a_thread_that_another_takes_is_not_the_last(may_end: threading.Event) -> None:
    """Whoever finds room has a thread started; the one that has waited longer is served by it, and hangs."""
    threads = Threads("test", at_once=1, slow=0.3, most=100)
    hung = []
    for pause in (0.2, 0.2):  # the second still waits when the first has become slow
        hung.append(asyncio.create_task(threads.run(may_end.wait)))
        await asyncio.sleep(pause)
    assert await asyncio.wait_for(threads.run(lambda: 3), TIMEOUT) == 3
    may_end.set()
    await asyncio.gather(*hung)


async def test_what_does_not_end_in_time_is_given_up(may_end: threading.Event) -> None:
    threads = Threads("test", at_once=2, slow=60, most=1)
    with pytest.raises(TimeoutError) as caught:
        await threads.run(may_end.wait, until=soon())
    assert not isinstance(caught.value, NotBegun)
    with pytest.raises(NotBegun):  # there may be no other
        await threads.run(lambda: 3, until=soon())
    may_end.set()
    assert await asyncio.wait_for(threads.run(lambda: 3), TIMEOUT) == 3


HANGING = """
import asyncio, time
from app.services.failures.threads import Threads

async def main():
    task = asyncio.create_task(Threads("test", at_once=1, slow=1, most=1).run(lambda: time.sleep(10**6)))
    await asyncio.sleep(0.05)

asyncio.run(main())
"""


def test_a_process_ends_without_what_hangs() -> None:
    subprocess.run([sys.executable, "-c", HANGING], check=True, timeout=TIMEOUT)
