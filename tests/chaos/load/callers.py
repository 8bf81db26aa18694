"""Callers: at a steady rate, whatever becomes of the calls before, or each after its last."""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import quantiles

import aiohttp
from pydantic import JsonValue

PATIENCE = aiohttp.ClientTimeout(total=60)


@dataclass(frozen=True)
class Called:
    """``status`` 0: no answer; ``retry_after`` as it was sent."""

    status: int
    seconds: float
    retry_after: str | None = None


@dataclass(frozen=True)
class Callers:
    session: aiohttp.ClientSession
    url: str

    async def get(self, path: str) -> Called:
        return await self._ask("GET", path)

    async def post(self, path: str, body: JsonValue = None) -> Called:
        return await self._ask("POST", path, body)

    async def _ask(self, method: str, path: str, body: JsonValue = None) -> Called:
        began = time.monotonic()
        try:
            async with self.session.request(method, f"{self.url}{path}", json=body) as answer:
                await answer.read()
                retry_after = answer.headers.get("Retry-After")
                return Called(answer.status, time.monotonic() - began, retry_after)
        except (aiohttp.ClientError, TimeoutError):
            return Called(0, time.monotonic() - began)

    async def steadily(self, paths: Iterable[str], *, rate: float) -> list[Called]:
        """So many calls a second, each when it is due."""
        begin, calls = time.monotonic(), list[asyncio.Task[Called]]()
        for number, path in enumerate(paths):
            await asyncio.sleep(max(0, begin + number / rate - time.monotonic()))
            calls.append(asyncio.create_task(self.post(path)))
        return await asyncio.gather(*calls)

    async def in_turn(self, paths: Iterable[str], *, callers: int) -> list[Called]:
        """As fast as so many callers get their answers."""
        left = iter(paths)

        async def call() -> list[Called]:
            return [await self.post(path) for path in left]

        return [one for calls in await asyncio.gather(*(call() for _ in range(callers))) for one in calls]


def session() -> aiohttp.ClientSession:
    """With as many connections as it takes."""
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=PATIENCE)


def p99(calls: Iterable[Called]) -> float:
    """Seconds."""
    return quantiles([call.seconds for call in calls], n=100)[98]
