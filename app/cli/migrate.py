"""``python -m app migrate``."""

import asyncio
import time

import typer

from app.cli.terminal.patience import Wait, patiently


def migrate(wait: Wait = 0) -> None:
    """Bring the database to the newest migration. Several may start at once: one migrates."""
    from app.core.logging import configure_logging
    from app.core.settings import Settings
    from app.db.migrate import upgrade

    settings = Settings()
    configure_logging(settings)
    asyncio.run(patiently(lambda: upgrade(settings), time.monotonic() + wait))
    typer.echo("The database is at the newest migration.")
