"""Who did what: noted in the transaction that does it, so that neither is without the other."""

from collections.abc import Sequence
from typing import cast

import structlog
from pydantic import JsonValue, TypeAdapter
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.cursors import Cursor
from app.core.errors import Forbidden
from app.db.access import audit as rows
from app.db.engine import Sessions
from app.db.tables.audit import AuditRow
from app.schemas.access.audit import AuditAction, AuditEntry, AuditPage
from app.schemas.access.callers import CURRENT
from app.schemas.ids import RowId

CURSOR: Cursor[int] = Cursor("audit", TypeAdapter(RowId))


async def note(session: AsyncSession, action: AuditAction, subject: str, **details: JsonValue) -> None:
    """Note that whoever this is done for does it, within the session's transaction.

    ``subject`` and ``details`` are names and counts: no record's id, and no value of one.
    """
    request_id = structlog.contextvars.get_contextvars().get("request_id")
    await rows.note(session, CURRENT.get().name, action, subject, details, request_id=request_id)


async def note_many(
    session: AsyncSession, action: AuditAction, subjects: Sequence[str], **details: JsonValue
) -> None:
    """The same of each of these subjects, in one statement."""
    request_id = structlog.contextvars.get_contextvars().get("request_id")
    await rows.note_many(session, CURRENT.get().name, action, subjects, details, request_id=request_id)


async def page(sessions: Sessions, *, limit: int, cursor: str | None, model: str | None = None) -> AuditPage:
    """Entries, newest first, from the place where the last page's cursor points; those about versions of one
    model if it is named. Forbidden to who is bound: they name all models, and who has keys."""
    if CURRENT.get().is_bound:
        raise Forbidden("The audit is told to a key that is bound to no models: it is of all of them.")
    before = CURSOR.decode(cursor)
    about = "" if model is None else version_subject(model, "")
    async with sessions() as session:
        found = await rows.page(session, about=about, before=before, limit=limit + 1)
    items, next_cursor = CURSOR.cut([_entry(row) for row in found], limit, lambda last: last.id)
    return AuditPage(items=items, next_cursor=next_cursor)


def version_subject(model: str, version: str) -> str:
    """A version of a model, as entries name it."""
    return f"model {model}, version {version}"


def _entry(row: AuditRow) -> AuditEntry:
    return AuditEntry(
        id=row.id,
        at=row.at,
        actor=row.actor,
        action=cast(AuditAction, row.action),
        subject=row.subject,
        details=cast(dict[str, JsonValue], row.details),
        request_id=row.request_id,
    )
