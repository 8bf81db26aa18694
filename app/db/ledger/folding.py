"""Tallies that were added one by one, made into one for each minute, and later for each hour."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.server.patience import patient
from app.db.tables.ledger import AS_NOTED, OF_A_MINUTE, OF_AN_HOUR

# What is added late, of a minute that was folded, becomes another row of it. Nobody waits for this: what it
# touches is of times that are over.
_FOLD = """
    with taken as (
        delete from {table}
        where grain = any(cast(:finer as smallint[])) and at < {until}
        returning {keys}, at, {sums}
    )
    insert into {table} (at, grain, {keys}, {sums})
    select date_trunc(:span, at, 'UTC'), :grain, {keys}, {added}
    from taken group by date_trunc(:span, at, 'UTC'), {keys}
"""
_TABLES = {
    "inference_tallies": (("model_version_id", "upto"), ("rows", "copies", "calls", "call_seconds")),
    "answer_tallies": (("model_version_id", "origin", "outcome", "cause", "upto"), ("answers",)),
}
_MINUTES = "date_trunc('minute', now())"
_HOURS = "date_trunc('hour', now() - interval '2 hours', 'UTC')"
"""The last two hours are shown by the minute."""


def _statement(table: str, until: str) -> str:
    keys, sums = _TABLES[table]
    added = ", ".join(f"sum({name})" for name in sums)
    return _FOLD.format(table=table, until=until, keys=", ".join(keys), sums=", ".join(sums), added=added)


_STATEMENTS = [
    (text(_statement(table, until)), {"finer": finer, "grain": grain, "span": span})
    for table in _TABLES
    for until, finer, grain, span in (
        (_MINUTES, [AS_NOTED], OF_A_MINUTE, "minute"),
        (_HOURS, [AS_NOTED, OF_A_MINUTE], OF_AN_HOUR, "hour"),
    )
]


async def fold(session: AsyncSession) -> None:
    """Make one row of those that are alike, of minutes that are over, and of hours that ended long ago."""
    for statement, values in _STATEMENTS:
        await session.execute(patient(statement), values)
