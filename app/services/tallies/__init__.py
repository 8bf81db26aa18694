"""What this process tells its callers, noted in the ledger every few seconds and when it ends.

Of a process that is killed the last seconds are lost: what it told in them is in no count. What it inferred
is, as that follows from the predictions it has stored.
"""

import asyncio
from collections.abc import Iterator
from uuid import UUID, uuid4

import structlog

from app.core.signals import SECONDS, AnsweredKey, answers
from app.db.direct import Direct
from app.db.engine import OUTAGES
from app.db.ledger import noting
from app.db.ledger.noting import AnswerLine

log = structlog.get_logger(__name__)

PAUSE = 5.0
"""Seconds between two notes."""
SOON = 1.0
"""Seconds that who wants to see what was told waits for it to be noted."""
LAST_WORDS = 2.0
"""Seconds that the end waits for the last one."""
UPPER_BOUNDS = (*SECONDS, float("inf"))


class AnswerNotes:
    """Those of one process. Without a database they are kept, and noted once it is back."""

    def __init__(self, direct: Direct) -> None:
        """Notes what is told from now on."""
        self._direct = direct
        self._noted = _counts()
        self._pending: tuple[UUID, list[AnswerLine]] | None = None
        """What is being noted, or could not be."""
        self._turn = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._looked_for: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Note now and then, until the end."""
        self._task = asyncio.create_task(self._forever())

    async def note(self) -> None:
        """Note what was told since the last time, if the database takes it. What it did not take before, or
        nobody knows whether it did, comes first."""
        try:
            async with self._turn:
                if self._pending is not None:
                    await self._send()
                self._take()
                if self._pending is not None:
                    await self._send()
        except OUTAGES as error:
            log.debug("answers not noted yet", error=type(error).__name__)

    async def note_soon(self) -> None:
        """The same, for who is about to read it; one that takes long goes on by itself."""
        if not self._turn.locked():
            self._looked_for = asyncio.create_task(self.note())
            await asyncio.wait([self._looked_for], timeout=SOON)

    async def _send(self) -> None:
        assert self._pending is not None
        await noting.note(self._direct, *self._pending)
        self._pending = None

    def _take(self) -> None:
        now = _counts()
        if lines := [*_since(self._noted, now)]:
            self._pending = uuid4(), lines
        self._noted = now

    async def _forever(self) -> None:
        while True:
            await asyncio.sleep(PAUSE)
            await self.note()

    async def aclose(self) -> None:
        """Note what is left, if that can be done soon."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        await asyncio.wait([asyncio.create_task(self.note())], timeout=LAST_WORDS)


def _counts() -> dict[AnsweredKey, tuple[int, ...]]:
    return {key: tuple(histogram.counts) for key, histogram in answers.items()}


def _since(
    before: dict[AnsweredKey, tuple[int, ...]], now: dict[AnsweredKey, tuple[int, ...]]
) -> Iterator[AnswerLine]:
    nothing = (0,) * len(UPPER_BOUNDS)
    for key, counts in now.items():
        if (noted := before.get(key, nothing)) == counts:
            continue
        for upto, count, old in zip(UPPER_BOUNDS, counts, noted, strict=True):
            if count > old:
                yield AnswerLine(*key, upto, count - old)
