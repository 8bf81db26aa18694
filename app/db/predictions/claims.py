"""Who computes a key now. Keys of one call share everything but the record and its content."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import JSON, BigInteger, Float, Text, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.predictions.cache import CURRENT, ENTRY_COLUMNS, CachedPrediction, Scope, entry_of, prediction_of


@dataclass(frozen=True)
class Lease:
    """One leader's hold on its keys. ``beacon`` is its process's advisory lock, None behind a pooler."""

    owner: UUID
    beacon: int | None
    seconds: float


@dataclass(frozen=True)
class Failure:
    """Why a key could not be computed, and for how many seconds nobody should try again."""

    record_id: str
    slug: str
    detail: str
    hold: float


@dataclass(frozen=True)
class KeyState:
    """Where a key stands: predicted, failed, free to claim, or being computed by ``owner``."""

    record_id: str
    entry: CachedPrediction | None
    error: tuple[str, str] | None
    free: bool
    owner: UUID | None


_KEYS = [bindparam("record_ids", type_=ARRAY(Text())), bindparam("content_hashes", type_=ARRAY(Text()))]

# Sorted, so that two batches over the same records cannot deadlock. A claim may be taken when its lease has
# passed, when its failure may be tried again, when its owner's process is gone and so its beacon is free, or
# when it is the owner's own: whoever claims again had not heard that it had got it.
_CLAIM = text("""
    insert into inference_claims as held
        (record_id, content_hash, model_version_id, pipeline_version, revision, owner, beacon, lease_until)
    select record_id, content_hash, :model_version_id, :pipeline_version, :revision, :owner,
           cast(:beacon as bigint), clock_timestamp() + make_interval(secs => :seconds)
    from unnest(:record_ids, :content_hashes) as wanted (record_id, content_hash)
    order by record_id
    on conflict (record_id, model_version_id, content_hash, pipeline_version, revision) do update
    set owner = excluded.owner, beacon = excluded.beacon, lease_until = excluded.lease_until,
        error = null, retry_at = null
    where case when held.error is not null then held.retry_at < clock_timestamp()
               else held.owner = excluded.owner or held.lease_until < clock_timestamp()
                    or pg_try_advisory_xact_lock(held.beacon) end
    returning record_id
""").bindparams(*_KEYS)

NEW_ENOUGH = f"{CURRENT} and id > wanted.after"

# The version's present revision, not the claim's: a reply may have told that another one is deployed.
_STATES = (
    text(f"""
        select wanted.record_id, {ENTRY_COLUMNS}, held.owner, held.error,
               held.owner is null
               or case when held.error is not null then held.retry_at < clock_timestamp()
                       else held.lease_until < clock_timestamp()
                            or coalesce(pg_try_advisory_xact_lock(held.beacon), false) end as free
        from model_versions version
        cross join unnest(:record_ids, :content_hashes, :after) as wanted (record_id, content_hash, after)
        left join {prediction_of("wanted.content_hash", "version.revision", NEW_ENOUGH)} on true
        left join lateral (
            select owner, error, retry_at, lease_until, beacon from inference_claims
            where record_id = wanted.record_id and model_version_id = version.id
              and content_hash = wanted.content_hash and pipeline_version = :pipeline_version
              and revision = :revision
            limit 1
        ) held on true
        where version.id = :model_version_id
    """)
    .bindparams(*_KEYS, bindparam("after", type_=ARRAY(BigInteger())))
    .columns(output=JSON(), error=JSONB())
)

_RENEW = text("""
    update inference_claims set lease_until = clock_timestamp() + make_interval(secs => :seconds)
    where owner = :owner and error is null and record_id = any(:record_ids)
""").bindparams(_KEYS[0])

# The ids as a subquery's array: as a parameter's they would be taken for few, and the table read whole.
_RELEASE = text("""
    delete from inference_claims where owner = :owner and record_id = any(array(select unnest(:record_ids)))
