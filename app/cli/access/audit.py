"""``python -m app audit``."""

import asyncio
import json
from typing import Annotated

import typer

from app.cli.database import open_sessions
from app.cli.terminal import output
from app.schemas.access.audit import AuditPage
from app.services.access import audit as entries


def audit(limit: Annotated[int, typer.Option(help="How many.", min=1, max=1000)] = 100) -> None:
    """Show who did what, the newest first."""
    found = asyncio.run(_page(limit)).items
    rows = [
        (one.at, one.actor, one.action, one.subject, json.dumps(one.details) if one.details else None)
        for one in found
    ]
    output.print_table(("at", "actor", "action", "subject", "details"), rows, below="details")


async def _page(limit: int) -> AuditPage:
    async with open_sessions() as sessions:
        return await entries.page(sessions, limit=limit, cursor=None)
