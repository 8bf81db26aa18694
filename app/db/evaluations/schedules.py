"""Queries on the schedules of evaluations."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import JsonValue
from sqlalchemy import Row, delete, func, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.tables import EvaluationScheduleRow, ModelRow
from app.db.tenants import known


async def put(
    session: AsyncSession, model_id: int, cron: str, request: JsonValue, *, next_run: datetime
) -> None:
    """Set or replace a model's schedule."""
    values = {"cron": cron, "request": request, "next_run": next_run, "error": None}
    query = insert(EvaluationScheduleRow).values(model_id=model_id, **values)
    await session.execute(query.on_conflict_do_update(index_elements=["model_id"], set_=values))


async def find(session: AsyncSession, model: str) -> EvaluationScheduleRow | None:
    """A model's schedule. It is of all records: for who is bound to a prefix there is none."""
    query = select(EvaluationScheduleRow).join(ModelRow, ModelRow.id == EvaluationScheduleRow.model_id)
    query = query.where(ModelRow.name == model, known.model(ModelRow.name))
    return (await session.scalars(query.where(known.within_prefix(literal(""))))).one_or_none()


async def every(session: AsyncSession) -> Sequence[Row[EvaluationScheduleRow, str]]:
    """All that the caller may know of, with their model's names, in the order of these."""
    query = (
        select(EvaluationScheduleRow, ModelRow.name)
        .join(ModelRow, ModelRow.id == EvaluationScheduleRow.model_id)
        .where(known.model(ModelRow.name), known.within_prefix(literal("")))
        .order_by(ModelRow.name)
    )
    return (await session.execute(query)).all()


async def remove(session: AsyncSession, model: str) -> bool:
    """Whether there was one."""
    of_model = select(ModelRow.id).where(ModelRow.name == model, known.model(ModelRow.name)).scalar_subquery()
    query = delete(EvaluationScheduleRow).where(EvaluationScheduleRow.model_id == of_model)
    return (await session.scalars(query.returning(EvaluationScheduleRow.model_id))).one_or_none() is not None


async def take_due(session: AsyncSession) -> Sequence[Row[EvaluationScheduleRow, str]]:
    """Schedules whose time has come, with their model's name, locked: of many workers one gets each."""
    query = (
        select(EvaluationScheduleRow, ModelRow.name)
        .join(ModelRow, ModelRow.id == EvaluationScheduleRow.model_id)
        .where(EvaluationScheduleRow.next_run <= func.now())
        .with_for_update(skip_locked=True, of=EvaluationScheduleRow)
    )
    return (await session.execute(query)).all()


async def now(session: AsyncSession) -> datetime:
    """When the transaction began, by the database's clock."""
    return (await session.scalars(select(func.now()))).one()
