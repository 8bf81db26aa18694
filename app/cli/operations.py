"""``python -m app operations``."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.database import open_sessions
from app.cli.terminal import output
from app.cli.terminal.options import id_argument
from app.cli.terminal.output import FormatOption

if TYPE_CHECKING:
    from app.schemas.predictions.operations import PredictionOperation

commands = typer.Typer(help="Predictions that are answered later.", no_args_is_help=True)

OperationId = Annotated[int, id_argument("Of the operation, as the answer 202 has it.")]


@commands.command()
def show(operation_id: OperationId, form: FormatOption = "table") -> None:
    """Where a prediction stands that was answered 202, and once it has ended what came of it."""
    output.show_one(asyncio.run(_get(operation_id)), form)


@commands.callback()
def _only() -> None:
    """With one command Typer would leave its name out."""


async def _get(operation_id: int) -> "PredictionOperation":
    from app.api.operations import told
    from app.services.operations import reading

    async with open_sessions() as sessions:
        return told(await reading.get(sessions, operation_id))
