"""What the newest evaluations of the live versions have found, and which versions there are."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


class NewestMetric(NamedTuple):
    """A metric over all records of the whole window."""

    model: str
    version: str
    finished_at: datetime
    metric: str
    value: float


_NEWEST = text("""
    select model.name, version.version, run.finished_at, metric.metric, metric.value
    from models model
    join model_versions version on version.id = model.live_version_id
    cross join lateral (
        select id, finished_at from evaluations
        where model_version_id = version.id and state = 'done' and kind = 'quality' and record_prefix = ''
        order by finished_at desc, id desc limit 1
    ) run
    join evaluation_metrics metric on metric.evaluation_id = run.id
    where metric.slice = '' and metric.bucket = '' and metric.value is not null
    order by model.name, metric.metric
""")
_VERSIONS = text("""
    select model.name, version.version
    from model_versions version join models model on model.id = version.model_id
""")


async def metrics(session: AsyncSession) -> list[NewestMetric]:
    """Of each live version those of its newest finished run over everybody's records."""
    return [NewestMetric(*row) for row in await session.execute(_NEWEST)]


async def versions(session: AsyncSession) -> frozenset[tuple[str, str]]:
    """The names of all models and versions that there are."""
    return frozenset((model, version) for model, version in await session.execute(_VERSIONS))
