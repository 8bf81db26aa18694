"""The records of a window of time, and their truths."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import JsonValue
from sqlalchemy import (
    Boolean,
    ColumnElement,
    DateTime,
    Row,
    Text,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    not_,
    null,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.moments import EARLIEST, LATEST
from app.db.server.patience import patient
from app.db.tables import InputObjectRow, LabelRow

OBSERVED_AT = "observed_at"
"""The time of the truth, where it is not a field of the input that a window goes by."""


MOMENT_WITH_OFFSET = r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d(:?\d\d){0,2})$"
MOMENT_OR_DAY = r"^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?)?$"
"""ISO 8601, as records store times. Postgres reads more: `now`, `infinity`, years BC, and what goes by its
settings."""


@dataclass(frozen=True)
class Window:
    """Which records: by what their ids begin with, by a time field of the input or OBSERVED_AT, ``until``
    excluded, and by values.

    A record that lacks one of the ``required`` fields is unfit, and in no window. One without a time that can
    be read is in those only that have no bounds, unless it is to be put into a bucket of time (``timed``).
    ``model``: only those that it is the own model of, and where it is the default one those without any.
    """

    time_field: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    where: Mapping[str, JsonValue] = field(default_factory=dict)
    required: Sequence[str] = ()
    timed: bool = False
    prefix: str = ""
    model: str | None = None
    is_default: bool = False

    @property
    def time(self) -> ColumnElement[datetime]:
        """A moment without an offset is one of UTC, and a day its midnight, whatever the session's zone."""
        if self.time_field is None:
            return cast(null(), DateTime(timezone=True))
        if self.time_field == OBSERVED_AT:
            return LabelRow.observed_at.expression
        text = InputObjectRow.payload.op("->>", return_type=Text())(self.time_field)
        # Of a record from before the field held times a cast would raise, and end the whole query.
        is_time = func.pg_input_is_valid(text, "timestamptz")
        return case(
            (and_(text.regexp_match(MOMENT_WITH_OFFSET), is_time), cast(text, DateTime(timezone=True))),
            (and_(text.regexp_match(MOMENT_OR_DAY), is_time), func.timezone("UTC", cast(text, DateTime()))),
        )

    @property
    def is_fit(self) -> ColumnElement[bool]:
        """Whether a record has the required fields, if maybe without fitting values."""
        if not self.required:
            return true()
        required = literal(list(self.required), ARRAY(Text()))
        return InputObjectRow.payload.op("?&", return_type=Boolean())(required)

    @property
    def has_values(self) -> ColumnElement[bool]:
        """The id begins with the prefix, and each field is stored with exactly this value; a record that
        lacks the field has none, null neither.

        `@>` would take what merely contains the value: every list for an empty one.
        """
        begins = func.starts_with(InputObjectRow.id, self.prefix) if self.prefix else true()
        return and_(begins, self._is_of_model, *(_has(name, value) for name, value in self.where.items()))

    @property
    def _is_of_model(self) -> ColumnElement[bool]:
        if self.model is None:
            return true()
        own = InputObjectRow.own_model
        return or_(own == self.model, own.is_(None)) if self.is_default else own == self.model

    @property
    def condition(self) -> ColumnElement[bool]:
        return and_(self.has_values, self.is_fit, self.is_in_time(self.time))

    @property
    def needs_time(self) -> bool:
        return self.timed or self.since is not None or self.until is not None

    def is_in_time(self, time: ColumnElement[datetime]) -> ColumnElement[bool]:
        if not self.needs_time:
            return true()
        return _is_between(time, self.since or EARLIEST, self.until)

    def lacks_time(self, time: ColumnElement[datetime]) -> ColumnElement[bool]:
        """Whether a record is left out because its time cannot be read."""
        return not_(_is_between(time, EARLIEST, None)) if self.needs_time else false()


def _has(name: str, value: JsonValue) -> ColumnElement[bool]:
    stored = InputObjectRow.payload.op("->", return_type=JSONB())(literal(name, Text()))
    return stored == literal(value, JSONB())


def _is_between(
    time: ColumnElement[datetime], since: datetime, until: datetime | None
) -> ColumnElement[bool]:
    """Never null: a time that cannot be read is between none."""
    is_before = time <= LATEST if until is None else time < until
    return func.coalesce(and_(time >= since, is_before), False)


@dataclass(frozen=True)
class WindowCounts:
    """Records of a window, those of them with a truth, and those left out: unfit, or without a time."""

    records: int
    labelled: int
    without_time: int
    unfit: int


async def count(session: AsyncSession, window: Window, *, only_labelled: bool = False) -> WindowCounts:
    """How many records the window has and leaves out; with ``only_labelled``, of those left out the ones
    that have a truth.

    An unfit record counts unless its time says that it is not of the window.
    """
    looked_at = (
        select(
            (window.time if window.needs_time else cast(null(), DateTime(timezone=True))).label("time"),
            window.is_fit.label("is_fit"),
            LabelRow.record_id.label("label"),
        )
        .select_from(InputObjectRow)
        .outerjoin(LabelRow, LabelRow.record_id == InputObjectRow.id)
        .where(window.has_values)
        .cte("looked_at")
        .prefix_with("materialized")  # else the time is read anew for each of the counts
    ).c
    is_in, lacks_time = window.is_in_time(looked_at.time), window.lacks_time(looked_at.time)
    counts = looked_at.label.is_not(None) if only_labelled else true()
    query = select(
        func.count().filter(looked_at.is_fit, is_in),
        func.count(looked_at.label).filter(looked_at.is_fit, is_in),
        func.count().filter(looked_at.is_fit, lacks_time, counts),
        func.count().filter(not_(looked_at.is_fit), is_in | lacks_time, counts),
    )
    return WindowCounts(*(await session.execute(patient(query))).one())


async def unfit(session: AsyncSession, window: Window, *, limit: int) -> Sequence[Row[str, JsonValue]]:
    """At most ``limit`` records with the window's values, of any time, that lack a required field: id,
    payload."""
    query = (
        select(InputObjectRow.id, InputObjectRow.payload)
        .where(window.has_values, not_(window.is_fit))
        .order_by(InputObjectRow.id)
        .limit(limit)
    )
    return (await session.execute(patient(query))).all()


async def records(
    session: AsyncSession, window: Window, *, after: str, limit: int
) -> Sequence[Row[str, JsonValue, datetime | None]]:
    """At most ``limit`` records with ids after ``after``, with a truth or without: id, payload, time."""
    query = (
        select(InputObjectRow.id, InputObjectRow.payload, window.time)
        .outerjoin(LabelRow, LabelRow.record_id == InputObjectRow.id)
        .where(window.condition, InputObjectRow.id > after)
        .order_by(InputObjectRow.id)
        .limit(limit)
    )
    return (await session.execute(patient(query))).all()


async def labelled(
    session: AsyncSession, window: Window, *, after: str, limit: int
) -> Sequence[Row[str, JsonValue, JsonValue, datetime | None]]:
    """At most ``limit`` records with a truth and ids after ``after``: id, payload, truth, time."""
    query = (
        select(InputObjectRow.id, InputObjectRow.payload, LabelRow.value, window.time)
        .join(LabelRow, LabelRow.record_id == InputObjectRow.id)
        .where(window.condition, InputObjectRow.id > after)
        .order_by(InputObjectRow.id)
        .limit(limit)
    )
    return (await session.execute(patient(query))).all()
