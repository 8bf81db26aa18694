"""The work of ``python -m app doctor``."""

import asyncio
import os
import sys
import textwrap
import threading
from collections.abc import Sequence
from dataclasses import replace

import typer

from app.cli.database import user
from app.cli.program.collecting import all_imported
from app.cli.terminal import exits, output
from app.cli.terminal.output import Format
from app.core.logging import configure_logging
from app.core.settings import Settings
from app.schemas.access.callers import CURRENT, ITSELF
from app.schemas.health import Finding, FindingStatus
from app.services.upkeep import doctor as service

OF_THREADS = 2.0
"""Seconds that the end waits for threads: one may hang in a call that a check has given up."""
COLOURS: dict[FindingStatus, str] = {
    "ok": typer.colors.GREEN,
    "warning": typer.colors.YELLOW,
    "fault": typer.colors.RED,
    "unavailable": typer.colors.RED,
    "skipped": typer.colors.BRIGHT_BLACK,
}


def run(form: Format, *, probes: bool, processes: int) -> None:
    """Examine, show what was found, and exit."""
    all_imported()
    with asyncio.Runner() as runner:
        found = runner.run(_found(probes=probes, processes=processes))
        code = _exit_code(found)
        _show(found, form)
        sys.stdout.flush()
        timer = threading.Timer(OF_THREADS, os._exit, (code,))
        timer.daemon = True
        timer.start()
    timer.cancel()
    raise typer.Exit(code)


async def _found(*, probes: bool, processes: int) -> Sequence[Finding]:
    CURRENT.set(replace(ITSELF, name=f"cli:{user()}"))
    given = service.read()
    if isinstance(given.settings, Settings):
        configure_logging(given.settings.model_copy(update={"log_level": "ERROR"}))
    return await service.examine(given, probes=probes, processes=processes)


def _exit_code(found: Sequence[Finding]) -> int:
    states = {one.status for one in found}
    if "fault" in states:
        return exits.BAD_INPUT
    return exits.UNAVAILABLE if "unavailable" in states else exits.DONE


def _show(found: Sequence[Finding], form: Format) -> None:
    from rich.console import Console

    console = Console()
    if form != "table" or not console.is_terminal:
        output.show(found, ("check", "status", "said", "do"), form)
        return
    for line in _drawn(found, console.width):
        typer.echo(line, color=None if not console.no_color else False)
    counts = {state: sum(one.status == state for one in found) for state in COLOURS}
    typer.echo(", ".join(f"{count} {state}" for state, count in counts.items() if count), err=True)


def _drawn(found: Sequence[Finding], width: int) -> Sequence[str]:
    """A line of what was found, and one of what to do, each over as many lines as it takes."""
    of_state = max(map(len, COLOURS))
    of_check = max(len(one.check) for one in found)
    lines = list[str]()
    for one in found:
        state = typer.style(f"{one.status:{of_state}}", fg=COLOURS[one.status])
        texts = [one.said] + ([f"-> {one.do}"] if one.do else [])
        room = max(20, width - of_state - of_check - 4)
        said = [line for text in texts for line in textwrap.wrap(text, room, break_on_hyphens=False)]
        lines.append(f"{state}  {one.check:{of_check}}  {said[0]}")
        lines += [f"{'':{of_state + of_check + 4}}{line}" for line in said[1:]]
    return lines
