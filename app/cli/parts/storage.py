"""``python -m app storage``."""

import asyncio
import time

import typer

from app.cli.terminal.patience import Wait, patiently
from app.core.errors import Misconfigured
from app.core.settings import Settings
from app.storage import Storage, open_storage

commands = typer.Typer(help="The S3 storage.", no_args_is_help=True)


@commands.command()
def init(wait: Wait = 0) -> None:
    """Make the bucket of STORAGE_URL, unless it is there. Several may start at once."""
    storage = configured_storage(Settings())
    asyncio.run(patiently(storage.ensure_bucket, time.monotonic() + wait))
    typer.echo("The bucket is there.")


@commands.callback()
def _only() -> None:
    """With one command Typer would leave its name out."""


def configured_storage(settings: Settings) -> Storage:
    """The storage of the settings; Misconfigured if there is none."""
    if settings.storage_url is None:
        raise Misconfigured("STORAGE_URL is not set.")
    return open_storage(settings.storage_url)
