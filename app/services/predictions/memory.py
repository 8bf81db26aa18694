"""Predictions that a process keeps in memory, and answers without asking the database.

Nothing is answered from here for longer than ``seconds`` after the database was asked for it: that holds
whatever is lost. Beside that the database tells what changes (see the migration ``tell_memories``), and what
has been told is gone at once. While nobody listens nothing is kept.
"""

import json
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from app.db.predictions.cache import Lookup

EVERYTHING = "*"
MOST_CHANGES = 10_000
"""Records of which it is remembered when they changed, for lookups that are under way."""

MemoryKey: TypeAlias = tuple[str, str | None]
"""A model and a version, None for the live one."""


class _Kept(NamedTuple):
    lookup: Lookup
    asked_at: float


class Memory:
    """At most ``records`` records; those that nobody asked for the longest go first."""

    def __init__(self, *, records: int, seconds: float, now: Callable[[], float] = time.monotonic) -> None:
        self._records, self._seconds, self._now = records, seconds, now
        self._kept: OrderedDict[str, dict[MemoryKey, _Kept]] = OrderedDict()
        self._listens = False
        self._changes = 0
        self._changed: dict[str, int] = {}
        """The number of the last change of a record."""
        self._all_changed = 0

    def get(self, record_id: str, model: str, version: str | None, ttl: float | None) -> Lookup | None:
        """A hit that may be answered now, as old as it is by now."""
        names = self._kept.get(record_id)
        found = names.get((model, version)) if names is not None else None
        if found is None:
            return None
        passed = self._now() - found.asked_at
        age = found.lookup.age + passed
        if passed > self._seconds or (ttl is not None and age > ttl):
            return None
        self._kept.move_to_end(record_id)
        return found.lookup._replace(age=age)

    def mark(self) -> tuple[int, float]:
        """To be taken before the database is asked, and given back with what it says."""
        return self._changes, self._now()

    def keep(self, mark: tuple[int, float], model: str, version: str | None, found: Sequence[Lookup]) -> None:
        """Keep the hits among what was found, but for records that were changed since the mark."""
        since, asked_at = mark
        if not self._listens or self._all_changed > since:
            return
        for lookup in found:
            if lookup.prediction_id is not None and self._changed.get(lookup.record_id, 0) <= since:
                names = self._kept.setdefault(lookup.record_id, {})
                names[model, version] = _Kept(lookup, asked_at)
                self._kept.move_to_end(lookup.record_id)
        while len(self._kept) > self._records:
            self._kept.popitem(last=False)

    def begin(self) -> None:
        """From now on we are told what changes."""
        self.heard(EVERYTHING)
        self._listens = True

    def lost(self) -> None:
        """Nobody tells us any more."""
        self._listens = False
        self.heard(EVERYTHING)

    def heard(self, changed: str) -> None:
        """What the database told: ids of records as a JSON list, or ``*``."""
        self.forget(None if changed == EVERYTHING else json.loads(changed))

    def forget(self, record_ids: Sequence[str] | None) -> None:
        """Records have changed; None: everything may have."""
        self._changes += 1
        if record_ids is None or len(self._changed) > MOST_CHANGES:
            self._all_changed = self._changes  # what is being looked up is not kept
            self._changed.clear()
        if record_ids is None:
            self._kept.clear()
            return
        for record_id in record_ids:
            self._changed[record_id] = self._changes
            self._kept.pop(record_id, None)
