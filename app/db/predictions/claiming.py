"""Claims for the batches of many callers at once: two statements of a miss.

All that is given to one of them is of one ``pipeline_version``, that of the process, of one record prefix,
and explained or not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from app.db.direct import Direct, Statement
from app.db.predictions.cache import EXPLAINED, KNOWN, YOUNG, CachedPrediction, prediction_of
from app.db.predictions.claims import Lease
from app.db.predictions.scope import Scope
from app.schemas.hosting.deployments import InService


@dataclass(frozen=True)
class Claiming:
    """Contents that a batch asks to compute."""

    scope: Scope
    hashes: Sequence[str]
    lease: Lease


@dataclass(frozen=True)
class Seen:
    """What was there when contents had been claimed: what is in service, and by content what had landed."""

    in_service: InService
    entries: Mapping[str, CachedPrediction]


# Sorted, so that two processes that claim the same contents cannot deadlock. A claim may be taken when its
# lease has passed, when its failure may be tried again, when its owner's process is gone and so its beacon is
# free, or when it is the owner's own: whoever claims again had not heard that it had got it.
CLAIM = Statement("""
    insert into content_claims as held
        (content_hash, model_version_id, pipeline_version, epoch, owner, beacon, lease_until)
    select content_hash, model_version_id, :pipeline_version, epoch, owner, beacon,
           clock_timestamp() + make_interval(secs => :seconds)
    from unnest(cast(:content_hashes as text[]), cast(:version_ids as bigint[]), cast(:epochs as bigint[]),
                cast(:owners as uuid[]), cast(:beacons as bigint[]))
        as wanted (content_hash, model_version_id, epoch, owner, beacon)
    order by content_hash, model_version_id, epoch
    on conflict (content_hash, model_version_id, pipeline_version, epoch) do update
    set owner = excluded.owner, beacon = excluded.beacon, lease_until = excluded.lease_until,
        error = null, retry_at = null
    where case when held.error is not null then held.retry_at < clock_timestamp()
               else held.owner = excluded.owner or held.lease_until < clock_timestamp()
                    or pg_try_advisory_xact_lock(held.beacon) end
    returning content_hash, owner
""")


# A row for each version, and for each content that has landed, perhaps for another record.
def _look_again(condition: str) -> Statement:
    return Statement(f"""
    with version as materialized (
        select asked.number, version.id, version.epoch, version.revisions, version.deployed
        from unnest(cast(:version_ids as bigint[])) with ordinality as asked (id, number)
        join model_versions version on version.id = asked.id
    )
    select number, null as content_hash, epoch, revisions, cast(deployed as text) as deployed,
           null as id, null as record_id, null as output, null as revision, null as computed_at, null as age
    from version
    union all
    select version.number, wanted.content_hash, null, null, null,
           prediction.id, prediction.record_id, cast(prediction.output as text),
           prediction.revision, prediction.computed_at,
           date_part('epoch', now() - prediction.computed_at)
    from unnest(cast(:content_hashes as text[]), cast(:numbers as bigint[])) as wanted (content_hash, number)
    join version on version.number = wanted.number
    cross join {prediction_of("wanted.content_hash", "version.revisions", condition)}
""")


LOOK_AGAIN = _look_again(f"{YOUNG} and {KNOWN}")
LOOK_AGAIN_EXPLAINED = _look_again(f"{YOUNG} and {KNOWN} and {EXPLAINED}")


class _SeenRow(NamedTuple):
    number: int
    content_hash: str | None
    epoch: int
    revisions: Sequence[str]
    deployed: str
    id: int
    record_id: str
    output: str
    revision: str
    computed_at: datetime
    age: float


async def claim(direct: Direct, batches: Sequence[Claiming]) -> list[set[str]]:
    """For each batch the contents that are its own now.

    A content that two of them want is not the second one's.
    """
    keys: dict[tuple[Scope, str], Lease] = {}
    for batch in batches:
        for content_hash in batch.hashes:
            keys.setdefault((batch.scope, content_hash), batch.lease)
    leases = keys.values()
    values: dict[str, object] = {
        "pipeline_version": batches[0].scope.claimed_under,
        "seconds": batches[0].lease.seconds,
        "content_hashes": [content_hash for _, content_hash in keys],
        "version_ids": [scope.model_version_id for scope, _ in keys],
        "epochs": [scope.epoch for scope, _ in keys],
        "owners": [lease.owner for lease in leases],
        "beacons": [lease.beacon for lease in leases],
    }
    rows = await direct.fetch(CLAIM, values, binding=batches[0].scope.binding)
    taken: dict[UUID, set[str]] = {batch.lease.owner: set() for batch in batches}
    for content_hash, owner in rows:
        taken[owner].add(content_hash)
    return [taken[batch.lease.owner] for batch in batches]


async def look_again(
    direct: Direct, claimed: Sequence[tuple[Scope, Sequence[str]]], *, ttl: float | None
) -> list[Seen | None]:
    """For each scope what is there of its contents; None where the version was deleted. ``ttl`` is in
    seconds."""
    scope = claimed[0][0]
    values: dict[str, object] = {
        "pipeline_version": scope.pipeline_version,
        "record_prefix": scope.record_prefix,
        "ttl": ttl,
        "version_ids": [scope.model_version_id for scope, _ in claimed],
        "content_hashes": [one for _, hashes in claimed for one in hashes],
        "numbers": [number for number, (_, hashes) in enumerate(claimed, 1) for _ in hashes],
    }
    statement = LOOK_AGAIN_EXPLAINED if scope.explained else LOOK_AGAIN
    in_service: dict[int, InService] = {}
    entries: dict[int, dict[str, CachedPrediction]] = {}
    for row in map(_SeenRow._make, await direct.fetch(statement, values, binding=scope.binding)):
        if row.content_hash is None:
            in_service[row.number] = InService.of_json(row.epoch, row.revisions, row.deployed)
        else:
            found = CachedPrediction(
                row.id, row.record_id, row.output, row.revision, row.computed_at, row.age
            )
            entries.setdefault(row.number, {})[row.content_hash] = found
    return [
        Seen(in_service[number], entries.get(number, {})) if number in in_service else None
        for number in range(1, len(claimed) + 1)
    ]
