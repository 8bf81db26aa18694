"""What happens between SIGTERM and the end."""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from socket import MSG_PEEK, socket
from types import FrameType

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

FIRST_REQUEST = 1.0
"""Seconds that a connection has to send its request, or the rest of it."""


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


class PatientProtocol(HttpToolsProtocol):
    """A connection that is not closed while it may have a request on its way."""

    def shutdown(self) -> None:
        """Close it if it is idle, else with its answer."""
        if self.cycle is None or (self.cycle.response_complete and self._has_sent()):
            self.loop.call_later(FIRST_REQUEST, super().shutdown)
        else:
            super().shutdown()

    def _has_sent(self) -> bool:
        """Whether there is something that was not read yet."""
        with suppress(OSError), self.transport.get_extra_info("socket").dup() as connection:
            return bool(connection.recv(1, MSG_PEEK))
        return False


class GentleServer(uvicorn.Server):
    """One that answers whoever has reached it before its end.

    Uvicorn closes its port and its idle connections at once. The system then resets the connections that it
    had made and nobody had taken yet, and those whose request had come and was not read yet.
    """

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        taken = [one for server in self.servers for one in _closed(server)]
        joining = [asyncio.create_task(self._take(one)) for one in taken]
        await super().shutdown(sockets)
        await asyncio.gather(*joining)

    async def _take(self, connection: socket) -> None:
        with suppress(OSError):  # it is gone
            _, protocol = await asyncio.get_running_loop().connect_accepted_socket(self._protocol, connection)
            protocol.shutdown()

    def _protocol(self) -> PatientProtocol:
        """As for any other connection."""
        return PatientProtocol(self.config, self.server_state, self.lifespan.state)


def _closed(server: asyncio.Server) -> list[socket]:
    """The connections that nobody had taken when it was closed."""
    with suppress(OSError), ExitStack() as stack:
        copies = [stack.enter_context(listening.dup()) for listening in server.sockets]
        server.close()  # the port is open for as long as there are copies
        return [one for copy in copies for one in _waiting(copy)]
    return []


def _waiting(listening: socket) -> Iterator[socket]:
    with suppress(OSError):  # BlockingIOError: nobody any more
        while True:
            yield listening.accept()[0]
