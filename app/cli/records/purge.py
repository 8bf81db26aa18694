"""``python -m app records purge`` and ``unfit``."""

import asyncio
import sys
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import Progress

from app.cli.database import open_sessions, use_case
from app.cli.terminal import output
from app.cli.terminal.options import WHERE, parsed
from app.core.errors import InvalidInput
from app.db.engine import Sessions
from app.schemas.faults import faults_of
from app.schemas.records.purges import PurgeCounts, PurgeFilter
from app.services.records import purging
from app.services.records import unfit as unfit_records

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


def _confirm(found: PurgeCounts, *, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise InvalidInput(f"This would delete {_in_words(found)}: give --yes, or --dry-run.")
    typer.confirm(f"Delete {_in_words(found)}?", abort=True, err=True)


async def _count(wanted: PurgeFilter) -> PurgeCounts:
    async with open_sessions() as sessions:
        return await purging.count(sessions, use_case(), wanted)


async def _purge(wanted: PurgeFilter, total: int) -> PurgeCounts:
    console = Console(stderr=True)
    async with open_sessions() as sessions:
        with Progress(console=console, disable=not console.is_terminal) as progress:
            task = progress.add_task("Deleting", total=total)
            return await purging.purge(
                sessions, use_case(), wanted, said=lambda gone: progress.update(task, completed=gone)
            )


def _in_words(counts: PurgeCounts) -> str:
    return f"{counts.records:,} records, {counts.labels:,} of them with a truth"


def unfit(
    limit: Annotated[int, typer.Option(help="How many are listed.", min=1, max=10_000)] = 20,
) -> None:
    """Show the records that lack a field which InputObject requires, as those of another use case do."""
    asyncio.run(_show_unfit(limit))


async def _show_unfit(limit: int) -> None:
    async with open_sessions() as sessions:
        count = await unfit_records.count(sessions, use_case())
        await _list(sessions, limit)
    typer.echo(f"{count:,} records lack a field that InputObject requires.", err=True)


async def _list(sessions: Sessions, limit: int) -> None:
    found = await unfit_records.first(sessions, use_case(), limit=limit)
    output.print_table(("record_id", "lacking"), ((one.record_id, ", ".join(one.lacking)) for one in found))
