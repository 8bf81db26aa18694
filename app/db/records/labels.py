"""Queries on labels."""

from datetime import datetime

from pydantic import JsonValue
from sqlalchemy import Row, bindparam, delete, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import DateTime, Text

from app.db.tables import LabelRow

UPSERT = (
    text("""
    insert into labels (record_id, value, observed_at)
    select input_objects.id, :value, coalesce(
        :observed_at,
        (select observed_at from labels where record_id = input_objects.id and value = :value),
        now()
    )
    from input_objects where id = :record_id for key share
    on conflict (record_id) do update set value = excluded.value, observed_at = excluded.observed_at
    returning value, observed_at
""")
    .bindparams(
        bindparam("record_id", type_=Text()),
        bindparam("value", type_=JSONB()),
        bindparam("observed_at", type_=DateTime(timezone=True)),
    )
    .columns(value=JSONB(), observed_at=DateTime(timezone=True))
)


async def upsert(
    session: AsyncSession, record_id: str, value: JsonValue, observed_at: datetime | None
) -> Row[JsonValue, datetime] | None:
    """The label as it now stands, or None if there is no such record.

    Without ``observed_at`` the same value keeps its time, so that saying a truth twice changes nothing.
    The record is locked against deletion, so that it cannot go between the look and the insert.
    """
    arguments = {"record_id": record_id, "value": value, "observed_at": observed_at}
    return (await session.execute(UPSERT, arguments)).one_or_none()


async def remove(session: AsyncSession, record_id: str) -> bool:
    """Whether there was a label to delete."""
    gone = delete(LabelRow).where(LabelRow.record_id == record_id).returning(LabelRow.record_id)
    return (await session.scalars(gone)).one_or_none() is not None
