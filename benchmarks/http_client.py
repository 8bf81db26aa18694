"""CPU of one call to a trivial server, by client, at 32 calls at once. ``python -m benchmarks.http_client``.

Each client calls in turn, round after round, so that what else the machine does meets them all. The CPU is
this process's; the server has its own. First the bare clients, then whole backends.
"""

import asyncio
import multiprocessing
import os
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from multiprocessing.connection import Connection
from unittest.mock import patch

import aiohttp
import httpx
from rich.console import Console
from rich.table import Table

from app.aws import call_config, credentials, sagemaker_runtime_client, session, signed_invocation
from app.backends.registry import open_backend
from app.backends.sagemaker.calls.signing import prepared
from app.core.hosts import Hosts
from app.schemas.rows import Row
from tests.support.aws_stub import aws_environment

AT_ONCE, CALLS, ROUNDS = 32, 960, 5
BODY = b'{"predictions":[0.5]}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (
    len(BODY),
    BODY,
)
REQUEST = b'{"instances":[[40.69,-74.17,41.98,-87.9,1157.5,930,1,11,0.98]]}'
ROW: Row = [40.69, -74.17, 41.98, -87.9, 1157.5, 930, 1, 11, 0.98]
CONFIG = call_config(attempts=1, connect_timeout=5, read_timeout=30, connections=AT_ONCE)
TARGET: Mapping[str, str] = {"EndpointName": "e", "ContentType": "application/json"}
FEATURES = [f"feature_{number}" for number in range(len(ROW))]

Call = Callable[[], Awaitable[object]]


def main() -> None:
    receiver, sender = multiprocessing.Pipe(duplex=False)
    server = multiprocessing.get_context("spawn").Process(target=_serve, args=(sender,), daemon=True)
    server.start()
    url = f"http://127.0.0.1:{receiver.recv()}"
    with patch.dict(os.environ, aws_environment(url)):
        session.cache_clear()
        spent = asyncio.run(_measure(url))
    server.terminate()
    _print(spent)


async def _measure(url: str) -> dict[str, list[float]]:
    """Milliseconds of CPU per call, by client, one figure a round."""
    async with AsyncExitStack() as stack:
        clients = {
            "boto3, in threads": await stack.enter_async_context(_boto3(url)),
            "httpx": await stack.enter_async_context(_httpx(url)),
            "boto3 prepares each call, aiohttp sends": await stack.enter_async_context(_prepared(url)),
            "botocore signs, aiohttp sends": await stack.enter_async_context(_signed(url)),
            "aiohttp": await stack.enter_async_context(_aiohttp(url)),
            "backend sagemaker": await stack.enter_async_context(_backend("sagemaker", url)),
            "backend mlflow": await stack.enter_async_context(_backend("mlflow", url)),
        }
        spent: dict[str, list[float]] = {name: [] for name in clients}
        for number in range(ROUNDS + 1):
            for name, call in clients.items():
                cpu = await _cpu(call)
                if number:  # the first round opens connections
                    spent[name].append(cpu)
    return spent


async def _cpu(call: Call) -> float:
    async def caller() -> None:
        for _ in range(CALLS // AT_ONCE):
            await call()

    before = time.process_time()
    await asyncio.gather(*(caller() for _ in range(AT_ONCE)))
    return (time.process_time() - before) / CALLS * 1000


@asynccontextmanager
async def _boto3(url: str) -> AsyncIterator[Call]:
    client = sagemaker_runtime_client(CONFIG, endpoint_url=url)
    threads, loop = ThreadPoolExecutor(AT_ONCE), asyncio.get_running_loop()

    def invoke() -> bytes:
        answer = client.invoke_endpoint(**TARGET, Body=REQUEST)
        return answer["Body"].read()

    yield lambda: loop.run_in_executor(threads, invoke)
    threads.shutdown()


@asynccontextmanager
async def _httpx(url: str) -> AsyncIterator[Call]:
    limits = httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE)
    headers = {"Content-Type": "application/json"}
    async with httpx.AsyncClient(limits=limits, trust_env=False) as client:
        yield lambda: client.post(url, content=REQUEST, headers=headers)


@asynccontextmanager
async def _aiohttp(url: str) -> AsyncIterator[Call]:
    async with _sender() as send:
        yield lambda: send(url, {"Content-Type": "application/json"})


@asynccontextmanager
async def _prepared(url: str) -> AsyncIterator[Call]:
    client = sagemaker_runtime_client(CONFIG, endpoint_url=url)

    async def call() -> bytes:
        made = prepared(signed_invocation(client, TARGET))
        assert made
        return await send(made.url, {**made.signed, **made.beside})

    async with _sender() as send:
        yield call


@asynccontextmanager
async def _signed(url: str) -> AsyncIterator[Call]:
    made = prepared(signed_invocation(sagemaker_runtime_client(CONFIG, endpoint_url=url), TARGET))
    held = credentials()
    assert made
    assert held
    async with _sender() as send:
        yield lambda: send(made.url, made.headers(REQUEST, held.get_frozen_credentials()))


@asynccontextmanager
async def _sender() -> AsyncIterator[Callable[[str, dict[str, str]], Awaitable[bytes]]]:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=AT_ONCE)) as client:

        async def send(url: str, headers: dict[str, str]) -> bytes:
            async with client.post(url, data=REQUEST, headers=headers) as answer:
                return await answer.read()

        yield send


@asynccontextmanager
async def _backend(name: str, url: str) -> AsyncIterator[Call]:
    options = {
        "sagemaker": {"endpoint_name": "e", "content_type": "application/json", "json_key": "instances"},
        "mlflow": {"url": url},
    }
    hosts = Hosts(url)
    backend = open_backend(name, options[name], FEATURES, concurrency=AT_ONCE, hosts=hosts)
    yield lambda: backend.predict([ROW], 30)
    await backend.aclose()


class _Trivial(asyncio.Protocol):
    """Answers every request the same, whatever it is; a request ends with its body, which is one piece."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._buffer = b""

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, end, body = self._buffer.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
        if end and len(body) >= length:
            self._buffer = b""
            self._transport.write(ANSWER)


def _serve(sender: Connection) -> None:
    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(_Trivial, "127.0.0.1", 0)
        sender.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


def _print(spent: dict[str, list[float]]) -> None:
    boto3 = spent["boto3, in threads"]
    table = Table("client", "CPU per call", "of boto3's, in the same round")
    for name, figures in spent.items():
        ratios = [one / other for one, other in zip(figures, boto3, strict=True)]
        table.add_row(
            name,
            f"{statistics.median(figures):.2f} ms ({min(figures):.2f} to {max(figures):.2f})",
            f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})",
        )
    Console().print(table)


if __name__ == "__main__":
    main()
