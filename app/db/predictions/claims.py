"""Who computes a content now. Claims of one call share everything but the content."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import BigInteger, Float, Text, TextualSelect, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.direct import Direct, Statement
from app.db.predictions.cache import (
    ENTRY_COLUMNS,
    EXPLAINED,
    KNOWN,
    NEWEST_ID,
    YOUNG,
    CachedPrediction,
    entry_of,
    prediction_of,
)
from app.db.predictions.scope import Scope
from app.schemas.hosting.deployments import PENDING, InService


@dataclass(frozen=True)
class Lease:
    """One leader's hold on its claims. ``beacon`` is its process's advisory lock, None behind a pooler."""

    owner: UUID
    beacon: int | None
    seconds: float


@dataclass(frozen=True)
class Failure:
    """Why a content could not be computed, and for how many seconds nobody should try again."""

    content_hash: str
    error: Mapping[str, JsonValue]
    hold: float


@dataclass(frozen=True)
class KeyState:
    """Where a content stands: predicted, failed, free to claim, or being computed by ``owner``."""

    content_hash: str
    entry: CachedPrediction | None
    error: Mapping[str, JsonValue] | None
    free: bool
    owner: UUID | None


@dataclass(frozen=True)
class States:
    """Contents by their hashes, what is noted to be in service, and the newest prediction's id or a later."""

    keys: Mapping[str, KeyState]
    in_service: InService
    newest_id: int


_HASHES = bindparam("content_hashes", type_=ARRAY(Text()))


# What another record of the same content was answered will do.
def _states(condition: str) -> TextualSelect:
    return (
        text(f"""
        select wanted.content_hash, {ENTRY_COLUMNS}, held.owner, held.error,
               version.epoch, version.revisions, version.deployed,
               {NEWEST_ID} as newest_id,
               held.owner is null
               or case when held.error is not null then held.retry_at < clock_timestamp()
                       else held.lease_until < clock_timestamp()
                            or coalesce(pg_try_advisory_xact_lock(held.beacon), false) end as free
        from model_versions version
        cross join unnest(:content_hashes) as wanted (content_hash)
        left join {prediction_of("wanted.content_hash", "version.revisions", condition)} on true
        left join lateral (
            select owner, error, retry_at, lease_until, beacon from content_claims
            where model_version_id = version.id and content_hash = wanted.content_hash
              and pipeline_version = :claimed_under and epoch = :epoch
            limit 1
        ) held on true
        where version.id = :model_version_id
    """)
        .bindparams(_HASHES)
        .columns(error=JSONB(), deployed=JSONB())
    )


_STATES = _states(f"{YOUNG} and {KNOWN}")
_EXPLAINED_STATES = _states(f"{YOUNG} and {KNOWN} and {EXPLAINED}")

# What nobody knows who made is nobody's hit, and so not in the index of what is.
_UNKNOWN_TEXT = f"""
        select distinct on (content_hash) prediction.content_hash, {ENTRY_COLUMNS}
        from predictions prediction
        where model_version_id = :model_version_id and id > :after
          and pipeline_version = :pipeline_version and starts_with(revision, '{PENDING}')
          and content_hash = any(:content_hashes) and {KNOWN}
        order by content_hash, id desc
    """
_OF_EXPLAINED = f"and {EXPLAINED.replace('predictions.', 'prediction.')} order by"
_UNKNOWN, _EXPLAINED_UNKNOWN = (
    text(sql).bindparams(_HASHES, bindparam("after", type_=BigInteger()))
    for sql in (_UNKNOWN_TEXT, _UNKNOWN_TEXT.replace("order by", _OF_EXPLAINED))
)

# Whoever changes several claims locks them first, in the order in which they are claimed (claiming.CLAIM): of
# two who want the same ones, one waits for all of them, and neither for the other. The hashes as a subquery's
# array: as a parameter's they would be taken for few, and the table read whole.
_LOCKED = """
    any(array(
        select content_hash from content_claims
        where {of} and content_hash = any(array(select unnest(cast(:content_hashes as text[]))))
        order by content_hash, model_version_id, epoch for update
    ))
"""
_IN_SCOPE = """
    model_version_id = :model_version_id and pipeline_version = :claimed_under and epoch = :epoch
    and not waiting
"""
_MINE = _LOCKED.format(of="owner = :owner")

