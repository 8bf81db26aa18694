"""A hosting platform that answers whatever does harm, over its own socket, a piece at a time."""

import asyncio
import json
import re
import threading
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress

MEGABYTE = 2**20
INFERS = re.compile(rb"/invocations|:predict|/infer")
Pieces = AsyncIterator[bytes]
CSV, JSON = b"text/csv", b"application/json"


def _head(kind: bytes, *more: bytes, status: bytes = b"200 OK") -> bytes:
    return b"\r\n".join(
        [b"HTTP/1.1 " + status, b"Content-Type: " + kind, *more, b"Connection: close\r\n\r\n"]
    )


def _whole(kind: bytes, body: bytes, *more: bytes, status: bytes = b"200 OK") -> Callable[[], Pieces]:
    async def pieces() -> Pieces:
        yield _head(kind, b"Content-Length: %d" % len(body), *more, status=status) + body

    return pieces


def _many(
    kind: bytes, first: bytes, again: bytes, last: bytes, size: int, **head: bytes
) -> Callable[[], Pieces]:
    """A body of that many bytes, which is made while it is sent."""

    async def pieces() -> Pieces:
        block = again * (MEGABYTE // len(again))
        yield _head(kind, **head) + first
        for _ in range(size // len(block)):
            yield block
        yield last

    return pieces


def _trickling(first: bytes, drop: bytes) -> Callable[[], Pieces]:
    async def pieces() -> Pieces:
        yield first
        while True:
            await asyncio.sleep(0.05)
            yield drop

    return pieces


def _bomb(kind: bytes, first: bytes, again: bytes, megabytes: int) -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    packed = packer.compress(first)
    for _ in range(megabytes):
        packed += packer.compress(again * (MEGABYTE // len(again)))
    return packed + packer.flush()


def predictions(value: str) -> bytes:
    """As every platform here takes it: a list under a name of its own."""
    return b'{"predictions": [%s]}' % value.encode()


GZIP = b"Content-Encoding: gzip"
HOSTILE: dict[str, Callable[[], Pieces]] = {
    "NaN": _whole(JSON, predictions("NaN")),
    "NaN in CSV": _whole(CSV, b"nan"),
    "1e400": _whole(JSON, predictions("1e400")),
    "1e400 in CSV": _whole(CSV, b"1e400"),
    "a number of 5,000 digits": _whole(JSON, predictions("9" * 5000)),
    "a number of 400 digits": _whole(JSON, predictions("9" * 400)),
    "a lone surrogate": _whole(JSON, predictions(r'"\ud800"')),
    "U+0000": _whole(JSON, predictions(r'"a\u0000"')),
    "a page": _whole(b"text/html", b"<html>secret</html>"),
    "a page that is said to be JSON": _whole(JSON, b"<html>secret</html>"),
    "a page that is said to be CSV": _whole(CSV, b"<html>secret</html>"),
    "a picture": _whole(b"image/png", b"\x89PNG\r\n"),
    "an object": _whole(JSON, b'{"a": 1}'),
    "a number": _whole(JSON, b"7"),
    "nothing": _whole(JSON, b""),
    "bytes that are no text": _whole(JSON, b"\xff\xfe\x00"),
    "many rows": _whole(JSON, predictions(", ".join("1" * 1000))),
    "100,000 levels": _whole(JSON, predictions("[" * 100_000 + "]" * 100_000)),
    "40 levels": _whole(JSON, predictions("[" * 40 + "]" * 40)),
    "100 MB": _many(JSON, b'{"predictions": ["', b"a", b'"]}', 100 * MEGABYTE),
    "100 MB of CSV": _many(CSV, b"", b"a", b"", 100 * MEGABYTE),
    "30 MB of small lists": _many(JSON, b'{"predictions": [[', b"[],", b"[]]]}", 30 * MEGABYTE),
    "30 MB of small objects": _many(JSON, b'{"predictions": [[', b'{"a":1},', b"{}]]}", 30 * MEGABYTE),
    "30 MB of small texts": _many(JSON, b'{"predictions": [[', b'"ab",', b'""]]}', 30 * MEGABYTE),
    "30 MB of cells": _many(CSV, b"1", b",1", b"", 30 * MEGABYTE),
    "30 MB of lines": _many(CSV, b"1", b"\n1", b"", 30 * MEGABYTE),
    "30 MB of JSON lines": _many(b"application/jsonlines", b"1", b"\n1", b"", 30 * MEGABYTE),
    "as many values as may be": _many(JSON, b'{"predictions": [[', b'{"a":1},', b"{}]]}", 3_900_000),
    "an error of 100 MB": _many(JSON, b"", b"[", b"", 100 * MEGABYTE, status=b"400 Bad Request"),
    "a fault of 100 MB": _many(JSON, b"", b"[],", b"", 100 * MEGABYTE, status=b"500 Oh no"),
    "a gzip bomb": _whole(JSON, _bomb(JSON, b'{"predictions": [', b" ", 1000), GZIP),
    "a bomb in an error": _whole(JSON, _bomb(JSON, b"", b" ", 1000), GZIP, status=b"400 Bad Request"),
    "no gzip": _whole(JSON, predictions("1"), GZIP),
    "a header of 10 MB": _whole(JSON, predictions("1"), b"X: " + b"a" * 10 * MEGABYTE),
    "100,000 headers": _whole(JSON, predictions("1"), *[b"X: y"] * 100_000),
    "two lengths": _whole(JSON, predictions("1"), b"Content-Length: 3"),
    "no HTTP": _trickling(b"SSH-2.0-OpenSSH\r\n", b"x"),
    "a body that trickles": _trickling(_head(JSON, b"Content-Length: 1000000"), b" "),
    "a body without end that trickles": _trickling(_head(JSON) + b'{"predictions": [', b"1,"),
    "a head that trickles": _trickling(b"HTTP/1.1 200 OK\r\nX: ", b"a"),
    "100 Continue for ever": _trickling(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
}
"""Answers by what is wrong with them."""
GOOD = _whole(JSON, predictions("1.5"))


class HostilePlatform:
    """Answers every POST with ``answer``; whatever else is asked, it may not be."""

    def __init__(self) -> None:
        self.answer: Callable[[], Pieces] = GOOD
        self.inferences = 0
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, started: threading.Event, ended: asyncio.Event) -> None:
        server = await asyncio.start_server(self._converse, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        started.set()
        await ended.wait()
        server.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            length = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
            await reader.readexactly(int(length[0].partition(b":")[2]) if length else 0)
            infers = head.startswith(b"POST") and INFERS.search(head.partition(b"\r\n")[0]) is not None
            self.inferences += infers
            async for piece in self.answer() if infers else _forbidden():
                writer.write(piece)
                await writer.drain()
        writer.close()


async def _forbidden() -> Pieces:
    body = json.dumps({"__type": "AccessDeniedException"}).encode()
    more = b"x-amzn-ErrorType: AccessDeniedException", b"Content-Length: %d" % len(body)
    yield _head(JSON, *more, status=b"403 Forbidden") + body


@contextmanager
def hostile_platform() -> Iterator[HostilePlatform]:
    """It runs in a thread of its own."""
    platform, started = HostilePlatform(), threading.Event()
    loop, ended = asyncio.new_event_loop(), asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(platform.serve(started, ended),))
    thread.start()
    started.wait()
    try:
        yield platform
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0.1))
        loop.close()
