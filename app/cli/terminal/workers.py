"""Whether anybody will do what is waited for."""

import time
from dataclasses import replace

from app.cli.terminal.hints import this_program
from app.cli.terminal.patience import patiently
from app.cli.terminal.progress import PATIENCE as DATABASE_PATIENCE
from app.cli.terminal.progress import Stage
from app.core.errors import Unavailable
from app.db.engine import Sessions
from app.db.queue import lives

LOOK_EVERY = 1.0
"""Seconds between two looks."""
PATIENCE = 5.0
"""Seconds without a worker, after which it is said: one that is being started needs some."""


class Workers:
    """Looks now and then whether one lives."""

    def __init__(self, sessions: Sessions, *, wait: bool) -> None:
        """``wait``: for one, however long that takes."""
        self._sessions, self._wait = sessions, wait
        self._next_look, self._last_seen = 0.0, time.monotonic()

    async def look(self, stage: Stage) -> Stage:
        """The stage, which says so if none has lived for a while; Unavailable unless one is waited for."""
        if (now := time.monotonic()) >= self._next_look:
            self._next_look = now + LOOK_EVERY
            alive = await patiently(self._count, now + DATABASE_PATIENCE)
            away = time.monotonic() - now  # nobody could show life without the database
            self._last_seen = now if alive else self._last_seen + away
        if now - self._last_seen < PATIENCE:
            return stage
        start = f"start one: {this_program()} worker"
        if not self._wait:
            raise Unavailable(f"{stage.name} stands still, as no worker is alive: {start}, or give --wait.")
        waiting = f"{stage.name} waits, as no worker is alive: {start}"
        return replace(stage, title=waiting, line=f"{waiting}.")

    async def _count(self) -> int:
        async with self._sessions() as session:
            return await lives.count(session)