_WAIT = text(f"""
    update content_claims set waiting = true
    where content_hash = {_LOCKED.format(of=_IN_SCOPE)} and {_IN_SCOPE}
""").bindparams(_HASHES)

# Past the pool, in which it would wait behind callers, until the claim is another's.
RENEW = Statement(f"""
    update content_claims set lease_until = clock_timestamp() + make_interval(secs => :seconds)
    where owner = :owner and error is null and content_hash = {_MINE}
""")

_RELEASE = text(f"""
    delete from content_claims
    where owner = :owner and content_hash = {_MINE}
    returning waiting
""").bindparams(_HASHES)

_FAIL = text(f"""
    update content_claims
    set error = failed.error, retry_at = clock_timestamp() + make_interval(secs => failed.hold)
    from unnest(:content_hashes, :errors, :holds) as failed (content_hash, error, hold)
    where owner = :owner and content_claims.content_hash = failed.content_hash
      and failed.content_hash = {_MINE}
    returning waiting
""").bindparams(
    _HASHES,
    bindparam("errors", type_=ARRAY(JSONB())),
    bindparam("holds", type_=ARRAY(Float())),
)

_PURGE = text("""
    delete from content_claims where ctid = any(array(
        select ctid from content_claims
        where coalesce(retry_at, lease_until) < clock_timestamp() - make_interval(secs => :seconds)
        for update skip locked
    ))
""")


async def wait(session: AsyncSession, scope: Scope, hashes: Sequence[str]) -> None:
    """Have the owners of the claims tell when they are done."""
    await session.execute(_WAIT, _values(scope, hashes))


async def states(
    session: AsyncSession, scope: Scope, hashes: Sequence[str], *, ttl: float | None
) -> States | None:
    """Where contents stand; None if the version was deleted. ``ttl`` is in seconds."""
    values = _values(scope, hashes) | {"ttl": ttl}
    statement = _EXPLAINED_STATES if scope.explained else _STATES
    rows = (await session.execute(statement, values)).mappings().all()
    if not rows:
        return None
    keys = {
        row["content_hash"]: KeyState(
            row["content_hash"],
            entry_of(row),
            cast(dict[str, JsonValue] | None, row["error"]),
            row["free"],
            row["owner"],
        )
        for row in rows
    }
    first = rows[0]
    in_service = InService.of(first["epoch"], first["revisions"], first["deployed"])
    return States(keys, in_service, first["newest_id"])


async def unknown(
    session: AsyncSession, scope: Scope, hashes: Sequence[str], *, after: int
) -> dict[str, CachedPrediction]:
    """Predictions with ids over ``after`` of which nobody knows what made them, by content."""
    values = _values(scope, hashes) | {"after": after}
    statement = _EXPLAINED_UNKNOWN if scope.explained else _UNKNOWN
    rows = (await session.execute(statement, values)).mappings()
    return {row["content_hash"]: entry for row in rows if (entry := entry_of(row)) is not None}


def _values(scope: Scope, hashes: Sequence[str]) -> dict[str, object]:
    return {**vars(scope), "claimed_under": scope.claimed_under, "content_hashes": list(hashes)}


async def renew(direct: Direct, lease: Lease, hashes: Sequence[str]) -> None:
    """Push the lease's end away from now."""
    values = {"owner": lease.owner, "seconds": lease.seconds, "content_hashes": list(hashes)}
    await direct.fetch(RENEW, values)


async def release(session: AsyncSession, lease: Lease, hashes: Sequence[str]) -> bool:
    """Give claims up; whether others waited for any of them."""
    values = {"owner": lease.owner, "content_hashes": list(hashes)}
    return any(await session.scalars(_RELEASE, values))


async def fail(session: AsyncSession, lease: Lease, failures: Sequence[Failure]) -> bool:
    """Leave errors on the claims, so that waiters share them; whether there are any."""
    values = {
        "owner": lease.owner,
        "content_hashes": [failure.content_hash for failure in failures],
        "errors": [dict(failure.error) for failure in failures],
        "holds": [failure.hold for failure in failures],
    }
    return any(await session.scalars(_FAIL, values))


async def purge(session: AsyncSession, *, older_than: float) -> None:
    """Remove claims whose time passed more than ``older_than`` seconds ago."""
    await session.execute(_PURGE, {"seconds": older_than})