""").bindparams(_KEYS[0])

_FAIL = text("""
    update inference_claims
    set error = jsonb_build_object('slug', failed.slug, 'detail', failed.detail),
        retry_at = clock_timestamp() + make_interval(secs => failed.hold)
    from unnest(:record_ids, :slugs, :details, :holds) as failed (record_id, slug, detail, hold)
    where owner = :owner and inference_claims.record_id = failed.record_id
""").bindparams(
    _KEYS[0],
    bindparam("slugs", type_=ARRAY(Text())),
    bindparam("details", type_=ARRAY(Text())),
    bindparam("holds", type_=ARRAY(Float())),
)

_NOTIFY = text("select pg_notify('inference_done', cast(:owner as text))")

_PURGE = text("""
    delete from inference_claims
    where coalesce(retry_at, lease_until) < clock_timestamp() - make_interval(secs => :seconds)
""")


async def claim(
    session: AsyncSession, scope: Scope, keys: Sequence[tuple[str, str]], lease: Lease
) -> set[str]:
    """Claim (record id, content hash) keys; the ids of those that are ours now."""
    found = await session.scalars(_CLAIM, _parameters(scope, keys) | _lease(lease))
    return set(found)


async def states(
    session: AsyncSession, scope: Scope, keys: Sequence[tuple[str, str, int]]
) -> dict[str, KeyState]:
    """Where (record id, content hash, after) keys stand; predictions up to the id ``after`` do not count."""
    record_ids, hashes, after = (list(column) for column in zip(*keys, strict=True))
    values = {"record_ids": record_ids, "content_hashes": hashes, "after": after, **vars(scope)}
    found: dict[str, KeyState] = {}
    for row in (await session.execute(_STATES, values)).mappings():
        error = cast(dict[str, str] | None, row["error"])
        failed = (error["slug"], error["detail"]) if error else None
        record_id = row["record_id"]
        found[record_id] = KeyState(record_id, entry_of(row), failed, row["free"], row["owner"])
    return found


async def renew(session: AsyncSession, lease: Lease, record_ids: Sequence[str]) -> None:
    """Push the lease's end away from now."""
    values = {"owner": lease.owner, "seconds": lease.seconds, "record_ids": list(record_ids)}
    await session.execute(_RENEW, values)


async def release(session: AsyncSession, lease: Lease, record_ids: Sequence[str]) -> None:
    """Give claims up."""
    await session.execute(_RELEASE, {"owner": lease.owner, "record_ids": list(record_ids)})


async def fail(session: AsyncSession, lease: Lease, failures: Sequence[Failure]) -> None:
    """Leave errors on the claims, so that waiters share them."""
    values = {
        "owner": lease.owner,
        "record_ids": [failure.record_id for failure in failures],
        "slugs": [failure.slug for failure in failures],
        "details": [failure.detail for failure in failures],
        "holds": [failure.hold for failure in failures],
    }
    await session.execute(_FAIL, values)


async def notify(session: AsyncSession, lease: Lease) -> None:
    """Wake the waiters of this owner once the transaction commits."""
    await session.execute(_NOTIFY, {"owner": str(lease.owner)})


async def purge(session: AsyncSession, *, older_than: float) -> None:
    """Remove claims whose time passed more than ``older_than`` seconds ago."""
    await session.execute(_PURGE, {"seconds": older_than})


def _parameters(scope: Scope, keys: Sequence[tuple[str, str]]) -> dict[str, JsonValue]:
    return {
        "record_ids": [record_id for record_id, _ in keys],
        "content_hashes": [content_hash for _, content_hash in keys],
        "model_version_id": scope.model_version_id,
        "pipeline_version": scope.pipeline_version,
        "revision": scope.revision,
    }


def _lease(lease: Lease) -> dict[str, object]:
    return {"owner": lease.owner, "beacon": lease.beacon, "seconds": lease.seconds}
