"""``python -m app records ground-truth``."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import ValidationError

from app.cli.database import open_sessions
from app.core.errors import InvalidInput

if TYPE_CHECKING:
    from app.schemas.records.ground_truth import TruthFilter
    from app.services.reports.ground_truth import TruthLines

TruthSince = Annotated[str, typer.Option("--since", help="Computed at this time, with its offset, or later.")]
TruthUntil = Annotated[str | None, typer.Option("--until", help="Computed before this time.")]


def ground_truth(
    model: Annotated[str, typer.Option(help="The model that was asked.")],
    since: TruthSince,
    until: TruthUntil = None,
) -> None:
    """Print labels as JSON lines for SageMaker's Model Monitor, one for each call whose rows all have one."""
    from app.schemas.faults import faults_of
    from app.schemas.records.ground_truth import TruthFilter

    try:
        wanted = TruthFilter.model_validate({"model": model, "since": since, "until": until})
    except ValidationError as error:
        raise InvalidInput("The filter does not fit.", errors=faults_of(error)) from error
    found = asyncio.run(_found(wanted))
    for line in found.lines:
        typer.echo(line)
    typer.echo(
        f"{len(found.lines):,} calls; {found.left_out:,} left out, rows of which have no label.", err=True
    )


async def _found(wanted: "TruthFilter") -> "TruthLines":
    from app.services.reports.ground_truth import truth_lines

    async with open_sessions() as sessions:
        return await truth_lines(sessions, wanted)
