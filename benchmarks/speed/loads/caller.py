"""Our own load, raw HTTP: ``python -m benchmarks.speed.loads.caller FILE --port 8000 --callers 32``.

Each line of the file is a path, or a path, a tab and a JSON body. One line of JSON says what came of it.
"""

import argparse
import asyncio
import json
import time
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import cast

import uvloop


class Tally:
    """What all callers together have seen. Latencies are in seconds."""

    def __init__(self, requests: Iterator[bytes], ends_at: float) -> None:
        self.requests, self.ends_at = requests, ends_at
        self.latencies: list[float] = []
        self.failures = 0
        self.first_failure = ""

    def next(self) -> bytes | None:
        return next(self.requests, None) if time.perf_counter() < self.ends_at else None

    def failed(self, said: bytes) -> None:
        self.failures += 1
        self.first_failure = self.first_failure or said[:2000].decode(errors="replace")


class Caller(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self, tally: Tally) -> None:
        self._tally, self._buffer, self._length = tally, b"", -1
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by its class
        self._call()

    def _call(self) -> None:
        request = self._tally.next()
        if request is None:
            self._transport.close()
            return
        self._began = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._length < 0:
            self._length = _length(self._buffer)
        if 0 <= self._length <= len(self._buffer):
            self._tally.latencies.append(time.perf_counter() - self._began)
            if not self._buffer.startswith(b"HTTP/1.1 200 "):
                self._tally.failed(self._buffer)
            self._buffer, self._length = b"", -1
            self._call()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._buffer or exc is not None:
            self._tally.failed(self._buffer or repr(exc).encode())
        self.done.set_result(None)


def _length(answer: bytes) -> int:
    """Of head and body; -1 while the head is not whole."""
    head, end, _ = answer.partition(b"\r\n\r\n")
    if not end:
        return -1
    announced = head.lower().partition(b"\r\ncontent-length:")[2].split(b"\r\n")[0]
    return len(head) + len(end) + int(announced or 0)


def encode(line: str, method: str = "POST", key: str = "") -> bytes:
    path, _, body = line.partition("\t")
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    head += f"Authorization: Bearer {key}\r\n" if key else ""
    return f"{head}Content-Length: {len(body.encode())}\r\n\r\n{body}".encode()


async def load(
    requests: list[bytes], port: int, callers: int, seconds: float, *, once: bool
) -> dict[str, float | str]:
    began = time.perf_counter()
    tally = Tally(iter(requests) if once else cycle(requests), began + seconds)
    loop = asyncio.get_running_loop()
    opened = [await loop.create_connection(lambda: Caller(tally), "127.0.0.1", port) for _ in range(callers)]
    await asyncio.gather(*(caller.done for _, caller in opened))
    took, sorted_ms = time.perf_counter() - began, sorted(one * 1000 for one in tally.latencies)
    return {
        "requests": len(sorted_ms),
        "failures": tally.failures,
        "seconds": took,
        "p50": sorted_ms[len(sorted_ms) // 2] if sorted_ms else 0.0,
        "p99": sorted_ms[len(sorted_ms) * 99 // 100] if sorted_ms else 0.0,
        "first_failure": tally.first_failure,
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("file", type=Path)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--callers", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--method", default="POST")
    parser.add_argument("--key", default="")
    parser.add_argument("--once", action="store_true", help="each line at most once, then the end")
    given = parser.parse_args()
    requests = [encode(line, given.method, given.key) for line in given.file.read_text().splitlines()]
    print(json.dumps(uvloop.run(load(requests, given.port, given.callers, given.seconds, once=given.once))))


if __name__ == "__main__":
    main()
