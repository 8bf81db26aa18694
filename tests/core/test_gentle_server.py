"""A server that ends answers whoever has reached it.

What clients do is done between two steps of the server's loop, so that it has not read it when it ends.
"""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import uvicorn
from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.core.shutdown import GentleServer, PatientProtocol
from tests.support.eventually import TIMEOUT, until

REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


async def application(_scope: Scope, _receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    headers = [(b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers, "trailers": False})
    await send({"type": "http.response.body", "body": b"ok", "more_body": False})


async def started(kind: type[uvicorn.Server], protocol: type[asyncio.Protocol]) -> uvicorn.Server:
    config = uvicorn.Config(application, port=0, http=protocol, lifespan="off", log_config=None)
    config.load()
    server = kind(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    return server


@pytest.fixture
async def server() -> uvicorn.Server:
    return await started(GentleServer, PatientProtocol)


@pytest.fixture
def clients() -> Iterator[ExitStack]:
    with ExitStack() as clients:
        yield clients


def connect(server: uvicorn.Server, clients: ExitStack) -> socket.socket:
    """The system makes the connection, whether or not the server has taken it."""
    address = server.servers[0].sockets[0].getsockname()[:2]
    return clients.enter_context(socket.create_connection(address))


async def answer(client: socket.socket) -> bytes:
    client.setblocking(False)
    async with asyncio.timeout(TIMEOUT):
        return await asyncio.get_running_loop().sock_recv(client, 1000)


async def test_who_was_not_taken_yet_is_answered(server: uvicorn.Server, clients: ExitStack) -> None:
    waiting = [connect(server, clients) for _ in range(5)]
    for one in waiting:
        one.send(REQUEST)
    ending = asyncio.create_task(server.shutdown())
    for one in waiting:
        assert (await answer(one)).startswith(b"HTTP/1.1 200 OK")
    await ending


async def test_what_was_not_read_yet_is_answered(server: uvicorn.Server, clients: ExitStack) -> None:
    client = connect(server, clients)
    client.send(REQUEST)
    assert await answer(client)
    client.send(REQUEST)
    ending = asyncio.create_task(server.shutdown())
    assert (await answer(client)).startswith(b"HTTP/1.1 200 OK")
    await ending


async def test_who_has_just_come_may_ask(server: uvicorn.Server, clients: ExitStack) -> None:
    asking, silent = connect(server, clients), connect(server, clients)
    await until(lambda: len(server.server_state.connections) == 2)
    ending = asyncio.create_task(server.shutdown())
    await asyncio.sleep(0)
    asking.send(REQUEST)
    assert (await answer(asking)).startswith(b"HTTP/1.1 200 OK")
    await ending
    assert await answer(silent) == b""


async def test_who_is_idle_is_sent_away_and_nobody_else_let_in(
    server: uvicorn.Server, clients: ExitStack
) -> None:
    client = connect(server, clients)
    client.send(REQUEST)
    assert await answer(client)
    address = client.getpeername()
    await server.shutdown()
    assert await answer(client) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)


async def test_uvicorn_alone_does_not_so(clients: ExitStack) -> None:
    """Once it does, what we add to it can go."""
    server = await started(uvicorn.Server, HttpToolsProtocol)
    client = connect(server, clients)
    client.send(REQUEST)
    ending = asyncio.create_task(server.shutdown())
    with pytest.raises(ConnectionResetError):
        await answer(client)
    await ending
