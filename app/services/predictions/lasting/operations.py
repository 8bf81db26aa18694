"""Asks for operations, or joins those that are open, and waits for them as long as a caller does."""

import asyncio
import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import AppError, NotFound
from app.core.errors.stored import revive
from app.core.joining import Joined
from app.core.settings import Settings
from app.db.engine import Database, is_outage
from app.db.listener import Listener
from app.db.operations import asking as rows
from app.db.operations.asking import Looked, NewOperation
from app.db.predictions import claiming
from app.db.predictions.scope import Scope
from app.schemas.access.callers import CURRENT
from app.services.access.budgets import Budgets
from app.services.predictions.flights import Landed, Result, Wanted

SHORTEST_POLL, LONGEST_POLL = 0.1, 2.0
"""Seconds between two looks at operations that somebody waits for; who ends one tells."""
LOOKS, AT_ONCE = 2, 500
"""Statements at once that look at them, and the most operations of one."""


@dataclass(frozen=True)
class Open:
    """An operation that has not ended, and for which record it is waited for; ``is_ours``: it was begun for
    this caller."""

    id: int
    record_id: str
    is_ours: bool


def told_as(operation_id: int) -> UUID:
    """Under what those who wait for an operation are told of its end."""
    return UUID(int=operation_id)


class Operations:
    """Those of the callers of this process."""

    def __init__(self, settings: Settings, database: Database, budgets: Budgets, listener: Listener) -> None:
        self._settings, self._database, self._budgets = settings, database, budgets
        self._listener = listener
        self._looks: Joined[int, Looked | None] = Joined(
            self._look,
            goes=LOOKS,
            most=AT_ONCE,
            patience=settings.database_pool_timeout,
            concerns_all=is_outage,
        )

    async def ask(self, scope: Scope, wanted: Sequence[Wanted], *, submits: bool) -> dict[str, Open | Result]:
        """For each content the operation that will answer it, or what there is already.

        What nobody else is asking for is begun, out of the caller's budget. Each may be wanted once.
        """
        async with self._database.transactions.begin() as session:
            found: dict[str, Open | Result] = {}
            while left := [one for one in wanted if one.content_hash not in found]:
                found |= await self._standing(session, scope, left)
                left = [one for one in left if one.content_hash not in found]
                if left:
                    found |= await self._begin(session, scope, left, submits=submits)
            return found

    async def _standing(
        self, session: AsyncSession, scope: Scope, wanted: Sequence[Wanted]
    ) -> dict[str, Open | Result]:
        """What is open, or has failed a moment ago."""
        refresh = any(one.since is not None for one in wanted)
        records = {one.content_hash: one.record_id for one in wanted}
        standing = await rows.find(session, scope, [*records], refresh=refresh)
        return {
            content: revive(one.error)
            if one.error is not None
            else Open(one.operation_id, records[content], is_ours=False)
            for content, one in standing.items()
        }

    async def _begin(
        self, session: AsyncSession, scope: Scope, wanted: Sequence[Wanted], *, submits: bool
    ) -> dict[str, Open | Result]:
        """Those that nobody has begun meanwhile. Once they are there, what has landed is looked at again:
        whoever ends one has stored its prediction before."""
        new = [_new(one) for one in wanted]
        ids = await rows.insert(
            session, scope, new, submits=submits, patience=self._settings.operation_timeout
        )
        if not ids:
            return {}
        begun = [one for one in wanted if one.content_hash in ids]
        landed = await self._landed(scope, begun)
        unlanded = [one.content_hash for one in begun if one.content_hash not in landed]
        count, refusal = await self._budgets.take(CURRENT.get(), len(unlanded)) if unlanded else (0, None)
        paid, unpaid = unlanded[:count], unlanded[count:]
        if needless := [ids[content] for content in (*landed, *unpaid)]:
            await rows.delete(session, needless)
        refused: Mapping[str, AppError] = dict.fromkeys(unpaid, refusal) if refusal is not None else {}
        records = {one.content_hash: one.record_id for one in wanted}
        opened = {content: Open(ids[content], records[content], is_ours=True) for content in paid}
        return {**landed, **refused, **opened}

    async def _landed(self, scope: Scope, wanted: Sequence[Wanted]) -> dict[str, Open | Result]:
        hashes, ttl = [one.content_hash for one in wanted], self._settings.prediction_ttl
        [seen] = await claiming.look_again(self._database.direct, [(scope, hashes)], ttl=ttl)
        if seen is None:
            raise NotFound("The model version was deleted meanwhile.")
        return {
            one.content_hash: Landed(entry, "COALESCED" if entry.record_id == one.record_id else "HIT")
            for one in wanted
            if (entry := seen.entries.get(one.content_hash)) is not None and one.accepts(entry)
        }

    async def wait(self, operations: Collection[Open], until: float) -> dict[int, Result | None]:
        """What became of those that ended until then, by the loop's time; None where it is nothing to who
        waits (see ``is_moot``), and is to be asked for anew."""
        loop, ended = asyncio.get_running_loop(), dict[int, Result | None]()
        pause, left = SHORTEST_POLL, {one.id: one for one in operations}
        while left and (time := until - loop.time()) > 0:
            await self._listener.wait(told_as(next(iter(left))), min(time, pause * random.uniform(0.7, 1.3)))
            pause = min(pause * 1.6, LONGEST_POLL)
            looked = await asyncio.gather(*map(self._looks.ask, left))
            for one, found in zip([*left.values()], looked, strict=True):
                if is_moot(found, one.record_id):
                    ended[one.id] = None
                    del left[one.id]
                elif (result := outcome(found)) is not None:
                    ended[one.id] = _as_ours(result) if one.is_ours else result
                    del left[one.id]
        return ended

    async def _look(self, ids: Sequence[int]) -> list[Looked | None]:
        found = {one.id: one for one in await rows.look(self._database.direct, list(dict.fromkeys(ids)))}
        return [found.get(one) for one in ids]


def _new(one: Wanted) -> NewOperation:
    return NewOperation(one.record_id, one.content_hash, one.payload, refresh=one.since is not None)


def _as_ours(result: Result) -> Result:
    return replace(result, state="MISS") if isinstance(result, Landed) else result


def is_moot(found: Looked | None, record_id: str) -> bool:
    """Whether it has ended because the record that it was begun for is gone, and that is another one."""
    if found is None or found.failure is None or found.begun_for == record_id:
        return False
    return isinstance(revive(found.failure), NotFound)


def outcome(found: Looked | None) -> Result | None:
    """What became of an operation that was looked for; None while it is open."""
    if found is None:
        return NotFound("The model version was deleted meanwhile.")
    if found.state == "done":
        if (entry := found.entry) is None:
            return NotFound("The prediction was made, and is no longer stored.")
        return Landed(entry, "COALESCED")
    return None if found.failure is None else revive(found.failure)
