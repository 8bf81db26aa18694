"""What happens between SIGTERM and the end."""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def announced_shutdown(announce: Callable[[], None], delay: float) -> Iterator[None]:
    """On SIGTERM ``announce``, and let the server's own handler end it ``delay`` seconds later.

    A server stops listening when it is told to end, so nobody could ask it any more whether it is ready. A
    second signal ends it at once. Needs a running loop.
    """
    server = signal.getsignal(signal.SIGTERM)
    if threading.current_thread() is not threading.main_thread() or not callable(server):
        yield  # nobody handles signals here
        return
    loop = asyncio.get_running_loop()

    def begin(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, server)
        announce()
        loop.call_soon_threadsafe(loop.call_later, delay, server, number, frame)

    signal.signal(signal.SIGTERM, begin)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, server)
