"""``python -m app records purge`` and ``unfit``."""

import asyncio
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import ValidationError

from app.cli.database import open_sessions, use_case
from app.cli.parts import bars
from app.cli.terminal import output
from app.cli.terminal.options import WHERE, HowMany, parsed
from app.cli.terminal.output import Column, FormatOption
from app.core.errors import InvalidInput

if TYPE_CHECKING:
    from app.schemas.records.purges import PurgeCounts, PurgeFilter

PurgeWhere = Annotated[
    str | None, typer.Option("--where", help='Inputs with these values, {"carrier": "UA"}.')
]
PurgeSince = Annotated[str | None, typer.Option("--since", help="From this time on, with its offset.")]
PurgeUntil = Annotated[str | None, typer.Option("--until", help="Before this time.")]
PurgeTimeField = Annotated[str | None, typer.Option("--time-field", help="What they go by.")]
Prefix = Annotated[str | None, typer.Option(help="Ids that start with this.")]
OnlyUnfit = Annotated[bool, typer.Option("--unfit", help="Those that lack a field InputObject requires.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say how many there are.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def purge(
    where: PurgeWhere = None,
    since: PurgeSince = None,
    until: PurgeUntil = None,
    time_field: PurgeTimeField = None,
    prefix: Prefix = None,
    only_unfit: OnlyUnfit = False,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Delete the records that fit all of the options given, and their truths; their predictions stay."""
    from app.schemas.faults import faults_of
    from app.schemas.records.purges import PurgeFilter

    try:
        wanted = PurgeFilter.model_validate(
            {
                "where": None if where is None else parsed("--where", where, WHERE),
                "since": since,
                "until": until,
                "time_field": time_field,
                "prefix": prefix,
                "unfit": only_unfit,
            }
        )
    except ValidationError as error:
        raise InvalidInput("The filter does not fit.", errors=faults_of(error)) from error
    found = asyncio.run(_count(wanted))
    if dry_run or not found.records:
        typer.echo(f"To be deleted: {_in_words(found)}.")
        return
    _confirm(found, yes=yes)
    typer.echo(f"Deleted: {_in_words(asyncio.run(_purge(wanted, found.records)))}.")


def _confirm(found: "PurgeCounts", *, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise InvalidInput(f"This would delete {_in_words(found)}: give --yes, or --dry-run.")
    typer.confirm(f"Delete {_in_words(found)}?", abort=True, err=True)


async def _count(wanted: "PurgeFilter") -> "PurgeCounts":
    from app.services.records import purging

    async with open_sessions() as sessions:
        return await purging.count(sessions, use_case(), wanted)


async def _purge(wanted: "PurgeFilter", total: int) -> "PurgeCounts":
    from app.services.records import purging

    async with open_sessions() as sessions:
        with bars.bar("Deleting", total) as told:
            return await purging.purge(sessions, use_case(), wanted, said=told)


def _in_words(counts: "PurgeCounts") -> str:
    return f"{counts.records:,} records, {counts.labels:,} of them with a truth"


def unfit(limit: HowMany = 20, form: FormatOption = "table") -> None:
    """Show the records that lack a field which InputObject requires, as those of another use case do."""
    count, found = asyncio.run(_unfit(limit))
    lacking: Column[dict[str, object]] = Column(
        "lacking", lambda one: ", ".join(map(str, _list(one["lacking"])))
    )
    output.show(found, ("record_id", lacking), form)
    typer.echo(f"{count:,} records lack a field that InputObject requires.", err=True)


async def _unfit(limit: int) -> tuple[int, list[dict[str, object]]]:
    from app.services.records import unfit as records

    async with open_sessions() as sessions:
        count = await records.count(sessions, use_case())
        return count, [asdict(one) for one in await records.first(sessions, use_case(), limit=limit)]


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
