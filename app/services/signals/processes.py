"""The totals of this process, with those of others that answer on its port."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import thread_time

import structlog

from app.core.signals.folder import Folder
from app.core.signals.totals import Gauges, Totals

log = structlog.get_logger(__name__)

PAUSE = 1.0
"""Seconds between two writes of its totals: what was counted since is lost with a process that is killed."""
SHARE = 0.005
"""Of a processor that they may take; where there are many thousand totals the pauses are longer. What a write
waits for, on a machine that is busy, is none of it."""


class SharedTotals:
    """This one, and those that have entered the same folder; None: it is alone.

    Whoever is asked writes its own totals before it sums them up, so that no later sum, of whichever process,
    is less. ``gauges`` are this one's, once there is something to tell of it.
    """

    def __init__(self, path: Path | None = None) -> None:
        """Raises OSError where the folder cannot be used."""
        self._folder = None if path is None else Folder(path)
        self.gauges: Callable[[], Gauges] = dict
        self._writes = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._is_said_lost = False

    def begin(self) -> None:
        """Write now and then, until it is closed."""
        if self._folder is not None:
            self._task = asyncio.create_task(self._write_forever(self._folder))

    async def totals(self) -> Totals:
        """Of all of them; of this one alone where the folder is lost."""
        if self._folder is not None:
            try:
                await self._write(self._folder)
                return await asyncio.to_thread(self._folder.read)
            except OSError as error:
                self._tell(error)
        return Totals.of_this_process(self.gauges())

    async def aclose(self) -> None:
        """Leave what was counted to the others."""
        self.gauges = dict
        if self._task is None or self._folder is None:
            return
        self._task.cancel()
        await asyncio.wait([self._task])
        with suppress(OSError):
            await self._write(self._folder)
        self._folder.leave()

    async def _write_forever(self, folder: Folder) -> None:
        while True:
            spent = 0.0
            try:
                spent = await self._write(folder)
            except OSError as error:
                self._tell(error)
            await asyncio.sleep(max(PAUSE, spent / SHARE))

    async def _write(self, folder: Folder) -> float:
        """One at a time, so that no older totals come after newer ones. The seconds that a processor was busy
        with it."""
        async with self._writes:
            began = thread_time()
            totals = Totals.of_this_process(self.gauges())
            copied = thread_time() - began
            return copied + await asyncio.to_thread(_put_down, folder, totals)

    def _tell(self, error: OSError) -> None:
        if not self._is_said_lost:
            log.error("metrics of other processes lost", reason=error.strerror)
            self._is_said_lost = True


def _put_down(folder: Folder, totals: Totals) -> float:
    began = thread_time()
    folder.write(totals)
    return thread_time() - began
