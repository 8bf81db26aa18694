"""Stored predictions that are no answer any more, for callers who would rather have one than an error."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from app.db.direct import Direct, Statement
from app.db.predictions.cache import YOUNG, CachedPrediction, prediction_of


class StalePrediction(NamedTuple):
    """A stored prediction, and the version that made it."""

    version: str
    entry: CachedPrediction


# The version that was asked for first, then those that were live before it. What was rolled back was left for
# a reason.
_STALE = Statement(f"""
    with version as materialized (
        select candidate.id, candidate.version, candidate.revisions,
               case when candidate.id = :version_id then null else standing.id end as turn
        from model_versions asked
        join model_versions candidate on candidate.model_id = asked.model_id
        left join lateral (
            select max(id) as id from promotions
            where version_id = candidate.id and rolled_back_at is null
        ) standing on true
        where asked.id = :version_id
          and (candidate.id = asked.id or (cast(:older as boolean) and standing.id is not null))
    )
    select found.version, found.id, wanted.record_id, found.output, found.revision, found.computed_at,
           found.age
    from unnest(cast(:record_ids as text[]), cast(:contents as text[])) as wanted (record_id, content_hash)
    cross join lateral (
        select version.version, prediction.id, cast(prediction.output as text) as output,
               prediction.revision, prediction.computed_at,
               cast(extract(epoch from now() - prediction.computed_at) as float8) as age
        from version
        join {
    prediction_of(
        "wanted.content_hash",
        "version.revisions",
        f"record_id = wanted.record_id and {YOUNG}",
        end="order by id + 0 desc limit 1",
    )
} on true
        order by version.turn desc nulls first
        limit 1
    ) found
""")


async def find(
    direct: Direct,
    version_id: int,
    contents: Mapping[str, str],
    *,
    pipeline_version: str,
    oldest: float | None,
    older_versions: bool,
) -> Mapping[str, StalePrediction]:
    """By record the newest prediction of its content (``contents``) and of this code, at most ``oldest``
    seconds old: of this version, else, with ``older_versions``, of the last that was live before and has one.

    What made it is in service, as far as anybody knows.
    """
    values: Mapping[str, object] = {
        "version_id": version_id,
        "record_ids": [*contents],
        "contents": [*contents.values()],
        "pipeline_version": pipeline_version,
        "ttl": oldest,
        "older": older_versions,
    }
    rows: Sequence[Sequence[object]] = [tuple(row) for row in await direct.fetch(_STALE, values)]
    found = [StalePrediction(str(version), CachedPrediction._make(entry)) for version, *entry in rows]
    return {one.entry.record_id: one for one in found}
