"""Queries on who did what."""

from collections.abc import Mapping, Sequence

from pydantic import JsonValue
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.tables.audit import AuditRow


async def note(
    session: AsyncSession,
    actor: str,
    action: str,
    subject: str,
    details: Mapping[str, JsonValue],
    *,
    request_id: str | None,
) -> None:
    """Note it in the session's transaction, which does it."""
    session.add(
        AuditRow(actor=actor, action=action, subject=subject, details=dict(details), request_id=request_id)
    )
    await session.flush()


async def page(session: AsyncSession, *, before: int | None, limit: int) -> Sequence[AuditRow]:
    """At most ``limit``, the newest first."""
    query = select(AuditRow).order_by(AuditRow.id.desc()).limit(limit)
    if before is not None:
        query = query.where(AuditRow.id < before)
    return (await session.scalars(query)).all()
