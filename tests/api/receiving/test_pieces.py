"""How long a body may take: as long as it goes on coming."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from starlette.requests import Request
from starlette.types import Message

from app.api.receiving import pieces as receiving
from app.core.errors import RequestTimeout
from app.core.settings import Settings
from tests.support.app import client_of, running_app

PATIENCE = 0.2


def request(*parts: tuple[float, int]) -> Request:
    """A body whose parts come after so many seconds each, and have so many bytes; then nothing more comes."""
    left = list(parts)

    async def receive() -> Message:
        if not left:
            await asyncio.Event().wait()
        seconds, size = left.pop(0)
        await asyncio.sleep(seconds)
        return {"type": "http.request", "body": b"x" * size, "more_body": size > 0}

    return Request({"type": "http"}, receive)


async def read(sent: Request, *, busy: float = 0) -> int:
    size = 0
    async for piece in receiving.pieces(sent, PATIENCE):
        await asyncio.sleep(busy)
        size += len(piece)
    return size


async def test_a_body_may_take_long_as_long_as_it_comes() -> None:
    parts = [(0.12, receiving.PIECE)] * 4
    assert await read(request(*parts, (0, 0))) == 4 * receiving.PIECE


@pytest.mark.parametrize("parts", [[], [(0.0, 10)], [(0.06, 1)] * 20, [(0.0, receiving.PIECE - 1), (9.0, 1)]])
async def test_one_that_does_not_is_given_up(parts: list[tuple[float, int]]) -> None:
    with pytest.raises(RequestTimeout, match=r"65536 bytes of it came within 0\.2 seconds"):
        await read(request(*parts))


async def test_the_time_that_we_take_is_not_the_callers() -> None:
    assert await read(request((0, 1), (0, 1), (0, 0)), busy=2 * PATIENCE) == 2


async def drops() -> AsyncIterator[bytes]:
    yield b"{"
    while True:
        await asyncio.sleep(PATIENCE / 10)
        yield b" "


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/records/a"),
        ("POST", "/records"),
        ("POST", "/predict"),
        ("POST", "/records/import?format=csv"),
    ],
)
async def test_every_route_gives_a_trickle_up(settings: Settings, method: str, path: str) -> None:
    impatient = settings.model_copy(update={"receive_timeout": PATIENCE})
    async with running_app(impatient) as app, client_of(app) as client:
        answer = await client.request(
            method, path, content=drops(), headers={"Content-Type": "application/json"}
        )
        assert (answer.status_code, answer.headers["Connection"]) == (408, "close")
        assert answer.json()["type"].endswith(":request-timeout")
        assert (await client.get("/records")).json()["items"] == []
