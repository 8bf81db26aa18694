"""Searches in the log of predictions."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Row, Select, case, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.tables import ModelRow, ModelVersionRow, PredictionRow

# Releases that took any PREDICTION_TTL stored moments that Python cannot hold.
_EXPIRES = case((PredictionRow.expires_at < text("'9999-01-01'"), PredictionRow.expires_at))


async def search(
    session: AsyncSession,
    *,
    record_id: str | None,
    model: str | None,
    version: str | None,
    computed_since: datetime | None,
    computed_until: datetime | None,
    before: int | None,
    limit: int,
) -> Sequence[Row[*tuple[object, ...]]]:
    """At most ``limit`` predictions that fit, newest first, with ids under ``before``."""
    query = _logged()
    for column, wanted in (
        (PredictionRow.record_id, record_id),
        (ModelRow.name, model),
        (ModelVersionRow.version, version),
    ):
        if wanted is not None:
            query = query.where(column == wanted)
    if computed_since is not None:
        query = query.where(PredictionRow.computed_at >= computed_since)
    if computed_until is not None:
        query = query.where(PredictionRow.computed_at < computed_until)
    if before is not None:
        query = query.where(PredictionRow.id < before)
    return (await session.execute(query.order_by(PredictionRow.id.desc()).limit(limit))).all()


async def find(session: AsyncSession, prediction_id: int) -> Row[*tuple[object, ...]] | None:
    return (await session.execute(_logged().where(PredictionRow.id == prediction_id))).one_or_none()


def _logged() -> Select[*tuple[object, ...]]:
    row = PredictionRow
    return (
        select(
            *(row.id, row.record_id, row.content_hash),
            *(ModelRow.name.label("model"), ModelVersionRow.version, row.revision, row.pipeline_version),
            *(row.variant, row.source_id),
            *(row.output.label("prediction"), row.raw_output, row.latency_ms),
            *(row.computed_at, _EXPIRES.label("expires_at"), row.superseded_at),
        )
        .join(ModelVersionRow, ModelVersionRow.id == row.model_version_id)
        .join(ModelRow, ModelRow.id == ModelVersionRow.model_id)
    )
