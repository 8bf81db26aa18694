"""Operations as workers take them: each by one worker until it is due again, whatever becomes of that one.

The table is their queue. What a worker notes counts only as long as no other has taken it since.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, cast
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import BigInteger, Text, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.predictions.scope import Scope


class TakenOperation(NamedTuple):
    """An operation that a worker has taken, in the columns of the statement.

    ``ticket`` None: it is still to be sent. ``waited`` is in seconds since it was sent, or asked for.
    """

    id: int
    version_id: int
    record_id: str
    content_hash: str
    pipeline_version: str
    epoch: int
    record_prefix: str
    submits: bool
    refresh: bool
    attempts: int
    ticket: Mapping[str, JsonValue] | None
    submitted_epoch: int | None
    created_at: datetime
    waited: float
    is_over: bool
    """Its time is over."""

    @property
    def scope(self) -> Scope:
        return Scope(self.version_id, self.pipeline_version, self.epoch, self.record_prefix)


_IDS = bindparam("ids", type_=ARRAY(BigInteger()))
_OPEN = "state in ('queued', 'running')"
_MINE = f"id = any(:ids) and owner = :owner and {_OPEN}"

_TAKE = text(f"""
    with due as (
        select id from operations
        where {_OPEN} and due_at <= now() and submits = :submits and pipeline_version = :pipeline_version
        order by due_at limit :most
        for update skip locked
    )
    update operations set owner = :owner, due_at = now() + make_interval(secs => :lease), state = 'running',
        attempts = attempts + case when ticket is null then 1 else 0 end
    where id = any(array(select id from due))
    returning id, model_version_id, record_id, content_hash, pipeline_version, epoch, record_prefix,
        submits, refresh, attempts, ticket, submitted_epoch, created_at,
        extract(epoch from now() - coalesce(submitted_at, created_at))::float8, expires_at <= now()
""").columns(ticket=JSONB())

_PAYLOADS = (
    text("select id, payload from operations where id = any(:ids)").bindparams(_IDS).columns(payload=JSONB())
)
_PUT_OFF = text(f"""
    update operations set due_at = now() + make_interval(secs => :seconds) where {_MINE} returning id
""").bindparams(_IDS)
_NOTE = text(f"""
    update operations set ticket = :ticket, submitted_at = now(), submitted_epoch = :epoch,
        due_at = now() + make_interval(secs => :pause), expires_at = now() + make_interval(secs => :patience)
    where {_MINE} and ticket is null returning id
""").bindparams(_IDS, bindparam("ticket", type_=JSONB()))
_HOLD = text(f"select id from operations where {_MINE} for update").bindparams(_IDS)
_END = text(f"""
    update operations set state = :state, payload = null, finished_at = now(), prediction_id = :prediction_id,
        error = :error, retry_at = now() + make_interval(secs => cast(:hold as float8))
    where id = any(:ids) and {_OPEN} returning id
""").bindparams(
    _IDS,
    bindparam("prediction_id", type_=BigInteger()),
    bindparam("error", type_=JSONB(none_as_null=True)),
)
_EXPIRE = text(f"""
    update operations set state = 'failed', payload = null, finished_at = now(), error = :error
    where id = any(array(
        select id from operations
        where {_OPEN} and pipeline_version <> :pipeline_version and expires_at < now()
        for update skip locked
    )) returning id
""").bindparams(bindparam("error", type_=JSONB()))
_DROP = text(f"""
    update operations set state = 'failed', payload = null, finished_at = now(), error = :error
    where record_id = any(:record_ids) and {_OPEN}
""").bindparams(bindparam("record_ids", type_=ARRAY(Text())), bindparam("error", type_=JSONB()))
_FORGET = text("""
    delete from operations where id = any(array(
        select id from operations where finished_at < now() - make_interval(days => :days)
        order by finished_at limit :batch
    )) returning id
""")


async def take(
    session: AsyncSession, owner: UUID, pipeline_version: str, *, submits: bool, most: int, lease: float
) -> list[TakenOperation]:
    """Up to so many that are due, of those that the platform takes or of the others: nobody else gets them
    for ``lease`` seconds. Only what the same code was asked for: it is to finish what it began."""
    wanted = {
        "owner": owner,
        "pipeline_version": pipeline_version,
        "submits": submits,
        "most": most,
        "lease": lease,
    }
    return [TakenOperation(*row) for row in await session.execute(_TAKE, wanted)]


async def payloads(session: AsyncSession, ids: Sequence[int]) -> dict[int, JsonValue]:
    """The inputs of operations; null where it has ended."""
    rows = (await session.execute(_PAYLOADS, {"ids": list(ids)})).all()
    return {number: cast(JsonValue, payload) for number, payload in rows}


async def put_off(session: AsyncSession, owner: UUID, ids: Sequence[int], seconds: float) -> set[int]:
    """Have these taken by nobody for so long; those that are still the worker's."""
    values = {"owner": owner, "ids": list(ids), "seconds": seconds}
    return set(await session.scalars(_PUT_OFF, values))


async def note_ticket(
    session: AsyncSession,
    owner: UUID,
    operation_id: int,
    ticket: Mapping[str, JsonValue],
    *,
    epoch: int,
    pause: float,
    patience: float,
) -> bool:
    """That the platform has it, for ``patience`` seconds, and is asked for the answer after the ``pause``.
    False where another worker has it by now."""
    values = {"owner": owner, "ids": [operation_id], "ticket": dict(ticket)}
    more = {"epoch": epoch, "pause": pause, "patience": patience}
    return await session.scalar(_NOTE, values | more) is not None


async def hold(session: AsyncSession, owner: UUID, operation_id: int) -> bool:
    """Keep it until the transaction ends; False where it has ended, or is another worker's."""
    return await session.scalar(_HOLD, {"owner": owner, "ids": [operation_id]}) is not None


async def end(session: AsyncSession, operation_id: int, prediction_id: int) -> bool:
    """That it is done, unless it has ended."""
    values = {"state": "done", "prediction_id": prediction_id, "error": None, "hold": None}
    return await session.scalar(_END, values | {"ids": [operation_id]}) is not None


async def fail(session: AsyncSession, operation_id: int, error: Mapping[str, JsonValue], hold: float) -> bool:
    """That it has failed, unless it has ended. For ``hold`` seconds the failure is shared with who asks for
    the same."""
    values = {"state": "failed", "prediction_id": None, "error": dict(error), "hold": hold}
    return await session.scalar(_END, values | {"ids": [operation_id]}) is not None


async def expire_others(
    session: AsyncSession, pipeline_version: str, error: Mapping[str, JsonValue]
) -> Sequence[int]:
    """End those of other code whose time is over: no worker of theirs was there to do it."""
    values = {"pipeline_version": pipeline_version, "error": dict(error)}
    return (await session.scalars(_EXPIRE, values)).all()


async def drop_inputs(
    session: AsyncSession, record_ids: Sequence[str], error: Mapping[str, JsonValue]
) -> None:
    """End those whose records are deleted: nothing of these is kept for what comes of them."""
    await session.execute(_DROP, {"record_ids": list(record_ids), "error": dict(error)})


async def forget(session: AsyncSession, *, days: int, batch: int) -> int:
    """Delete at most ``batch`` that ended so long ago; how many there were."""
    return len((await session.scalars(_FORGET, {"days": days, "batch": batch})).all())
