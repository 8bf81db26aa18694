"""``python -m app audit``."""

import asyncio
from typing import TYPE_CHECKING

from app.cli.database import open_sessions
from app.cli.parts import paging
from app.cli.terminal import output
from app.cli.terminal.options import HowMany
from app.cli.terminal.output import Column, FormatOption

if TYPE_CHECKING:
    from app.schemas.access.audit import AuditEntry


def audit(limit: HowMany = 100, form: FormatOption = "table") -> None:
    """Show who did what, the newest first."""
    found, more = asyncio.run(_entries(limit))
    details: Column[AuditEntry] = Column("details", lambda one: one.details or None)
    output.show(found, ("at", "actor", "action", "subject", details), form, below="details")
    output.say_more(more, limit)


async def _entries(limit: int) -> "tuple[list[AuditEntry], str | None]":
    from app.services.access import audit as entries

    async with open_sessions() as sessions:
        return await paging.up_to(limit, lambda most, at: entries.page(sessions, limit=most, cursor=at))
