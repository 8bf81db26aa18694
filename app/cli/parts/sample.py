"""``python -m app sample``."""

import asyncio
import time
from typing import TYPE_CHECKING

import typer

from app.cli.database import open_sessions
from app.cli.parts.storage import configured_storage
from app.cli.terminal.patience import Wait, patiently
from app.core.settings import Settings

if TYPE_CHECKING:
    from app.storage import Storage

EXAMPLE = "examples.transit"

commands = typer.Typer(help="The worked example.", no_args_is_help=True)


@commands.command()
def load(wait: Wait = 0) -> None:
    """Train the sample models into the storage, import the orders, register versions 1 and 2.

    What was done stays as it is. The multi-model endpoint `transit` must serve <STORAGE_URL>/models.
    Nothing is loaded where the service runs another use case than the example's.
    """
    settings = Settings()
    if settings.use_case != EXAMPLE:
        typer.echo(f"Nothing is loaded: the sample is for USE_CASE={EXAMPLE}.")
        return
    from app.core.logging import configure_logging

    configure_logging(settings.model_copy(update={"log_level": "ERROR"}))  # every try would say why it failed
    asyncio.run(_load(settings, configured_storage(settings), time.monotonic() + wait))
    typer.echo("The sample is loaded.")


@commands.callback()
def _only() -> None:
    """With one command Typer would leave its name out."""


async def _load(settings: Settings, storage: "Storage", deadline: float) -> None:
    from app.local import demo_data  # needs the extra `sample`, which a service goes without

    await patiently(storage.ensure_bucket, deadline)
    await patiently(lambda: demo_data.put_artifacts(storage), deadline)
    await patiently(_check_database, deadline)
    await patiently(demo_data.check_endpoint, deadline)
    await patiently(lambda: demo_data.fill(settings), deadline)


async def _check_database() -> None:
    async with open_sessions():
        pass
