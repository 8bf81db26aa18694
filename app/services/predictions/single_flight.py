"""Within a process: one task works on a key, however many callers ask for it, and all get its result."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TypeAlias
from uuid import uuid4

from app.core.errors import AppError, NotInTime, Unavailable
from app.core.settings import Settings
from app.db.predictions.cache import Scope
from app.schemas.hosting.deployments import Deployment
from app.services.predictions.leader import Batch, Flight, Leader, Result, Wanted

FlightKey: TypeAlias = tuple[Scope, str, str, bool]


class SingleFlight:
    """The flights of this process.

    The work goes on when its callers go away, so that what was paid for is kept.
    """

    def __init__(self, settings: Settings, leader: Leader) -> None:
        self._settings = settings
        self._leader = leader
        self._flights: dict[FlightKey, Flight] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def predict(
        self, deployment: Deployment, scope: Scope, wanted: Sequence[Wanted]
    ) -> dict[str, Result]:
        """A result per record id; each id may be wanted once. What is raised concerns all of them."""
        flights: dict[str, Flight] = {}
        fresh: list[Wanted] = []
        for one in wanted:
            key = (scope, *one.key, one.after > 0)
            if key not in self._flights:
                self._flights[key] = self._new_flight(key)
                fresh.append(one)
            flights[one.record_id] = self._flights[key]
        if fresh:
            self._take_off(deployment, scope, fresh, {one.record_id: flights[one.record_id] for one in fresh})
        await asyncio.wait(flights.values(), timeout=self._settings.predict_timeout)
        ours = {one.record_id for one in fresh}
        return {record_id: _result(flight, ours=record_id in ours) for record_id, flight in flights.items()}

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

    def _new_flight(self, key: FlightKey) -> Flight:
        flight: Flight = asyncio.get_running_loop().create_future()
        flight.add_done_callback(lambda _: self._flights.pop(key))
        return flight

    def _take_off(
        self, deployment: Deployment, scope: Scope, wanted: Sequence[Wanted], flights: dict[str, Flight]
    ) -> None:
        deadline = asyncio.get_running_loop().time() + self._settings.predict_timeout
        batch = Batch(deployment, scope, self._leader.lease(uuid4()), deadline, wanted, flights)
        task = asyncio.create_task(self._leader.fly(batch))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(partial(_crash, flights))


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
    return result if ours or isinstance(result, AppError) else replace(result, led=False)
