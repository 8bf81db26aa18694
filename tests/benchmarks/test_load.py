"""Our own load against a real socket: what it counts."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import cast

from benchmarks.speed.loads.caller import encode, load
from benchmarks.speed.paced_endpoint import Paced

LONG = 60.0
"""Seconds that no load here takes."""
CALL = encode("/endpoints/paced/invocations\t1,2\\n3,4")


class Refusing(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._transport.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone")


class Breaking(Refusing):
    def data_received(self, data: bytes) -> None:
        self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\nhalf")
        self._transport.close()


@asynccontextmanager
async def served(protocol: Callable[[], asyncio.Protocol]) -> AsyncIterator[int]:
    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def test_each_line_is_asked_once() -> None:
    async with served(lambda: Paced(0, 0, None)) as port:
        told = await load([CALL] * 20, port, 4, LONG, once=True)
    assert (told["requests"], told["failures"]) == (20, 0)


async def test_a_refusal_is_a_failure_that_is_told() -> None:
    async with served(Refusing) as port:
        told = await load([CALL] * 6, port, 2, LONG, once=True)
    assert (told["requests"], told["failures"]) == (6, 6)
    assert str(told["first_failure"]).endswith("none")


async def test_an_answer_that_breaks_off_is_a_failure() -> None:
    async with served(Breaking) as port:
        told = await load([CALL], port, 1, LONG, once=True)
    assert (told["requests"], told["failures"]) == (0, 1)
