"""The keys that a process has seen lately, so that a request with one costs no question to the database.

What is known of a key is used for ``TRUSTED`` seconds after the database was asked, and asked again in the
background well before: a key that is revoked, or changed, is refused by every replica within five seconds,
and one that is in use never waits.
"""

import asyncio
import hmac
import time
from collections import OrderedDict
from collections.abc import Sequence
from typing import NamedTuple, cast

import structlog

from app.core.joining import Joined
from app.db.access import keys as rows
from app.db.access.keys import HeldKey
from app.db.direct import Direct
from app.db.engine import OUTAGES
from app.schemas.access.callers import ANYBODY, Caller, KeyScope
from app.services.access.keys import digest

log = structlog.get_logger(__name__)

TRUSTED, ASKED_AGAIN = 4.0, 2.0
"""Seconds."""
MOST_KNOWN = 10_000
"""Keys, wrong ones among them; those that were not used for the longest go first."""
AT_ONCE = 256
"""Keys of one question."""
NOTED = 60.0
"""Seconds between two notes that a key was used."""


class _Known(NamedTuple):
    caller: Caller | None
    asked_at: float
    until: float
    """When it expires, by our monotonic clock."""


class _Said(NamedTuple):
    any_made: bool
    caller: Caller | None
    seconds_left: float | None


class Keyring:
    """Who holds a key. Raises one of OUTAGES where the database has to be asked, and cannot be."""

    def __init__(self, direct: Direct, *, patience: float) -> None:
        """``patience``: seconds that a request waits for its turn to ask."""
        self._direct = direct
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._asked: Joined[str, _Said] = Joined(self._ask, goes=2, most=AT_ONCE, patience=patience)
        self._refreshing: dict[str, asyncio.Task[_Known]] = {}
        self._noted: dict[int, float] = {}
        self._any_made, self._none_made_at = False, float("-inf")

    def at_once(self, key: str) -> Caller | None:
        """Who holds it, if that is known, and is well enough known: for the way of a hit."""
        known = self._known.get(digest(key))
        now = time.monotonic()
        if known is None or known.caller is None or now >= min(known.asked_at + ASKED_AGAIN, known.until):
            return None
        return known.caller

    async def holder(self, key: str) -> Caller | None:
        """Who holds it; None if it is no key, or none that is valid now."""
        hashed, now = digest(key), time.monotonic()
        known = self._known.get(hashed)
        if known is None or now >= min(known.asked_at + TRUSTED, known.until):
            known = await asyncio.shield(self._refresh(hashed))
        elif now >= known.asked_at + ASKED_AGAIN:
            self._refresh(hashed)
        return known.caller

    async def anybody(self) -> Caller | None:
        """Whoever asks without a key, as long as none was ever made."""
        if self._any_made:
            return None
        if time.monotonic() >= self._none_made_at + ASKED_AGAIN:
            await self._asked.ask("")
        return None if self._any_made else ANYBODY

    async def aclose(self) -> None:
        """Give up the questions that are under way."""
        for task in (tasks := [*self._refreshing.values()]):
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _refresh(self, hashed: str) -> "asyncio.Task[_Known]":
        if (task := self._refreshing.get(hashed)) is None:
            task = self._refreshing[hashed] = asyncio.create_task(self._look_up(hashed))
            task.add_done_callback(lambda done: self._refreshed(hashed, done))
        return task

    def _refreshed(self, hashed: str, task: "asyncio.Task[_Known]") -> None:
        del self._refreshing[hashed]
        if not task.cancelled() and (error := task.exception()) is not None:
            # Whoever waits for it has it, too; what is known goes on for its time.
            log.info("keys not asked for", error=type(error).__name__)

    async def _look_up(self, hashed: str) -> _Known:
        asked_at = time.monotonic()
        said = await self._asked.ask(hashed)
        until = float("inf") if said.seconds_left is None else asked_at + said.seconds_left
        known = self._known[hashed] = _Known(said.caller, asked_at, until)
        self._known.move_to_end(hashed)
        while len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)
        if said.caller is not None:
            await self._note_use(said.caller, asked_at)
        return known

    async def _ask(self, hashes: Sequence[str]) -> list[_Said]:
        asked_at = time.monotonic()
        any_made, held = await rows.find(self._direct, hashes)
        self._any_made = self._any_made or any_made  # there is no way back to a service that is open
        self._none_made_at = asked_at
        return [_said(any_made, held, one) for one in hashes]

    async def _note_use(self, caller: Caller, now: float) -> None:
        if caller.key_id is None or now < self._noted.get(caller.key_id, float("-inf")) + NOTED:
            return
        self._noted[caller.key_id] = now
        try:
            await rows.note_use(self._direct, [caller.key_id])
        except OUTAGES as error:  # such as a standby, which answers what is cached
            log.info("use of a key not noted", error=type(error).__name__)


def _said(any_made: bool, held: Sequence[HeldKey], hashed: str) -> _Said:
    for one in held:
        if hmac.compare_digest(one.key_hash, hashed):
            return _Said(any_made, _caller(one), one.seconds_left)
    return _Said(any_made, None, None)


def _caller(key: HeldKey) -> Caller:
    return Caller(
        name=key.name,
        scopes=frozenset(cast(list[KeyScope], key.scopes)),
        key_id=key.id,
        models=None if key.models is None else frozenset(key.models),
        record_prefix=key.record_prefix,
        requests_per_second=key.requests_per_second,
        inferences_per_day=key.inferences_per_day,
    )
