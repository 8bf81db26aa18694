"""Within a process: one task works on a content, however many callers ask for it, and all get its result."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TypeAlias
from uuid import uuid4
from weakref import WeakKeyDictionary

from app.core.errors import BackendAway, NotInTime, Overloaded, Unavailable
from app.core.settings import Settings
from app.db.predictions.scope import Scope
from app.schemas.access.callers import CURRENT
from app.schemas.hosting.deployments import Deployment
from app.services.hosting.admission import Admission
from app.services.predictions.flights import Batch, Flight, Landed, Result, Wanted, ran_out_of_time
from app.services.predictions.leader import Leader

FlightKey: TypeAlias = tuple[Scope, str, bool, int | None]
"""What is computed, and out of whose budget: who has none boards no flight that ends where another's does."""

RETRY_AFTER = 1.0
"""Seconds after which a caller that is refused may find room."""
LEAST = 0.05
"""Seconds that a caller must have left to try again what another one's patience has ended."""


class SingleFlight:
    """The flights of this process.

    The work goes on when its callers go away, so that what was paid for is kept.
    """

    def __init__(self, settings: Settings, leader: Leader, *, queue: int | None = None) -> None:
        """``queue``: so many may wait for the model, and more are refused; None: all may."""
        self._settings = settings
        self._leader = leader
        self._admission = Admission(concurrency=settings.inference_concurrency, queue=queue)
        self._flights: dict[FlightKey, Flight] = {}
        self._deadlines: WeakKeyDictionary[Flight, float] = WeakKeyDictionary()
        self._tasks: set[asyncio.Task[None]] = set()

    def with_patience(self, seconds: float) -> "SingleFlight":
        """Another one, whose callers wait for so long, for the model: the user's code has what it has here.
        The claims are the same."""
        settings = self._settings.model_copy(update={"predict_timeout": seconds})
        code_seconds = self._settings.predict_timeout
        return SingleFlight(settings, replace(self._leader, settings=settings, code_seconds=code_seconds))

    async def predict(
        self, deployment: Deployment, scope: Scope, wanted: Sequence[Wanted], until: float | None = None
    ) -> dict[str, Result]:
        """A result per content hash; each may be wanted once. What is raised concerns all of them.

        ``until``: when the caller goes away, in the loop's time, if that is sooner than others would. The
        work goes on for them.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._settings.predict_timeout
        until = deadline if until is None else min(until, deadline)
        results: dict[str, Result] = {}
        while left := [one for one in wanted if one.content_hash not in results]:
            if not self._admission.admits(deployment):
                results |= self._refused(scope, left)
                left = [one for one in left if one.content_hash not in results]
            flights, ours = self._board(deployment, scope, left, deadline)
            if flights:
                await asyncio.wait(flights.values(), timeout=max(0.0, until - loop.time()))
            has_time = until - loop.time() > LEAST
            for one in left:
                flight, is_ours = flights[one.content_hash], one.content_hash in ours
                if is_ours or not (has_time and self._is_for_its_own_callers(flight, one)):
                    results[one.content_hash] = _result(flight, ours=is_ours)
        return results

    def refusal(self, deployment: Deployment) -> BackendAway | None:
        """Why nothing is sent to a deployment now; None where something would be."""
        return self._leader.inference.refusal(deployment)

    def _refused(self, scope: Scope, wanted: Sequence[Wanted]) -> dict[str, Result]:
        """What no flight is under way for, while there may be no more flights."""
        said = "As many predictions as may wait for the model are waiting."
        return {
            one.content_hash: Overloaded(said, retry_after=RETRY_AFTER)
            for one in wanted
            if _key(scope, one) not in self._flights
        }

    def _board(
        self, deployment: Deployment, scope: Scope, wanted: Sequence[Wanted], deadline: float
    ) -> tuple[dict[str, Flight], set[str]]:
        """The flights of what is wanted, and of which contents they are new."""
        flights: dict[str, Flight] = {}
        fresh: list[Wanted] = []
        for one in wanted:
            key = _key(scope, one)
            if key not in self._flights:
                self._flights[key] = self._new_flight(key)
                self._deadlines[self._flights[key]] = deadline
                fresh.append(one)
            flights[one.content_hash] = self._flights[key]
        ours = {one.content_hash for one in fresh}
        if fresh:
            self._take_off(deployment, scope, fresh, {one: flights[one] for one in ours}, deadline)
        return flights, ours

    @property
    def busy(self) -> bool:
        """Whether anything is under way."""
        return bool(self._tasks)

    async def aclose(self, *, grace: float) -> None:
        """Let what is under way land for ``grace`` seconds, then give up the claims of the rest."""
        if not self._tasks:
            return
        _, late = await asyncio.wait(self._tasks, timeout=grace)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late)

    def _is_for_its_own_callers(self, flight: Flight, one: Wanted) -> bool:
        """Whether a flight's result is nothing for one who boarded later: its first callers ran out of time,
        or it was computed before this one asked for a fresh one."""
        if not flight.done() or flight.cancelled() or flight.exception() is not None:
            return False
        result, deadline = flight.result(), self._deadlines[flight]
        if isinstance(result, Landed):
            return not one.accepts(result.entry)
        return ran_out_of_time(result, deadline, self._settings.predict_timeout)

    def _new_flight(self, key: FlightKey) -> Flight:
        flight: Flight = asyncio.get_running_loop().create_future()
        flight.add_done_callback(lambda _: self._flights.pop(key))
        return flight

    def _take_off(
        self,
        deployment: Deployment,
        scope: Scope,
        wanted: Sequence[Wanted],
        flights: dict[str, Flight],
        deadline: float,
    ) -> None:
        lease = self._leader.lease(uuid4())
        batch = Batch(deployment, scope, lease, deadline, wanted, flights)
        task = asyncio.create_task(self._leader.fly(batch))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(self._admission.enter(deployment))
        task.add_done_callback(partial(_crash, flights))


def _key(scope: Scope, one: Wanted) -> FlightKey:
    caller = CURRENT.get()
    payer = None if caller.inferences_per_day is None else caller.key_id
    return scope, one.content_hash, one.since is not None, payer


def _crash(flights: dict[str, Flight], task: asyncio.Task[None]) -> None:
    """Hand what ended the task to those who wait."""
    failure = None if task.cancelled() else task.exception()
    for flight in flights.values():
        if flight.done():
            continue
        if failure is None:
            flight.cancel()
        else:
            flight.set_exception(failure)
            flight.exception()  # marked as seen: the callers may all have gone away


def _result(flight: Flight, *, ours: bool) -> Result:
    if not flight.done():
        return NotInTime("The prediction was not ready in time; it may be there on the next call.")
    if flight.cancelled():
        return Unavailable("The service is shutting down.", retry_after=1)
    result = flight.result()
    if isinstance(result, Landed) and result.state == "MISS" and not ours:
        return replace(result, state="COALESCED")
    return result
