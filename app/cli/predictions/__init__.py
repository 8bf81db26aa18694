"""``python -m app predictions``."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.database import open_sessions
from app.cli.terminal import output
from app.cli.terminal.options import HowMany, id_argument, moment
from app.cli.terminal.output import FormatOption

if TYPE_CHECKING:
    from app.schemas.predictions.predictions import LoggedPrediction, PredictionPage
    from app.services.predictions.history import PredictionSearch

commands = typer.Typer(help="The log of what was predicted.", no_args_is_help=True)

LISTED = ("id", "record_id", "prediction", "model", "version", "computed_at", "superseded_at", "latency_ms")

PredictionId = Annotated[int, id_argument("Of the prediction, as `predictions list` has it.")]
OfRecord = Annotated[str | None, typer.Option("--record", metavar="ID", help="Only of this record.")]
ComputedSince = Annotated[str | None, typer.Option(help="Computed from this time on, with its offset.")]
ComputedUntil = Annotated[str | None, typer.Option(help="Computed before this time.")]


@commands.command("list")
def list_predictions(
    record_id: OfRecord = None,
    model: Annotated[str | None, typer.Option(help="Only of this model.")] = None,
    version: Annotated[str | None, typer.Option(help="Only of this version.")] = None,
    computed_since: ComputedSince = None,
    computed_until: ComputedUntil = None,
    limit: HowMany = 20,
    form: FormatOption = "table",
) -> None:
    """What was predicted, the newest first, what is superseded too."""
    from app.services.predictions.history import PredictionSearch

    times = moment("--computed-since", computed_since), moment("--computed-until", computed_until)
    page = asyncio.run(_page(PredictionSearch(record_id, model, version, *times), limit))
    output.show(page.items, LISTED, form, below=("prediction",))
    output.say_more(page.next_cursor, limit)


async def _page(search: "PredictionSearch", limit: int) -> "PredictionPage":
    from app.services.predictions import history

    async with open_sessions() as sessions:
        return await history.page(sessions, search, limit=limit, cursor=None)


@commands.command()
def show(prediction_id: PredictionId, form: FormatOption = "table") -> None:
    """One prediction, with the model's raw output and what made it."""
    output.show_one(asyncio.run(_get(prediction_id)), form)


async def _get(prediction_id: int) -> "LoggedPrediction":
    from app.services.predictions import history

    async with open_sessions() as sessions:
        return await history.get(sessions, prediction_id)
