"""The truths about the rows of each call to a platform that names its calls."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.server.patience import patient


class CallTruths(NamedTuple):
    """A call by its id. ``truths`` are labels as JSON, None where there is none, of the rows at
    ``positions``: in order, those whose predictions are kept."""

    inference_id: str
    positions: Sequence[int]
    truths: Sequence[str | None]


_TRUTHS = text("""
    select prediction.inference_id,
           array_agg(prediction.inference_position order by prediction.inference_position),
           array_agg(cast(label.value as text) order by prediction.inference_position)
    from predictions prediction
    join model_versions version on version.id = prediction.model_version_id
    join models model on model.id = version.model_id
    left join labels label on label.record_id = prediction.record_id
    where model.name = :model and prediction.inference_id is not null
      and prediction.computed_at >= :since
      and (cast(:until as timestamptz) is null or prediction.computed_at < :until)
    group by prediction.inference_id
    order by min(prediction.id)
""")


async def truths(
    session: AsyncSession, *, model: str, since: datetime, until: datetime | None
) -> list[CallTruths]:
    """Those of the calls whose answers were computed in the window, the oldest first."""
    values = {"model": model, "since": since, "until": until}
    return [CallTruths(*row) for row in await session.execute(patient(_TRUTHS), values)]
