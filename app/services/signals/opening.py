"""Opens what a process counts, before all that it counts of is open, and closes it after that."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.core.errors import Misconfigured
from app.core.settings import Settings
from app.services.signals.processes import SharedTotals


@asynccontextmanager
async def open_processes(settings: Settings) -> AsyncIterator[SharedTotals]:
    """This process, among those in METRICS_FOLDER if there is one. Misconfigured where it cannot be used."""
    try:
        processes = SharedTotals(settings.metrics_folder)
    except OSError as error:
        raise Misconfigured(f"METRICS_FOLDER cannot be used: {error.strerror}.") from error
    processes.begin()
    try:
        yield processes
    finally:
        await processes.aclose()
