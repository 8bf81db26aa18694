"""Queries on models, their versions and the live pointer."""

from collections.abc import Sequence

from sqlalchemy import Row, Select, exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.tables import ModelRow, ModelVersionRow, PromotionRow
from app.db.tenants import known
from app.schemas.hosting.deployments import Deployment, InService

NEVER_LOOKED_AT = InService()


async def ensure_model(session: AsyncSession, name: str) -> ModelRow:
    """The model of that name, locked until the transaction ends; made if it is new."""
    new = insert(ModelRow).values(name=name)
    # One statement, which waits for one that makes or deletes it, and then has its row.
    held = new.on_conflict_do_update(index_elements=["name"], set_={"name": new.excluded.name})
    return (
        await session.scalars(held.returning(ModelRow), execution_options={"populate_existing": True})
    ).one()


async def find_model(session: AsyncSession, name: str) -> ModelRow | None:
    return (await session.scalars(_named(name))).one_or_none()


async def lock_model(session: AsyncSession, name: str) -> ModelRow | None:
    """The model, locked until the transaction ends."""
    return (await session.scalars(_named(name).with_for_update())).one_or_none()


def _named(name: str) -> Select[ModelRow]:
    return select(ModelRow).where(ModelRow.name == name, known.model(ModelRow.name))


async def insert_version(
    session: AsyncSession,
    model_id: int,
    deployment: Deployment,
    *,
    place: str | None = None,
    found: InService = NEVER_LOOKED_AT,
    newest_id: int = 0,
) -> ModelVersionRow:
    """Insert a version, with what a look has found; ``newest_id`` is of when that began."""
    row = ModelVersionRow(
        model_id=model_id,
        version=deployment.version,
        backend=deployment.backend,
        options=dict(deployment.options),
        features=list(deployment.features),
        revision=found.in_words,
        revision_checked_at=func.now(),
        revisions=sorted(found.revisions),
        deployed=found.rest,
        epoch=found.epoch,
        confirmed_up_to=newest_id,
        place=place,
    )
    session.add(row)
    await session.flush()
    await session.refresh(row)
    return row


async def find_version(session: AsyncSession, model_id: int, version: str) -> ModelVersionRow | None:
    query = select(ModelVersionRow).where(
        ModelVersionRow.model_id == model_id, ModelVersionRow.version == version
    )
    return (await session.scalars(query)).one_or_none()


async def lock_version(session: AsyncSession, model_id: int, version: str) -> ModelVersionRow | None:
    """The version, locked until the transaction ends; what comes to refer to it waits so long."""
    query = select(ModelVersionRow).where(
        ModelVersionRow.model_id == model_id, ModelVersionRow.version == version
    )
    return (await session.scalars(query.with_for_update())).one_or_none()


async def get_version(session: AsyncSession, version_id: int) -> Row[str, ModelVersionRow] | None:
    """A version with its model's name."""
    query = (
        select(ModelRow.name, ModelVersionRow)
        .join(ModelRow, ModelRow.id == ModelVersionRow.model_id)
        .where(ModelVersionRow.id == version_id, known.model(ModelRow.name))
    )
    return (await session.execute(query)).one_or_none()


async def list_versions(
    session: AsyncSession, model: str | None = None
) -> Sequence[Row[ModelRow, ModelVersionRow]]:
    """Every version with its model, oldest first; those of one model if it is named."""
    query = _versions()
    if model is not None:
        query = query.where(ModelRow.name == model)
    return (await session.execute(query.order_by(ModelRow.name, ModelVersionRow.id))).all()


async def live_versions(session: AsyncSession) -> Sequence[Row[str, ModelVersionRow]]:
    """The live version of each model that has one, with the model's name, in the order of these."""
    query = select(ModelRow.name, ModelVersionRow).join(
        ModelVersionRow, ModelRow.live_version_id == ModelVersionRow.id
    )
    return (await session.execute(query.where(known.model(ModelRow.name)).order_by(ModelRow.name))).all()


async def backends(session: AsyncSession) -> Sequence[str]:
    """The platforms of all versions, each once."""
    query = select(ModelVersionRow.backend).distinct().order_by(ModelVersionRow.backend)
    return (await session.scalars(query)).all()


async def page(session: AsyncSession, *, after: str, limit: int) -> Sequence[Row[ModelRow, ModelVersionRow]]:
    """At most ``limit`` models whose names come after ``after``, in order, each with all its versions."""
    has_versions = exists().where(ModelVersionRow.model_id == ModelRow.id)
    names = (
        select(ModelRow.name)
        .where(ModelRow.name > after, has_versions, known.model(ModelRow.name))
        .order_by(ModelRow.name)
    )
    query = _versions().where(ModelRow.name.in_(names.limit(limit)))
    return (await session.execute(query.order_by(ModelRow.name, ModelVersionRow.id))).all()


async def page_of_versions(
    session: AsyncSession, model: str, *, before: int | None, limit: int
) -> Sequence[Row[ModelRow, ModelVersionRow]]:
    """At most ``limit`` versions of a model, newest first."""
    query = _versions().where(ModelRow.name == model)
    if before is not None:
        query = query.where(ModelVersionRow.id < before)
    return (await session.execute(query.order_by(ModelVersionRow.id.desc()).limit(limit))).all()


def _versions() -> Select[ModelRow, ModelVersionRow]:
    query = select(ModelRow, ModelVersionRow).join(ModelVersionRow, ModelVersionRow.model_id == ModelRow.id)
    return query.where(known.model(ModelRow.name))


async def promote(session: AsyncSession, model: ModelRow, version_id: int) -> None:
    """Move the live pointer of a model that is locked, and note the move."""
    model.live_version_id = version_id
    session.add(PromotionRow(model_id=model.id, version_id=version_id, promoted_at=func.clock_timestamp()))
    await session.flush()


def undo(model: ModelRow, promotion: PromotionRow, restored: PromotionRow) -> None:
    """Move the live pointer of a model that is locked back. By the clock, not by when the transaction began:
    it may have waited for the lock, and moves are in the order of their times."""
    promotion.rolled_back_at = func.clock_timestamp()
    model.live_version_id = restored.version_id


async def standing_promotions(session: AsyncSession, model_id: int, *, limit: int) -> Sequence[PromotionRow]:
    """The newest promotions that were not rolled back, newest first."""
    query = (
        select(PromotionRow)
        .where(PromotionRow.model_id == model_id, PromotionRow.rolled_back_at.is_(None))
        .order_by(PromotionRow.id.desc())
        .limit(limit)
    )
    return (await session.scalars(query)).all()
