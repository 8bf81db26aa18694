"""What made the predictions that runs judged."""

from collections.abc import Sequence

from sqlalchemy import BigInteger, Row, cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.server.patience import patient
from app.db.tables import EvaluationItemRow, PredictionRow


async def answered_by(session: AsyncSession, evaluation_id: int) -> Sequence[Row[str, str | None, int]]:
    """Which revisions, under which of the platform's names, made how many of a run's predictions."""
    item, made = EvaluationItemRow, PredictionRow
    query = (
        select(made.revision, made.variant, func.count().label("records"))
        .join(item, item.prediction_id == made.id)
        .where(item.evaluation_id == evaluation_id)
        .group_by(made.revision, made.variant)
        .order_by(func.count().desc(), made.revision, made.variant)
    )
    return (await session.execute(patient(query))).all()


async def variants(session: AsyncSession, prediction_ids: Sequence[int]) -> dict[int, str]:
    """Under which of the platform's names these predictions were made, where it gave one."""
    asked = func.unnest(cast(prediction_ids, ARRAY(BigInteger))).column_valued("id")
    query = select(PredictionRow.id, PredictionRow.variant).where(PredictionRow.id.in_(select(asked)))
    return {key: name for key, name in await session.execute(query) if name is not None}
