"""How many requests a second a key may make, over all replicas.

A process takes a few of a key's requests at a time from the database, as many as it has lately needed in a
tenth of a second, and lets callers through by these without asking. What it does not need lapses: over any
``t`` seconds all replicas together let through at most ``rate * (t + LAPSE)`` and a second's worth, one at
least. Who is refused is remembered until there may be more, so that who goes on asking costs the database
next to nothing.
"""

import asyncio
from collections.abc import Sequence
from time import monotonic

from app.core.errors import TooManyRequests
from app.core.joining import Joined
from app.db.access import limits
from app.db.access.limits import Granted
from app.db.direct import Direct
from app.schemas.access.callers import Caller

AHEAD = 0.1
"""Seconds for which requests are taken ahead, and for at least as long who is refused is not asked for."""
LAPSE = 0.25
"""Seconds after which those that were taken and not needed are worth nothing."""
AT_ONCE = 256
"""Keys of one statement."""
UNLIMITED = Granted(2**53, 0)


class RequestRates:
    """Lets callers through. Raises one of OUTAGES where the database has to be asked, and cannot be."""

    def __init__(self, direct: Direct, *, patience: float) -> None:
        """``patience``: seconds that a request waits for its turn to ask."""
        self._direct = direct
        self._buckets: dict[int, _Bucket] = {}
        self._taking: Joined[tuple[int, int], Granted] = Joined(
            self._take, goes=2, most=AT_ONCE, patience=patience
        )

    def at_once(self, caller: Caller) -> bool:
        """Whether it may go on, as far as that is known here: for the way of a hit."""
        if caller.requests_per_second is None or caller.key_id is None:
            return True
        bucket = self._buckets.get(caller.key_id)
        return bucket is not None and bucket.spend()

    async def admit(self, caller: Caller) -> None:
        """Let it go on, or raise TooManyRequests."""
        rate, key_id = caller.requests_per_second, caller.key_id
        if rate is None or key_id is None:
            return
        bucket = self._buckets.setdefault(key_id, _Bucket())
        bucket.waiting += 1
        try:
            while not bucket.spend():
                if (left := bucket.refused_until - monotonic()) > 0:
                    said = f"{caller.name!r} may make {rate:g} requests a second."
                    raise TooManyRequests(said, retry_after=max(1.0, left))
                await asyncio.shield(self._refilling(key_id, rate, bucket))
        finally:
            bucket.waiting -= 1

    async def aclose(self) -> None:
        """Give up the questions that are under way."""
        tasks = [bucket.refilling for bucket in self._buckets.values() if bucket.refilling is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _refilling(self, key_id: int, rate: float, bucket: "_Bucket") -> "asyncio.Task[None]":
        """What all who wait for the key's requests wait for."""
        if bucket.refilling is None:
            bucket.refilling = asyncio.create_task(self._refill(key_id, rate, bucket))
            bucket.refilling.add_done_callback(bucket.refilled)
        return bucket.refilling

    async def _refill(self, key_id: int, rate: float, bucket: "_Bucket") -> None:
        count = max(bucket.waiting, bucket.needed(most=rate * AHEAD))
        bucket.fill(await self._taking.ask((key_id, count)), count)

    async def _take(self, asked: Sequence[tuple[int, int]]) -> list[Granted]:
        taken = await limits.take_requests(self._direct, dict(asked))
        return [taken.get(key_id, UNLIMITED) for key_id, _ in asked]


class _Bucket:
    """What this process has taken of a key's requests, and how many callers wait for more."""

    def __init__(self) -> None:
        self.waiting = 0
        self.refilling: asyncio.Task[None] | None = None
        self.refused_until = 0.0
        self._left, self._filled_at, self._spent = 0, monotonic(), 0

    def spend(self) -> bool:
        """Use one, if there is one."""
        if not self._left or monotonic() >= self._filled_at + LAPSE:
            return False
        self._left -= 1
        self._spent += 1
        return True

    def needed(self, *, most: float) -> int:
        """How many a tenth of a second takes, by how soon the last ones were used up."""
        elapsed = max(monotonic() - self._filled_at, 0.001)
        return int(min(self._spent / elapsed * AHEAD, most))

    def fill(self, granted: Granted, asked: int) -> None:
        """Have what was granted; where it is not all that was asked for, there is no more for now."""
        self._left, self._filled_at, self._spent = granted.number, monotonic(), 0
        if granted.number < asked:
            self.refused_until = self._filled_at + max(AHEAD, granted.more_in)

    def refilled(self, task: "asyncio.Task[None]") -> None:
        self.refilling = None
        if not task.cancelled():
            task.exception()  # marked as seen: the callers may all have gone away
