"""A hosting platform that counts what it infers, by row, and fails as it is told."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvloop

UNAVAILABLE = (503, b'{"Message":"down"}', b"x-amzn-errortype: ServiceUnavailable\r\n")
NOT_TOLD = (400, b'{"__type":"AccessDeniedException"}', b"")


class Platform:
    """Endpoints of one feature. The answer to x is ten times x, and the last digit of the endpoint's name.

    All of it may be changed by another thread while the server runs in its own.
    """

    def __init__(self) -> None:
        self.port = 0
        self.seconds = 0.0
        """How long an inference takes."""
        self.down: frozenset[str] = frozenset()
        """Endpoints that answer 503."""
        self.inferred: Counter[tuple[str, str]] = Counter()
        """Inferences by endpoint and row."""
        self.calls: Counter[str] = Counter()
        """Calls by endpoint, failed ones too."""
        self.refused: list[tuple[str, float]] = []
        """The endpoints of calls that were answered 503, and when, by time.monotonic."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def answer(self, path: str, body: bytes) -> tuple[int, bytes, bytes]:
        if not path.endswith("/invocations"):
            return NOT_TOLD
        name = path.split("/")[2]
        self.calls[name] += 1
        if name in self.down:
            self.refused.append((name, time.monotonic()))
            return UNAVAILABLE
        rows = body.decode().splitlines()
        for row in rows:
            self.inferred[name, row] += 1
        if self.seconds:
            await asyncio.sleep(self.seconds)
        outputs = "\n".join(str(10 * int(float(row)) + int(name[-1])) for row in rows)
        return 200, outputs.encode(), b"Content-Type: text/csv\r\n"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.decode("latin-1").split("\r\n")
                headers = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                status, content, more = await self.answer(lines[0].split(" ")[1], body)
                writer.write(b"HTTP/1.1 %d -\r\nContent-Length: %d\r\n%s\r\n" % (status, len(content), more))
                writer.write(content)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@contextmanager
def running_platform() -> Iterator[Platform]:
    """It serves in a thread with a loop of its own."""
    platform, ready = Platform(), threading.Event()
    ends: list[Callable[[], object]] = []

    async def run() -> None:
        end, loop = asyncio.Event(), asyncio.get_running_loop()
        ends.append(lambda: loop.call_soon_threadsafe(end.set))
        server = await asyncio.start_server(platform.serve, "127.0.0.1", 0)
        platform.port = server.sockets[0].getsockname()[1]
        ready.set()
        await end.wait()  # connections end with the loop's tasks
        server.close()

    thread = threading.Thread(target=lambda: uvloop.run(run()), daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield platform
    finally:
        ends[0]()
        thread.join()


def options(name: str, **more: object) -> dict[str, object]:
    """Those of a version on an endpoint."""
    return {"endpoint_name": name, **more}
