"""Bodies as they come: who sends nothing, or a byte now and then, does not hold a request for ever."""

import asyncio
from collections.abc import AsyncIterator

from starlette.requests import Request

from app.core.errors import RequestTimeout

PIECE = 65_536
"""Bytes of a body for which a caller has the whole of the patience."""


async def pieces(request: Request, patience: float) -> AsyncIterator[bytes]:
    """The body. RequestTimeout where in ``patience`` seconds neither its end comes nor a PIECE of it.

    Only the time counts that is spent waiting for the caller.
    """
    stream, loop = aiter(request.stream()), asyncio.get_running_loop()
    left, size = patience, 0
    while True:
        begun = loop.time()
        try:
            async with asyncio.timeout(left):
                chunk = await anext(stream, None)
        except TimeoutError as error:
            raise _too_slow(patience) from error
        if chunk is None:
            return
        left, size = left - (loop.time() - begun), size + len(chunk)
        if size >= PIECE:
            left, size = patience, 0
        yield chunk


def _too_slow(patience: float) -> RequestTimeout:
    said = f"Neither the end of the body nor {PIECE} bytes of it came within {patience:g} seconds."
    return RequestTimeout(said, headers={"Connection": "close"})
