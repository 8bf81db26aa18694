"""``python -m app storage``."""

import asyncio
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.program.collecting import all_imported
from app.cli.terminal import output
from app.cli.terminal.output import FormatOption
from app.cli.terminal.patience import Wait, patiently
from app.core.errors import Misconfigured
from app.core.settings import Settings

if TYPE_CHECKING:
    from app.storage import Storage

commands = typer.Typer(help="The S3 storage.", no_args_is_help=True)


@commands.command()
def init(wait: Wait = 0) -> None:
    """Make the bucket of STORAGE_URL, unless it is there. Several may start at once."""
    storage = configured_storage(Settings())
    asyncio.run(patiently(storage.ensure_bucket, time.monotonic() + wait))
    typer.echo("The bucket is there.")


@commands.command("list")
def list_objects(
    prefix: Annotated[str, typer.Argument(metavar="PREFIX", help="What the keys begin with.")] = "",
    form: FormatOption = "table",
) -> None:
    """List the objects of the storage by their keys, below STORAGE_URL."""
    storage = configured_storage(Settings())
    found = [asdict(one) for one in asyncio.run(storage.list(prefix))]
    output.show(found, ("key", "size", "last_modified", "etag"), form)


def configured_storage(settings: Settings) -> "Storage":
    """The storage of the settings; Misconfigured if there is none."""
    from app.storage import open_storage

    all_imported()
    if settings.storage_url is None:
        raise Misconfigured("STORAGE_URL is not set.")
    return open_storage(settings.storage_url)
