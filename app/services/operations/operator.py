"""Takes operations that are due: hands them to platforms that answer later, fetches answers, or waits for
models itself.

The table is the queue: a worker that dies leaves what it has taken until the lease is over, and nobody sits
and waits for what a platform has.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from uuid import uuid4

import structlog

from app.core.errors import AppError, BackendTimeout
from app.core.errors.stored import as_stored
from app.core.tracing.parts import doing
from app.db.engine import OUTAGES, is_outage
from app.db.operations import working as rows
from app.db.operations.working import TakenOperation
from app.services.operations.computing import Computing
from app.services.operations.ending import Ending
from app.services.operations.submitted import Submitted
from app.services.predictions.heartbeat import Heartbeat
from app.services.runtime import Runtime

log = structlog.get_logger(__name__)

LEASE = 12.0
"""Seconds after which what a silent worker has taken is another's; renewed every third of it."""
TICK = 0.5
"""Seconds between two looks for what is due."""
PAUSE = 1.0
"""Seconds before another one, where the database could not be reached."""
MOST_SUBMITTED, MOST_COMPUTED = 16, 32
"""Operations that a worker is at, at once: of those that platforms take, and of those that it waits for."""
GRACE = 5.0
"""Seconds that what is under way may go on after a stop."""
EXPIRE_EVERY = 60.0
"""Seconds between two looks for operations of other code whose time is over."""
NOBODY_CAME = BackendTimeout("No worker with the code that this was asked of finished it in time.")

Doing = Callable[[TakenOperation], Awaitable[None]]


class Operator:
    """That of one worker."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime, self._id = runtime, uuid4()
        self._computing = Computing(runtime, self._id)
        self._submitted = Submitted(runtime, self._id)
        self._ending = Ending(runtime.settings, runtime.database, self._id)
        self._under_way: dict[int, tuple[bool, asyncio.Task[None]]] = {}
        self._task: asyncio.Task[None] | None = None
        self._stopping, self._room = asyncio.Event(), asyncio.Event()
        self._expires_at = 0.0

    def begin(self) -> None:
        """Go on until it is closed; once, however often this is called, but for one that a bug has ended."""
        if self._task is not None and self._task.done() and (failure := self._task.exception()):
            log.error("operator failed", exc_info=failure)
            self._task = None
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="operator")

    async def aclose(self) -> None:
        """Take nothing more; what does not end in time is another worker's at once."""
        self._stopping.set()
        self._room.set()
        if self._task is not None:
            await asyncio.wait((self._task,))
        works = [task for _, task in self._under_way.values()]
        if works:
            await asyncio.wait(works, timeout=GRACE)
            left = [number for number, (_, task) in self._under_way.items() if not task.done()]
            for task in works:
                task.cancel()
            await asyncio.wait(works)
            await self._hand_back(left)
        await self._computing.aclose()

    async def _run(self) -> None:
        while not self._stopping.is_set():
            seconds, told = TICK, self._stopping
            self._room.clear()
            try:
                if await self._tick():
                    told = self._room
            except OUTAGES as error:
                if not is_outage(error):
                    raise
                log.warning("operations out of reach", error=type(error).__name__)
                seconds = PAUSE
            await _until_set(told, seconds)

    async def _tick(self) -> bool:
        """Whether there may be more that is due than there was room for."""
        if (now := asyncio.get_running_loop().time()) >= self._expires_at:
            self._expires_at = now + EXPIRE_EVERY
            await self._expire_others()
        is_full = await self._take(self._submitted.work, submits=True, most=MOST_SUBMITTED)
        return await self._take(self._computing.work, submits=False, most=MOST_COMPUTED) or is_full

    async def _take(self, work: Doing, *, submits: bool, most: int) -> bool:
        busy = sum(kind == submits for kind, _ in self._under_way.values())
        if busy >= most:
            return True
        async with self._runtime.sessions.begin() as session:
            taken = await rows.take(
                session,
                self._id,
                self._runtime.predictor.pipeline_version,
                submits=submits,
                most=most - busy,
                lease=LEASE,
            )
        for one in taken:
            if one.id not in self._under_way:
                task = asyncio.create_task(self._work(work, one))
                self._under_way[one.id] = submits, task
        return len(taken) == most - busy

    async def _work(self, work: Doing, taken: TakenOperation) -> None:
        """Keep it while it is worked on. What cannot be told is tried again when the lease is over."""
        heartbeat = Heartbeat(LEASE / 3, lambda: self._renew(taken.id))
        try:
            with doing("operation"):
                await work(taken)
        except Exception as error:  # a bug, too, which ends it and not the others
            if isinstance(error, OUTAGES) and is_outage(error):
                log.warning("operation put off", operation=taken.id, error=type(error).__name__)
            else:
                log.error("operation failed", operation=taken.id, exc_info=error)
                await self._ending.fail(taken, AppError("The service failed; the worker's log says how."))
        finally:
            heartbeat.stop()
            del self._under_way[taken.id]
            self._room.set()

    async def _renew(self, operation_id: int) -> None:
        try:
            async with self._runtime.sessions.begin() as session:
                await rows.put_off(session, self._id, [operation_id], LEASE)
        except OUTAGES as error:
            if not is_outage(error):
                raise
            log.warning("operation not renewed", operation=operation_id, error=type(error).__name__)

    async def _hand_back(self, ids: Sequence[int]) -> None:
        try:
            async with self._runtime.sessions.begin() as session:
                await rows.put_off(session, self._id, ids, 0.0)
        except OUTAGES as error:  # the lease will end by itself
            log.warning("operations not handed back", error=type(error).__name__)

    async def _expire_others(self) -> None:
        version = self._runtime.predictor.pipeline_version
        async with self._runtime.sessions.begin() as session:
            ended = await rows.expire_others(session, version, as_stored(NOBODY_CAME))
        if ended:
            log.warning("operations of other code ended", count=len(ended))


async def _until_set(event: asyncio.Event, seconds: float) -> None:
    waiting = asyncio.create_task(event.wait())
    await asyncio.wait((waiting,), timeout=seconds)
    waiting.cancel()
