"""The queue as a worker uses it: a connection of its own, opened anew whenever anything is wrong with it.

Of PgQueuer its tables and statements are used. Its managers are not: they tie the tasks under way to their
connections, and wait for the ones when they lose the others.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TypeVar
from uuid import uuid4

import asyncpg
from pgqueuer import AsyncpgDriver, Job, Queries
from pgqueuer.domain.settings import db_settings
from pgqueuer.models import TracebackRecord
from pgqueuer.ports.repository import EntrypointExecutionParameter
from pgqueuer.types import JOB_STATUS, JobId, QueueEntrypoint, QueueManagerId

from app.core.logging.quoting import without_messages
from app.core.settings import Settings
from app.db.engine import OF_WORKERS, OUTAGES
from app.db.queue import lives, stuck
from app.db.queue.tasks import TaskName
from app.db.server.connecting import Connection, connect
from app.db.server.patience import FIRST_ANSWER, IDLE
from app.db.server.silence import Silence

T = TypeVar("T")
ANSWER_SECONDS = 10.0
"""For the first work on a connection; after that it is taken for dead."""
UNLIMITED = EntrypointExecutionParameter(concurrency_limit=0)
_IS_MINE = "select from pgqueuer where id = $1 and queue_manager_id = $2 and status = 'picked' for update"
LOSSES: tuple[type[Exception], ...] = (*OUTAGES, asyncpg.InterfaceError)
"""What the driver raises of a connection that is lost."""


class QueueLost(ConnectionError):
    """The queue could not be asked. The next call opens another connection."""


class Queue:
    """One worker's. A call at a time; any may raise QueueLost."""

    def __init__(self, settings: Settings, silent: Callable[[], None] = lambda: None) -> None:
        """``silent`` is called when the server has not answered on a connection."""
        # Past a transaction pooler: the connection LISTENs.
        self._url = settings.direct_url.get_secret_value()
        self._id = QueueManagerId(uuid4())
        self._silent = silent
        self._used: float | None = None
        """When the connection was last, in the loop's time."""
        self._connection: Connection | None = None
        self._lock = asyncio.Lock()
        self.told = asyncio.Event()
        """Something has changed in the queue."""

    async def take(self, tasks: Sequence[TaskName], *, silent: timedelta) -> Job | None:
        """The next task, which may be that of a worker that was ``silent`` for so long."""
        wanted = {QueueEntrypoint(name): UNLIMITED for name in tasks}

        def dequeue(_: Connection, queries: Queries) -> Awaitable[list[Job]]:
            return queries.dequeue(
                batch_size=1,
                entrypoints=wanted,
                queue_manager_id=self._id,
                global_concurrency_limit=None,
                heartbeat_timeout=silent,
            )

        found = await self.do(dequeue)
        return found[0] if found else None

    async def beat(self, job_ids: Sequence[JobId]) -> None:
        """Show that the worker lives, and is at these tasks."""

        async def show(connection: Connection, queries: Queries) -> None:
            await connection.execute(lives.ENTER, self._id)
            if job_ids:
                await queries.update_heartbeat(list(job_ids))

        await self.do(show)

    async def end_stuck(self, own: Sequence[int]) -> int:
        """End transactions of stopped processes that others wait for, and what is left of connections of our
        ``own`` that were cut: the server's processes behind them. How many there were."""

        async def end(connection: Connection, _: Queries) -> int:
            ended = await connection.fetch(stuck.END_OWN, own) if own else []
            return len(ended) + len(await connection.fetch(stuck.END, stuck.PATIENCE))

        return await self.do(end)

    async def end(self, job: Job, failure: Exception | None = None) -> None:
        """Take a task off the queue; one that failed stays in its table, to be looked at."""
        record = None if failure is None else _record(failure, job)
        status: JOB_STATUS = "successful" if failure is None else "failed"
        await self._if_mine(job, lambda queries: queries.log_jobs([(job, status, record)]))

    async def put_back(self, job: Job, delay: timedelta, why: Exception) -> None:
        """Queue a task again, for after the delay."""
        record = _record(why, job)
        await self._if_mine(job, lambda queries: queries.retry_job(job, delay, record))

    async def _if_mine(self, job: Job, work: Callable[[Queries], Awaitable[None]]) -> None:
        """Unless another worker has it by now, which PgQueuer does not ask."""

        async def look(connection: Connection, queries: Queries) -> None:
            async with connection.transaction():
                if await connection.fetch(_IS_MINE, job.id, self._id):
                    await work(queries)

        await self.do(look)

    async def do(self, work: Callable[[Connection, Queries], Awaitable[T]]) -> T:
        """Work on the connection. Whatever is raised, that connection goes: nobody knows its state."""
        async with self._lock:
            is_fit = False
            try:
                connection = await self._connected()
                with self._patience(connection):
                    found = await work(connection, Queries(AsyncpgDriver(connection)))
                is_fit, self._used = True, asyncio.get_running_loop().time()
                return found
            except Exception as error:
                raise QueueLost from error
            finally:
                if not is_fit:
                    self._drop()

    async def _connected(self) -> Connection:
        if self._connection is not None and not await self._is_alive(self._connection):
            self._drop()
        if self._connection is None:
            self._used = None
            self._connection = await connect(self._url, server_settings=OF_WORKERS)
            self._connection.add_termination_listener(lambda _: self.told.set())
            with self._patience(self._connection):
                await self._connection.add_listener(db_settings().channel, lambda *_: self.told.set())
        return self._connection

    async def _is_alive(self, connection: Connection) -> bool:
        """Asked, if it was idle for a while: then nothing is lost with it."""
        if self._used is None or asyncio.get_running_loop().time() - self._used < IDLE:
            return not connection.is_closed()
        try:
            with self._patience(connection):
                await connection.fetchval("select 1")
        except LOSSES:
            return False
        return True

    @contextmanager
    def _patience(self, connection: Connection) -> Iterator[None]:
        """One that was used may have died since, and be silent for ever; a new one may be slow."""
        seconds = ANSWER_SECONDS if self._used is None else FIRST_ANSWER
        silence = Silence(seconds, connection.terminate)
        try:
            yield
        finally:
            silence.cancel()
            if silence.is_over:
                self._silent()

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
        self._connection = None

    async def aclose(self) -> None:
        """Close the connection; nothing is waited for."""
        async with self._lock:
            self._drop()


def _record(error: Exception, job: Job) -> TracebackRecord:
    """What is kept of an error: where and of which type it was. Its message may quote a record, and hold what
    JSONB refuses, so that the task could never be ended."""
    record = TracebackRecord.from_exception(error, job.id)
    told = without_messages((type(error), error, error.__traceback__))
    fit = told.encode(errors="replace").decode().replace("\0", "?")
    return record.model_copy(update={"exception_message": "", "traceback": fit})
