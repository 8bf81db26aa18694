"""Queries on the keys under which requests were done."""

from pydantic import JsonValue
from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.tables import IdempotencyKeyRow
from app.schemas.access.callers import CURRENT

KEPT = text("now() - interval '24 hours'")
# The first number is any that nothing else in the database uses for such locks.
_TRY_LOCK = text("select pg_try_advisory_xact_lock(1768842093, hashtext(:key))")


async def try_lock(session: AsyncSession, key: str) -> bool:
    """Whether the session's transaction has the key for itself, until it ends."""
    return bool(await session.scalar(_TRY_LOCK, {"key": key}))


async def find(session: AsyncSession, key: str) -> IdempotencyKeyRow | None:
    row = IdempotencyKeyRow
    return await session.scalar(select(row).where(row.key == key, row.created_at > KEPT))


async def keep(session: AsyncSession, key: str, fingerprint: str, reply: JsonValue) -> None:
    """Note what was answered, in place of what the key stood for more than a day ago."""
    whose = CURRENT.get().binding._asdict()
    values = {"fingerprint": fingerprint, "reply": reply, "created_at": func.now(), **whose}
    statement = insert(IdempotencyKeyRow).values(key=key, **values)
    await session.execute(statement.on_conflict_do_update(index_elements=["key"], set_=values))


async def forget(session: AsyncSession) -> None:
    """Delete the keys that are older than they are kept."""
    await session.execute(delete(IdempotencyKeyRow).where(IdempotencyKeyRow.created_at <= KEPT))
