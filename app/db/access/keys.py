"""Queries on the keys of callers."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Date, Row, cast, exists, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.direct import Direct, Statement
from app.db.tables.limits import KeyInferencesRow
from app.db.tables.serving import ApiKeyRow


class HeldKey(NamedTuple):
    """A key that is valid now; ``seconds_left`` until it expires, None if it does not."""

    id: int
    name: str
    key_hash: str
    scopes: list[str]
    models: list[str] | None
    record_prefix: str
    requests_per_second: float | None
    inferences_per_day: int | None
    seconds_left: float | None


# Of one row at least: whether there is any key at all, revoked and expired ones too.
_FIND = Statement("""
    select exists (select from api_keys) as any_made,
           held.id, held.name, held.key_hash, held.scopes, held.models, held.record_prefix,
           held.requests_per_second, held.inferences_per_day,
           cast(date_part('epoch', held.expires_at - now()) as float8) as seconds_left
    from (select) one
    left join (
        select * from api_keys
        where key_hash = any(cast(:hashes as text[]))
          and revoked_at is null and (expires_at is null or expires_at > now())
    ) held on true
""")
# Of many replicas each says so; a row is written once a minute at most.
_NOTE_USE = Statement("""
    update api_keys set last_used_at = now()
    where id in (
        select id from api_keys where id = any(cast(:ids as bigint[]))
          and (last_used_at is null or last_used_at < now() - interval '1 minute')
        order by id for update skip locked
    )
    returning id
""")


async def find(direct: Direct, hashes: Sequence[str]) -> tuple[bool, list[HeldKey]]:
    """Whether any key was ever made, and those with one of these hashes that are valid now."""
    rows = await direct.fetch(_FIND, {"hashes": list(hashes)})
    found = [HeldKey(*[*row][1:]) for row in rows if row["id"] is not None]
    return rows[0]["any_made"], found


async def note_use(direct: Direct, ids: Sequence[int]) -> None:
    await direct.fetch(_NOTE_USE, {"ids": list(ids)})


async def lock(session: AsyncSession) -> None:
    """Let one transaction at a time make keys."""
    await session.execute(select(func.pg_advisory_xact_lock(1768842094)))


async def any_made(session: AsyncSession) -> bool:
    return bool(await session.scalar(select(exists(select(ApiKeyRow.id)))))


async def add(session: AsyncSession, values: Mapping[str, object], valid_for: timedelta | None) -> int | None:
    """The new row's id; None where the name is taken."""
    expires_at = None if valid_for is None else func.now() + valid_for
    statement = insert(ApiKeyRow).values(**values, expires_at=expires_at)
    statement = statement.on_conflict_do_nothing(index_elements=["name"])
    return await session.scalar(statement.returning(ApiKeyRow.id))


async def get(session: AsyncSession, key_id: int) -> ApiKeyRow:
    """One that was made: they are never deleted."""
    return await session.get_one(ApiKeyRow, key_id)


async def every(session: AsyncSession) -> Sequence[Row[ApiKeyRow, int | None]]:
    """All by name, with the inferences of today that were counted for them, if any were."""
    used = KeyInferencesRow
    today = cast(func.timezone("UTC", func.now()), Date())
    counted = (used.key_id == ApiKeyRow.id) & (used.day == today)
    query = select(ApiKeyRow, used.inferences).outerjoin(used, counted).order_by(ApiKeyRow.name)
    return (await session.execute(query)).all()


async def revoke(session: AsyncSession, name: str) -> datetime | None:
    """When it was revoked, now or before; None if there is no such key."""
    at = func.coalesce(ApiKeyRow.revoked_at, func.now())
    statement = update(ApiKeyRow).where(ApiKeyRow.name == name).values(revoked_at=at)
    return await session.scalar(statement.returning(ApiKeyRow.revoked_at))
