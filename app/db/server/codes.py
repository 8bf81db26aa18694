"""On which users' code the processes run that live: each holds a shared advisory lock with a number of it.

The locks go with their processes, so that what is found is how it is now.
"""

from zlib import crc32

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.server.connecting import Connection

CODE = 1768842095
"""The first number of these locks; the second is made of the pipeline version."""
_HOLD = "select pg_advisory_lock_shared($1::int, $2::int)"
_HELD = text("""
    select distinct objid::bigint from pg_locks
    where locktype = 'advisory' and objsubid = 2 and classid = cast(:code as bigint)::oid
        and database = (select oid from pg_database where datname = current_database())
""")


async def hold(connection: Connection, pipeline_version: str) -> None:
    """Tell it for as long as the connection lasts."""
    await connection.execute(_HOLD, CODE, _signed(_number(pipeline_version)))


async def is_another(session: AsyncSession, pipeline_version: str) -> bool:
    """Whether processes live, and all of them on other code."""
    held = set((await session.execute(_HELD, {"code": CODE})).scalars())
    return bool(held) and _number(pipeline_version) not in held


def _number(pipeline_version: str) -> int:
    return crc32(pipeline_version.encode())


def _signed(number: int) -> int:
    """As a Postgres integer that is the same bits."""
    return number - 2**32 if number >= 2**31 else number
