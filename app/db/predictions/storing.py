"""Predictions of the batches of many callers, stored at once: the last statement of a miss.

All that is given to it is of one ``pipeline_version``, that of the process, and of one record prefix.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from app.db.direct import Direct, Statement
from app.db.engine import dump_json
from app.db.predictions.cache import CachedPrediction
from app.db.predictions.claims import Lease
from app.db.predictions.predictions import NewPrediction, columns
from app.db.predictions.scope import Scope


@dataclass(frozen=True)
class Storing:
    """Rows of a batch, labelled by what was in service at ``epoch``."""

    scope: Scope
    lease: Lease
    epoch: int
    rows: Sequence[NewPrediction]


@dataclass(frozen=True)
class StoredTogether:
    """By batch, what was stored of it, by record; and the owners whose claims others waited for."""

    entries: Sequence[Mapping[str, CachedPrediction]]
    waited_for: Sequence[UUID]


# What a look holds at the moment, or has changed since, is left to the longer way, as is what another row is
# in the way of: see services.predictions.storing. The hashes as a subquery's array: as a parameter's they
# would be taken for few, and the table of claims read whole.
STORE = Statement("""
    with computed as (
        select * from unnest(
            cast(:version_ids as bigint[]), cast(:expected as bigint[]),
            cast(:record_ids as text[]), cast(:content_hashes as text[]), cast(:revisions as text[]),
            cast(:outputs as text[]), cast(:raw_outputs as text[]), cast(:latencies as float8[]),
            cast(:ages as float8[]), cast(:current as boolean[]), cast(:epochs as bigint[]),
            cast(:variants as text[]), cast(:inference_ids as text[]), cast(:positions as integer[]),
            cast(:attributes as text[])
        ) as given (version_id, expected, record_id, content_hash, revision,
                    output, raw_output, latency_ms, age, is_current, epoch, variant,
                    inference_id, inference_position, custom_attributes)
    ), held as (
        select id, epoch from model_versions where id = any(array(select version_id from computed))
        order by id for share skip locked
    ), stored as (
        insert into predictions
            (record_id, content_hash, revision, model_version_id, pipeline_version,
             output, raw_output, latency_ms,
             expires_at, computed_at, superseded_at, epoch, variant,
             inference_id, inference_position, custom_attributes)
        select record_id, content_hash, revision, version_id, :pipeline_version,
               cast(output as json), cast(coalesce(raw_output, output) as json), latency_ms,
               moment + make_interval(secs => cast(:ttl as float8)), moment,
               case when not is_current then now() end, computed.epoch, variant,
               inference_id, inference_position, custom_attributes
        from computed
        join held on held.id = computed.version_id and held.epoch = computed.expected
        cross join lateral (select now() - make_interval(secs => age) as moment) as computing
        order by record_id
        on conflict (content_hash, model_version_id, pipeline_version, record_id, revision)
            where superseded_at is null do nothing
        returning id, content_hash, computed_at
    ), released as (
        delete from content_claims
        where content_hash = any(array(select content_hash from stored))
          and cast(:owners as jsonb) ->> content_hash = cast(owner as text)
        returning owner, waiting
    )
    select content_hash, id, computed_at, null as owner from stored
    union all
    select null, null, null, owner from released where waiting
""")

NOTIFY = Statement("""
    select pg_notify('inference_done', cast(owner as text))
    from unnest(cast(:owners as uuid[])) as done (owner)
""")


class _StoredRow(NamedTuple):
    content_hash: str
    id: int
    computed_at: datetime
    waited_for: UUID | None
    """Null but in rows of their own, which have nothing else."""


async def store(direct: Direct, batches: Sequence[Storing], *, ttl: float | None) -> StoredTogether:
    """Insert predictions and give up their claims, in one transaction. What is left out is to be stored the
    longer way: what is in the way of another row, and what another batch has the content of."""
    each: dict[str, tuple[Storing, NewPrediction]] = {}
    for batch in batches:
        for row in batch.rows:
            each.setdefault(row.content_hash, (batch, row))
    rows = [row for _, row in each.values()]
    outputs = {row.content_hash: dump_json(row.output) for row in rows}
    values: dict[str, object] = {
        **columns(rows, [*outputs.values()]),
        "pipeline_version": batches[0].scope.pipeline_version,
        "ttl": ttl,
        "version_ids": [batch.scope.model_version_id for batch, _ in each.values()],
        "expected": [batch.epoch for batch, _ in each.values()],
        "owners": dump_json({content: str(batch.lease.owner) for content, (batch, _) in each.items()}),
    }
    entries: dict[UUID, dict[str, CachedPrediction]] = {batch.lease.owner: {} for batch in batches}
    waited_for: set[UUID] = set()
    for stored in map(_StoredRow._make, await direct.fetch(STORE, values, binding=batches[0].scope.binding)):
        if stored.waited_for is not None:
            waited_for.add(stored.waited_for)
            continue
        batch, new = each[stored.content_hash]
        # Its output need not be sent back.
        entries[batch.lease.owner][new.record_id] = CachedPrediction(
            *(stored.id, new.record_id, outputs[stored.content_hash], new.revision),
            *(stored.computed_at, new.age),
        )
    return StoredTogether([entries[batch.lease.owner] for batch in batches], [*waited_for])


async def notify(direct: Direct, owners: Sequence[UUID]) -> None:
    """Wake who waits for what they have done. To be called when that is committed: a transaction that
    notifies holds a lock on the whole database until it is on the disk, and all others queue behind it."""
    await direct.fetch(NOTIFY, {"owners": owners})
