"""``python -m app migrate``."""

import asyncio
import time
from typing import Annotated

import typer

from app.core.logging import configure_logging
from app.core.settings import Settings
from app.db.engine import OUTAGES, is_outage
from app.db.migrate import upgrade

PAUSE = 0.5
"""Seconds between two looks for a database that is away."""


def migrate(
    wait: Annotated[float, typer.Option(help="Seconds to wait for a database that is away.", min=0)] = 0,
) -> None:
    """Bring the database to the newest migration. Several may start at once: one migrates."""
    settings = Settings()
    configure_logging(settings)
    asyncio.run(_upgrade(settings, time.monotonic() + wait))
    typer.echo("The database is at the newest migration.")


async def _upgrade(settings: Settings, deadline: float) -> None:
    while True:
        try:
            return await upgrade(settings)
        except OUTAGES as error:
            if not is_outage(error) or time.monotonic() >= deadline:
                raise
        await asyncio.sleep(PAUSE)
