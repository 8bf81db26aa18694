"""Tallies that were added one by one, made into one for each minute, and later for each hour and day."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.server.patience import patient
from app.db.tables.ledger import AS_NOTED, FOLDED_NOTE, OF_A_DAY, OF_A_MINUTE, OF_AN_HOUR

# What is added late, of a minute that was folded, becomes another row of it. Nobody waits for this: what it
# touches is of times that are over.
_FOLD = """
    with taken as (
        delete from {table}
        where grain = any(cast(:finer as smallint[])) and at < {until}
        returning {keys}, at, {sums}{also}
    ){beside}
    insert into {table} (at, grain, {keys}, {sums})
    select date_trunc(:span, at, 'UTC'), :grain, {keys}, {added}
    from taken group by date_trunc(:span, at, 'UTC'), {keys}
"""
# A process that was cut off while it noted something notes it again once it is back, when it may be folded.
_NOTES = f""", folded as (
        insert into answer_tallies (at, grain, origin, outcome, cause, upto, answers, note, line)
        select min(at), {FOLDED_NOTE}, '', '', '', 0, 0, note, 1
        from taken where note is not null group by note
    )
"""
_FORGET = text(f"""
    delete from answer_tallies where grain = {FOLDED_NOTE} and at < now() - interval '1 day'
""")
_TABLES = {
    "inference_tallies": (("model_version_id", "upto"), ("rows", "copies", "calls", "call_seconds")),
    "answer_tallies": (("model_version_id", "origin", "outcome", "cause", "upto"), ("answers",)),
}
_MINUTES = "date_trunc('minute', now())"
_HOURS = "date_trunc('hour', now() - interval '2 hours', 'UTC')"
"""The last hour is shown by the minute."""
_DAYS = "date_trunc('day', now() - interval '8 days', 'UTC')"
"""The last week is shown by hours."""


def _statement(table: str, until: str) -> str:
    keys, sums = _TABLES[table]
    added = ", ".join(f"sum({name})" for name in sums)
    also, beside = (", note", _NOTES) if table == "answer_tallies" else ("", "")
    lists = {"keys": ", ".join(keys), "sums": ", ".join(sums), "added": added}
    return _FOLD.format(table=table, until=until, also=also, beside=beside, **lists)


_STATEMENTS = [
    (text(_statement(table, until)), {"finer": finer, "grain": grain, "span": span})
    for table in _TABLES
    for until, finer, grain, span in (
        (_MINUTES, [AS_NOTED], OF_A_MINUTE, "minute"),
        (_HOURS, [AS_NOTED, OF_A_MINUTE], OF_AN_HOUR, "hour"),
        (_DAYS, [AS_NOTED, OF_A_MINUTE, OF_AN_HOUR], OF_A_DAY, "day"),
    )
]


async def fold(session: AsyncSession) -> None:
    """Make one row of those that are alike, of minutes that are over, and of hours and days long ago."""
    for statement, values in _STATEMENTS:
        await session.execute(patient(statement), values)
    await session.execute(patient(_FORGET))
