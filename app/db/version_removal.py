"""Queries on what hangs on a model version, and its removal."""

from collections.abc import Sequence

from sqlalchemy import delete, exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.server.patience import patient
from app.db.tables import (
    ClaimRow,
    EvaluationRow,
    EvaluationScheduleRow,
    ModelRow,
    ModelVersionRow,
    PredictionJobRow,
    PredictionRow,
    PromotionRow,
)


async def was_live(session: AsyncSession, version_id: int) -> bool:
    """Whether it ever was, if only until a roll-back; also of one that is."""
    return bool(await session.scalar(select(exists().where(PromotionRow.version_id == version_id))))


async def evaluations(session: AsyncSession, version_id: int, *, limit: int) -> Sequence[int]:
    """Ids of evaluations of it."""
    query = select(EvaluationRow.id).where(EvaluationRow.model_version_id == version_id)
    return (await session.scalars(query.order_by(EvaluationRow.id).limit(limit))).all()


async def jobs(session: AsyncSession, version_id: int, *, limit: int) -> Sequence[int]:
    """Ids of prediction jobs of it."""
    query = select(PredictionJobRow.id).where(PredictionJobRow.model_version_id == version_id)
    return (await session.scalars(query.order_by(PredictionJobRow.id).limit(limit))).all()


async def is_scheduled(session: AsyncSession, version: ModelVersionRow) -> bool:
    """Whether the model's schedule names it, or would have no version left without it."""
    schedule = await session.get(EvaluationScheduleRow, version.model_id)
    if schedule is None:
        return False
    named = schedule.request.get("version") if isinstance(schedule.request, dict) else None
    return named == version.version or not await _has_others(session, version)


async def relying(session: AsyncSession, version: ModelVersionRow) -> Sequence[str]:
    """The model's versions whose options name it as their fallback."""
    row = ModelVersionRow
    query = select(row.version).where(
        row.model_id == version.model_id, row.options["fallback_version"].as_string() == version.version
    )
    return (await session.scalars(query.order_by(row.id))).all()


async def _has_others(session: AsyncSession, version: ModelVersionRow) -> bool:
    row = ModelVersionRow
    return bool(
        await session.scalar(select(exists().where(row.model_id == version.model_id, row.id != version.id)))
    )


async def remove(session: AsyncSession, version: ModelVersionRow) -> None:
    """Delete it with its predictions and claims, and with the model if that has no other version."""
    model = None if await _has_others(session, version) else version.model_id
    for row in (ClaimRow, PredictionRow):
        await session.execute(patient(delete(row).where(row.model_version_id == version.id)))
    await session.execute(delete(ModelVersionRow).where(ModelVersionRow.id == version.id))
    if model is not None:
        await session.execute(delete(ModelRow).where(ModelRow.id == model))
