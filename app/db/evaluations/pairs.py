"""Runs of two versions that judged the same window."""

from collections.abc import Sequence

from sqlalchemy import Row, SQLColumnExpression, case, func, literal, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.db.tables import EvaluationRow
from app.db.tenants import known


async def newest(session: AsyncSession, a: int, b: int, *, time_field: str | None) -> Row[int, int] | None:
    """The ids of a finished quality run of version ``a`` and one of version ``b`` on the same window: b's
    newest that has its like, and a's newest like it. ``time_field``: what windows go by that do not say."""
    one, other = aliased(EvaluationRow, name="one"), aliased(EvaluationRow, name="other")
    alike = [x == y for x, y in zip(_window(one, time_field), _window(other, time_field), strict=True)]
    finished = [
        condition
        for run, version in ((one, a), (other, b))
        for condition in (
            run.model_version_id == version,
            run.state == "done",
            run.kind == "quality",
            known.within_prefix(run.record_prefix),
        )
    ]
    newest_first = other.finished_at.desc(), other.id.desc(), one.finished_at.desc(), one.id.desc()
    query = select(one.id, other.id).join(other, literal(True)).where(*alike, *finished)
    return (await session.execute(query.order_by(*newest_first).limit(1))).one_or_none()


def _window(run: type[EvaluationRow], time_field: str | None) -> Sequence[SQLColumnExpression[object]]:
    """What says which records a run is of."""
    asked = run.filter
    since, until = asked["since"].as_string(), asked["until"].as_string()
    goes_by = func.coalesce(asked["time_field"].as_string(), time_field, "")
    return [
        run.record_prefix,
        func.coalesce(since, ""),
        func.coalesce(until, ""),
        case((since.is_(None) & until.is_(None), ""), else_=goes_by),
        func.coalesce(asked["where"].cast(JSONB), literal({}, JSONB)),
    ]
