"""The records of a window of time, and their truths."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pydantic import JsonValue
from sqlalchemy import Boolean, ColumnElement, DateTime, Row, and_, case, cast, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.tables import InputObjectRow, LabelRow

OBSERVED_AT = "observed_at"
"""The time of the truth, where it is not a field of the input that a window goes by."""


EARLIEST, LATEST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)
"""What Python can hold in every time zone; Postgres also reads `infinity` and years BC."""


@dataclass(frozen=True)
class Window:
    """Which records: by a timestamp field of the input or OBSERVED_AT, ``until`` excluded, and by values.

    A record without a time that can be read is in no window.
    """

    time_field: str
    since: datetime | None = None
    until: datetime | None = None
    where: Mapping[str, JsonValue] = field(default_factory=dict)

    @property
    def time(self) -> ColumnElement[datetime]:
        if self.time_field == OBSERVED_AT:
            return LabelRow.observed_at.expression
        text = InputObjectRow.payload.op("->>")(self.time_field)
        # Of a record from before the field held times a cast would raise, and end the whole query.
        is_time = func.pg_input_is_valid(text, "timestamptz")
        return case((is_time, cast(text, DateTime(timezone=True))))

    @property
    def condition(self) -> ColumnElement[bool]:
        since, until = self.since or EARLIEST, self.until or LATEST
        conditions = [self.time >= since, self.time < until]
        if self.where:
            conditions.append(InputObjectRow.payload.op("@>", return_type=Boolean())(dict(self.where)))
        return and_(*conditions)


async def count(session: AsyncSession, window: Window) -> tuple[int, int]:
    """How many records the window has, and how many of them have a truth."""
    query = (
        select(func.count(), func.count(LabelRow.record_id))
        .select_from(InputObjectRow)
        .outerjoin(LabelRow, LabelRow.record_id == InputObjectRow.id)
        .where(window.condition)
    )
    row = (await session.execute(query)).one()
    return row[0], row[1]


async def records(
    session: AsyncSession, window: Window, *, after: str, limit: int
) -> Sequence[Row[str, JsonValue, datetime]]:
    """At most ``limit`` records with ids after ``after``, with a truth or without: id, payload, time."""
    query = (
        select(InputObjectRow.id, InputObjectRow.payload, window.time)
        .outerjoin(LabelRow, LabelRow.record_id == InputObjectRow.id)
        .where(window.condition, InputObjectRow.id > after)
        .order_by(InputObjectRow.id)
        .limit(limit)
    )
    return (await session.execute(query)).all()


async def labelled(
    session: AsyncSession, window: Window, *, after: str, limit: int
) -> Sequence[Row[str, JsonValue, JsonValue, datetime]]:
    """At most ``limit`` records with a truth and ids after ``after``: id, payload, truth, time."""
    query = (
        select(InputObjectRow.id, InputObjectRow.payload, LabelRow.value, window.time)
        .join(LabelRow, LabelRow.record_id == InputObjectRow.id)
        .where(window.condition, InputObjectRow.id > after)
        .order_by(InputObjectRow.id)
        .limit(limit)
    )
    return (await session.execute(query)).all()
