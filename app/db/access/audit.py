"""Queries on who did what."""

from collections.abc import Mapping, Sequence

from pydantic import JsonValue
from sqlalchemy import Text, bindparam, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.tables.audit import AuditRow

_NOTE_MANY = text("""
    insert into audit (actor, action, subject, details, request_id)
    select :actor, :action, subject, :details, :request_id from unnest(:subjects) as noted (subject)
""").bindparams(
    *(bindparam(name, type_=Text()) for name in ("actor", "action", "request_id")),
    bindparam("details", type_=JSONB()),
    bindparam("subjects", type_=ARRAY(Text())),
)


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


async def note_many(
    session: AsyncSession,
    actor: str,
    action: str,
    subjects: Sequence[str],
    details: Mapping[str, JsonValue],
    *,
    request_id: str | None,
) -> None:
    """The same of each of these subjects, in one statement."""
    values = {"actor": actor, "action": action, "details": dict(details), "request_id": request_id}
    await session.execute(_NOTE_MANY, values | {"subjects": [*subjects]})


async def page(session: AsyncSession, *, about: str, before: int | None, limit: int) -> Sequence[AuditRow]:
    """At most ``limit`` whose subjects begin with ``about``, the newest first."""
    query = select(AuditRow).order_by(AuditRow.id.desc()).limit(limit)
    if before is not None:
        query = query.where(AuditRow.id < before)
    if about:
        query = query.where(func.starts_with(AuditRow.subject, about))
    return (await session.scalars(query)).all()
