"""A reverse proxy in small, with what nginx does by default: kept connections, and the next upstream for a
request that could not be sent, but never for a POST that may have been."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web

from tests.chaos.load.callers import PATIENCE

KEPT_FOR = 60
"""Seconds, as nginx keeps idle connections."""
OF_ONE_CONNECTION = ("connection", "keep-alive", "transfer-encoding", "content-length")


class Proxy:
    """``upstreams`` may change at any time; requests go to each in turn."""

    def __init__(self, client: aiohttp.ClientSession) -> None:
        self.url = ""
        self.upstreams: list[str] = []
        self._client, self._turn = client, 0

    async def pass_on(self, request: web.Request) -> web.Response:
        body = await request.read()
        for _ in range(len(self.upstreams)):
            self._turn += 1
            url = self.upstreams[self._turn % len(self.upstreams)]
            try:
                async with self._client.request(request.method, url + request.raw_path, data=body) as answer:
                    given = answer.headers.items()
                    headers = {name: value for name, value in given if name.lower() not in OF_ONE_CONNECTION}
                    return web.Response(status=answer.status, body=await answer.read(), headers=headers)
            except aiohttp.ClientConnectorError:
                continue  # nothing was sent
            except aiohttp.ClientError:
                return web.Response(status=502)
        return web.Response(status=502)


@asynccontextmanager
async def proxy() -> AsyncIterator[Proxy]:
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=KEPT_FOR)
    async with aiohttp.ClientSession(connector=connector, timeout=PATIENCE) as client:
        proxy = Proxy(client)
        app = web.Application()
        app.router.add_route("*", "/{rest:.*}", proxy.pass_on)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        proxy.url = f"http://{host}:{port}"
        yield proxy
        await runner.cleanup()
