"""``python -m app evaluate compare``."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.database import open_sessions, use_case
from app.cli.evaluate.columns import COMPARED, GROUP
from app.cli.evaluate.options import ComparedMetrics, ComparedSlices
from app.cli.terminal import output
from app.cli.terminal.options import ModelOption, checked_id
from app.cli.terminal.output import FormatOption
from app.core.errors import FieldError, InvalidInput
from app.core.settings import Settings

if TYPE_CHECKING:
    from app.schemas.evaluations.runs import Comparison

HOW = FieldError("compare", "takes two versions, as --version 1 2, or the ids of two runs, as 3 5")

ComparedRuns = Annotated[
    list[int] | None,
    typer.Argument(
        metavar="RUN",
        help="The ids of two, as `evaluate list` has them.",
        callback=lambda ids: ids and [checked_id(one) for one in ids],
    ),
]
ComparedVersions = Annotated[
    tuple[str, str] | None,
    typer.Option("--version", metavar="A B", help="Two versions, by their newest runs on the same window."),
]


def compare(
    runs: ComparedRuns = None,
    versions: ComparedVersions = None,
    model: ModelOption = None,
    slices: ComparedSlices = None,
    metrics: ComparedMetrics = None,
    form: FormatOption = "table",
) -> None:
    """Whether B is better than A, by what both were asked for, on the records that both judged."""
    if len(runs or ()) != (0 if versions else 2):
        raise InvalidInput("It is not clear what is to be compared.", errors=[HOW])
    if versions is not None:
        found, named = asyncio.run(_versions(model, versions, metrics or (), slices or ()))
    else:
        found, named = asyncio.run(_runs(runs or (), metrics or (), slices or ()))
    from app.services.evaluations.verdicts import sentence

    typer.echo(f"{sentence.of(found.metrics, named)}.", err=form != "table")
    about = (
        f"{found.shared:,} records were judged by both, in the evaluations {found.a} (a) and {found.b} (b)."
    )
    typer.echo(about, err=True)
    if form == "json":
        output.show_one(found, form)
    else:
        output.show(found.metrics, COMPARED, form, groups=GROUP, below=("reason",))


async def _versions(
    model: str | None, versions: tuple[str, str], metrics: Sequence[str], slices: Sequence[str]
) -> tuple["Comparison", str]:
    from app.services.evaluations.verdicts import by_versions
    from app.services.models.versions import named_or_default

    name, (a, b) = named_or_default(model, Settings().default_model), versions
    async with open_sessions() as sessions:
        found = await by_versions.compare(sessions, use_case(), name, a, b, metrics=metrics, slices=slices)
    return found, f"version {b}"


async def _runs(
    ids: Sequence[int], metrics: Sequence[str], slices: Sequence[str]
) -> tuple["Comparison", str]:
    from app.services.evaluations import comparison, runs

    a, b = ids
    async with open_sessions() as sessions:
        found = await comparison.compare(sessions, use_case(), a, b, metrics=metrics, slices=slices)
        before, after = [(await runs.get(sessions, one)).version for one in (a, b)]
    return found, f"version {after}" if before != after else f"evaluation {b}"
