"""Rows of several callers on their way to one model, gathered for one call."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import nullcontext
from contextvars import Context
from dataclasses import dataclass
from typing import TypeAlias, TypeGuard

from app.core.tracing.present import TRACING
from app.schemas.payloads import Payload, Sendable
from app.schemas.rows import Row
from app.services.hosting.outcomes import InferenceOutcome

Send: TypeAlias = Callable[[Sequence[Row], float], Awaitable[Sequence[InferenceOutcome]]]
"""Sends rows; an outcome for each, by a deadline in the loop's time."""


@dataclass(frozen=True)
class _Caller:
    rows: Sequence[Row]
    deadline: float
    outcomes: "asyncio.Future[Sequence[InferenceOutcome]]"
    asker: object
    """The span in which it asks, where this process traces."""


class Gathering:
    """Sends what has come when the first of it has waited for ``delay`` seconds, or there are ``most`` rows.

    The rows that go together have the time of the most patient of their callers; each of these is to keep its
    own. Who goes away leaves its rows to be sent.
    """

    def __init__(self, *, delay: float, most: int) -> None:
        self._delay, self._most = delay, most
        self._callers: list[_Caller] = []
        self._timer: asyncio.TimerHandle | None = None
        self._calls: set[asyncio.Task[None]] = set()

    def takes(self, rows: Sequence[Sendable]) -> TypeGuard[Sequence[Row]]:
        """Whether so many are not a call of their own; a payload always is."""
        return 0 < len(rows) < self._most and not any(isinstance(row, Payload) for row in rows)

    async def send(self, rows: Sequence[Row], deadline: float, send: Send) -> list[InferenceOutcome]:
        """The outcomes of these rows, which go with those of others."""
        loop = asyncio.get_running_loop()
        if sum(len(one.rows) for one in self._callers) + len(rows) > self._most:
            self._go(send)
        asker = None if TRACING.spans is None else TRACING.spans.asker()
        caller = _Caller(rows, deadline, loop.create_future(), asker)
        self._callers.append(caller)
        if sum(len(one.rows) for one in self._callers) == self._most:
            self._go(send)
        elif self._timer is None:
            self._timer = loop.call_later(self._delay, self._go, send)
        return list(await caller.outcomes)

    def _go(self, send: Send) -> None:
        callers, self._callers = self._callers, []
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        # In a context of its own: what is logged for all of them is not of the one who came first.
        call = asyncio.get_running_loop().create_task(_call(callers, send), context=Context())
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)


async def _call(callers: Sequence[_Caller], send: Send) -> None:
    rows, deadline = [row for one in callers for row in one.rows], max(one.deadline for one in callers)
    spans = TRACING.spans
    together = nullcontext() if spans is None else spans.together([one.asker for one in callers])
    try:
        with together:
            outcomes = iter(await send(rows, deadline))
    except Exception as error:  # noqa: BLE001 - it is the callers'
        for one in callers:
            if not one.outcomes.done():
                one.outcomes.set_exception(error)
        return
    for one in callers:
        own = [next(outcomes) for _ in one.rows]
        if not one.outcomes.done():
            one.outcomes.set_result(own)
