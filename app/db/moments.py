"""Points in time on their way to Postgres and back.

asyncpg takes the first and the last moment that Python knows for Postgres' infinities, and gives those back
without a time zone.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import event
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_connection
from sqlalchemy.ext.asyncio import AsyncEngine

EARLIEST, LATEST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
"""The first and the last that can be read."""
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
INFINITIES = {2**63 - 1: LATEST, -(2**63): EARLIEST}


def keep_extremes(engine: AsyncEngine) -> None:
    """Have the engine's connections tell the first and the last moment from infinities."""
    event.listen(engine.sync_engine, "connect", _set_codec)


def _set_codec(connection: AsyncAdapt_asyncpg_connection, _record: object) -> None:
    connection.run_async(
        lambda driver: driver.set_type_codec(
            "timestamptz", schema="pg_catalog", encoder=_encode, decoder=_decode, format="tuple"
        )
    )


def _encode(moment: datetime) -> tuple[int]:
    return ((moment - EPOCH) // MICROSECOND,)


def _decode(sent: tuple[int]) -> datetime:
    """Those that an earlier release stored as infinities come back as they were given.

    A record of such a release may have a time that is before the year 1 or after 9999 in UTC: it becomes the
    nearest that can be read.
    """
    if (infinity := INFINITIES.get(sent[0])) is not None:
        return infinity
    try:
        return EPOCH + timedelta(microseconds=sent[0])
    except OverflowError:
        return EARLIEST if sent[0] < 0 else LATEST
