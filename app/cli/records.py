"""``python -m app records``."""

import asyncio

import typer

from app.cli.database import open_sessions
from app.schemas.ids import check_record_id
from app.schemas.records import Record
from app.services import records

commands = typer.Typer(help="Input objects and their truths.", no_args_is_help=True)


@commands.command()
def get(record_id: str) -> None:
    """Print a record as JSON."""
    typer.echo(asyncio.run(_get(check_record_id(record_id))).model_dump_json(indent=2))


async def _get(record_id: str) -> Record:
    async with open_sessions() as sessions:
        return await records.get(sessions, record_id)
