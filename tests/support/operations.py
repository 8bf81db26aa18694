"""Operations, as a worker does them."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from sqlalchemy import text

from app.db.engine import Sessions
from app.services.operations import operator, pauses
from app.services.operations.operator import Operator
from app.services.runtime import Runtime
from tests.support.eventually import TIMEOUT

_OPEN = text("select count(*) from operations where state in ('queued', 'running')")


@contextmanager
def quick() -> Iterator[None]:
    """Workers that look more often."""
    with patch.object(operator, "TICK", 0.02), patch.object(pauses, "FIRST_LOOK", 0.05):
        yield


async def open_ones(sessions: Sessions) -> int:
    async with sessions() as session:
        return int(await session.scalar(_OPEN) or 0)


async def operate(runtime: Runtime) -> None:
    """Do all that are open, to their end."""
    if not await open_ones(runtime.sessions):
        return
    with quick():
        one = Operator(runtime)
        one.begin()
        async with asyncio.timeout(TIMEOUT):
            while await open_ones(runtime.sessions):  # noqa: ASYNC110 - a database's state
                await asyncio.sleep(0.02)
        await one.aclose()
