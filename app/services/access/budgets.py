"""How many inferences a day a key may cause, over all replicas. A day is UTC's, by the database's clock.

One is used of a budget for each content that is sent to a platform for its caller's sake, whatever comes of
it: it may have been paid for. Nothing is given back, so that two replicas never use the same one.
"""

from collections.abc import Sequence
from time import monotonic
from typing import NamedTuple

from app.core.errors import BudgetSpent
from app.core.joining import Joined
from app.db.access import limits
from app.db.access.limits import Granted
from app.db.direct import Direct
from app.schemas.access.callers import Caller

AT_ONCE = 256
"""Callers of one statement."""
REMEMBERED = 10.0
"""Seconds for which a budget that is spent is not asked for; somebody may have raised it."""


class _Spent(NamedTuple):
    asked_again_at: float
    midnight: float
    """By our monotonic clock, both."""


class Taken(NamedTuple):
    """How many inferences may be caused, and why no more where that is not as many as were asked for."""

    number: int
    refusal: BudgetSpent | None


class Budgets:
    """Takes of budgets. Raises one of OUTAGES where the database has to be asked, and cannot be."""

    def __init__(self, direct: Direct, *, patience: float) -> None:
        """``patience``: seconds that one waits for its turn to ask."""
        self._direct = direct
        self._spent: dict[int, _Spent] = {}
        self._taking: Joined[tuple[int, int], Granted] = Joined(
            self._take, goes=1, most=AT_ONCE, patience=patience
        )

    def _remembered(self, caller: Caller) -> BudgetSpent | None:
        """Why it may cause no inference now, as far as that is known here."""
        if caller.key_id is None or (spent := self._spent.get(caller.key_id)) is None:
            return None
        now = monotonic()
        if now < min(spent.asked_again_at, spent.midnight):
            return _refusal(caller, spent.midnight - now)
        del self._spent[caller.key_id]
        return None

    async def take(self, caller: Caller, count: int) -> Taken:
        """As many of ``count`` inferences as there are. To be asked once nothing that is cached will do."""
        if caller.key_id is None or caller.inferences_per_day is None:
            return Taken(count, None)
        if (refusal := self._remembered(caller)) is not None:
            return Taken(0, refusal)
        granted = await self._taking.ask((caller.key_id, count))
        if granted.number == count:
            return Taken(count, None)
        now = monotonic()
        self._spent[caller.key_id] = _Spent(now + REMEMBERED, now + granted.more_in)
        return Taken(granted.number, _refusal(caller, granted.more_in))

    async def _take(self, asked: Sequence[tuple[int, int]]) -> list[Granted]:
        """Those of one key are taken together, and given out in turn."""
        wanted: dict[int, int] = {}
        for key_id, count in asked:
            wanted[key_id] = wanted.get(key_id, 0) + count
        taken = await limits.take_inferences(self._direct, wanted)
        shares = []
        for key_id, count in asked:
            left = taken.get(key_id, Granted(count, 0))  # none, where it has no budget any more
            shares.append(left._replace(number=min(count, left.number)))
            if key_id in taken:
                taken[key_id] = left._replace(number=left.number - shares[-1].number)
        return shares


def _refusal(caller: Caller, midnight_in: float) -> BudgetSpent:
    said = f"{caller.name!r} has used its inferences of today. What is cached is answered."
    return BudgetSpent(said, retry_after=max(1.0, midnight_in))
