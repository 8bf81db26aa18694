"""Waiting for others who wait: two transactions are made to meet without a clock."""

import asyncio

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from tests.support.eventually import TIMEOUT

_WAITING = text("""
    select count(*) from pg_locks where not granted and pg_backend_pid() = any(pg_blocking_pids(pid))
""")


async def until_it_is_waited_for(holder: AsyncConnection | AsyncSession) -> None:
    """Return once somebody waits for what this transaction has locked."""
    async with asyncio.timeout(TIMEOUT):
        while not await holder.scalar(_WAITING):  # noqa: ASYNC110 - what is waited for is in Postgres
            await asyncio.sleep(0.01)
