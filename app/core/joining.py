"""What comes together goes together: what concurrent callers ask for, done in as few goes as it takes."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Iterator, Sequence
from contextvars import Context
from typing import Generic, NamedTuple, TypeVar

from app.core.tracing.present import TRACING

Unit = TypeVar("Unit")
Got = TypeVar("Got")


class Joined(Generic[Unit, Got]):
    """Collects what is asked for while earlier work is under way, and does it in one go.

    ``work`` is given units in the order in which they came, and returns a result for each, in that order; an
    exception among them is that unit's alone. At most ``goes`` goes are under way at once, each with units of
    at most ``most`` together, by ``size``, or one larger unit. A caller alone does not wait: a go begins in
    the next round of the event loop. With ``slow`` a further one begins only when the last has taken so many
    seconds: the fewer there are, the more go together.

    What a go raises is raised to all its callers where it ``concerns_all`` of them, such as an outage; else
    each unit is tried by itself. A caller that goes away leaves the work to be done. Who waits for its go for
    longer than ``patience`` seconds gets a TimeoutError; None: it waits for as long as it takes.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Unit]], Awaitable[Sequence[Got | Exception]]],
        *,
        goes: int,
        most: int,
        slow: float = 0,
        patience: float | None = None,
        size: Callable[[Unit], int] = lambda _: 1,
        concerns_all: Callable[[Exception], bool] = lambda _: True,
    ) -> None:
        self._work, self._size, self._concerns_all = work, size, concerns_all
        self._goes, self._most, self._slow, self._patience = goes, most, slow, patience
        self._waiting: deque[_Unit[Unit, Got]] = deque()
        self._under_way = 0
        self._began = 0.0
        """When the last go began, in the loop's time."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._impatience: asyncio.TimerHandle | None = None
        self._hurry: asyncio.TimerHandle | None = None

    def ask(self, unit: Unit) -> "asyncio.Future[Got]":
        """The unit's result, to be awaited."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Got] = loop.create_future()
        asker = None if TRACING.spans is None else TRACING.spans.asker()
        self._waiting.append(_Unit(unit, future, loop.time() + (self._patience or 0), asker))
        if not self._under_way or (not self._slow and self._under_way < self._goes):
            self._begin(loop)
            return future
        if self._slow and self._hurry is None and self._under_way < self._goes:
            self._hurry = loop.call_later(self._slow, self._begin_another)
        if self._patience is not None and self._impatience is None:
            self._impatience = loop.call_later(self._patience, self._lose_patience)
        return future

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        self._under_way += 1
        # In a context of its own: what is logged for all of them is not of the one who came first.
        task = loop.create_task(self._go(), context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _begin_another(self) -> None:
        """If the last go is slow, and there is more to do; else look again when it may be."""
        self._hurry = None
        if not self._waiting or self._under_way >= self._goes:
            return
        loop = asyncio.get_running_loop()
        if (left := self._began + self._slow - loop.time()) <= 0:
            self._begin(loop)
            left = self._slow
        if self._under_way < self._goes:
            self._hurry = loop.call_later(left, self._begin_another)

    async def _go(self) -> None:
        try:
            while self._waiting:
                await self._settle(self._next())
        finally:  # not when the task is found to be done: who asks in between would wait for nobody
            self._under_way -= 1

    def _next(self) -> list["_Unit[Unit, Got]"]:
        """The first of those that wait, as many as fit."""
        taken, room = [self._waiting.popleft()], self._most
        room -= self._size(taken[0].unit)
        while self._waiting and (room := room - self._size(self._waiting[0].unit)) >= 0:
            taken.append(self._waiting.popleft())
        return taken

    async def _settle(self, taken: Sequence["_Unit[Unit, Got]"]) -> None:
        results: Sequence[Got | Exception]
        self._began = asyncio.get_running_loop().time()
        try:
            if (spans := TRACING.spans) is None:
                results = await self._work([one.unit for one in taken])
            else:
                with spans.together([one.asker for one in taken]):
                    results = await self._work([one.unit for one in taken])
            if len(results) != len(taken):
                raise RuntimeError(f"There are {len(results)} results for {len(taken)} units.")
        except asyncio.CancelledError:
            for one in taken:  # or they would wait for nobody
                one.future.cancel()
            raise
        except Exception as error:  # noqa: BLE001 - it is the callers'
            if len(taken) > 1 and not self._concerns_all(error):
                for one in taken:
                    await self._settle([one])
                return
            results = [error] * len(taken)
        for one, result in zip(taken, results, strict=True):
            one.settle(result)

    def _lose_patience(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting and self._waiting[0].until <= loop.time():
            self._waiting.popleft().settle(TimeoutError("Nothing was done for this in time."))
        at = self._waiting[0].until if self._waiting else None
        self._impatience = None if at is None else loop.call_at(at, self._lose_patience)


async def apart(
    units: Sequence[Unit],
    kind: Callable[[Unit], Hashable],
    work: Callable[[Sequence[Unit]], Awaitable[Sequence[Got]]],
) -> Sequence[Got]:
    """What ``work`` gives for each unit, in their order, done for each kind of them by itself. What one of
    them raises is raised when all have ended."""
    kinds: dict[Hashable, list[Unit]] = {}
    for unit in units:
        kinds.setdefault(kind(unit), []).append(unit)
    if len(kinds) == 1:
        return await work(units)
    done = await asyncio.gather(*map(work, kinds.values()), return_exceptions=True)
    each: dict[Hashable, Iterator[Got]] = {}
    for one, results in zip(kinds, done, strict=True):
        if isinstance(results, BaseException):
            raise results
        each[one] = iter(results)
    return [next(each[kind(unit)]) for unit in units]


class _Unit(NamedTuple, Generic[Unit, Got]):
    unit: Unit
    future: "asyncio.Future[Got]"
    until: float
    """When its caller loses patience, in the loop's time."""
    asker: object = None
    """The span in which it was asked for, where this process traces."""

    def settle(self, result: "Got | Exception") -> None:
        if self.future.done():  # its caller has gone away
            return
        if isinstance(result, Exception):
            self.future.set_exception(result)
        else:
            self.future.set_result(result)
