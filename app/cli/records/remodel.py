"""``python -m app records remodel``."""

import asyncio
from typing import TYPE_CHECKING

import typer

from app.cli.database import open_sessions, use_case
from app.cli.parts import bars
from app.cli.records.purge import DryRun
from app.core.errors import InvalidInput

if TYPE_CHECKING:
    from app.services.records.own_models.remodelling import Remodelled


def remodel(dry_run: DryRun = False) -> None:
    """Find the own model of every record anew, after a change of model_for in evaluation.py."""
    if use_case().model_for is None:
        raise InvalidInput("evaluation.py has no model_for: records have no models of their own.")
    done = asyncio.run(_remodel(dry_run=dry_run))
    would = "would have" if dry_run else "have"
    typer.echo(f"Of {done.records:,} records, {done.changed:,} {would} another model now.")
    if done.unfit:
        typer.echo(f"{done.unfit:,} do not fit, and keep what they have:", err=True)
        for fault in done.faults:
            typer.echo(f"  {fault.field}: {fault.message}", err=True)


async def _remodel(*, dry_run: bool) -> "Remodelled":
    from app.services.records.own_models import remodelling

    async with open_sessions() as sessions:
        with bars.bar("Looking") as told:
            return await remodelling.remodel(sessions, use_case(), dry_run=dry_run, said=told)
