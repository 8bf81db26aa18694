"""A balancer in small: kept connections, the upstreams that say they are ready, each in turn, and no second
try of a request that may have been sent."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web

from tests.chaos.load.callers import PATIENCE

KEPT_FOR = 60
"""Seconds for which idle connections are kept; less than the service keeps them."""
INTERVAL = 0.2
"""Seconds between two looks at who is ready."""
OF_ONE_CONNECTION = ("connection", "keep-alive", "transfer-encoding", "content-length")


class Proxy:
    """``upstreams`` may change at any time."""

    def __init__(self, client: aiohttp.ClientSession) -> None:
        self.url = ""
        self.upstreams: list[str] = []
        self._ready: list[str] = []
        self._client, self._turn = client, 0

    async def look_forever(self) -> None:
        while True:
            found = [url for url in self.upstreams if await self._is_ready(url)]
            self._ready = found or self._ready
            await asyncio.sleep(INTERVAL)

    async def _is_ready(self, url: str) -> bool:
        try:
            async with self._client.get(f"{url}/health/ready") as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False

    async def pass_on(self, request: web.Request) -> web.Response:
        body, kind = await request.read(), request.headers.get("content-type")
        sent = {"content-type": kind} if kind else {}
        self._turn += 1
        first = self._turn % len(self._ready)
        for url in (*self._ready[first:], *self._ready[:first]):
            try:
                asked = self._client.request(request.method, url + request.raw_path, data=body, headers=sent)
                async with asked as answer:
                    given = answer.headers.items()
                    headers = {name: value for name, value in given if name.lower() not in OF_ONE_CONNECTION}
                    return web.Response(status=answer.status, body=await answer.read(), headers=headers)
            except aiohttp.ClientConnectorError:
                continue  # nothing was sent
            except aiohttp.ClientError:
                return web.Response(status=502)
        return web.Response(status=502)


@asynccontextmanager
async def proxy(upstreams: list[str]) -> AsyncIterator[Proxy]:
    """Before these upstreams, all of them ready."""
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=KEPT_FOR)
    async with aiohttp.ClientSession(connector=connector, timeout=PATIENCE) as client:
        proxy = Proxy(client)
        proxy.upstreams = proxy._ready = upstreams
        app = web.Application()
        app.router.add_route("*", "/{rest:.*}", proxy.pass_on)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        proxy.url = f"http://{host}:{port}"
        looking = asyncio.create_task(proxy.look_forever())
        yield proxy
        looking.cancel()
        await runner.cleanup()
