"""Single statements of the path of a prediction, straight through asyncpg.

SQLAlchemy's session, greenlet and result take several times what Postgres takes for a lookup by key, and its
pool, as asyncpg's own, asks the server to reset a connection after each use. Nothing here changes the state
of a connection: each statement is a transaction of its own.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress

import asyncpg

from app.db.server.connecting import Connection
from app.db.server.outages import is_unfit, let_pass
from app.db.server.patience import ANSWER, FIRST_ANSWER
from app.db.server.silence import Silence

MAY_DO_AT_ONCE = (
    asyncpg.InvalidCachedStatementError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
)
"""What may go well when it is tried again."""

LAST_WORDS = 2.0
"""Seconds for the server to answer that a connection is closed."""


class ConnectionLost(ConnectionError):
    """The connection ended while it was used, or before."""


class NoAnswer(ConnectionLost):
    """A new connection was silent for too long."""


class Statement:
    """A statement with parameters as ``:name``, for ``Direct.fetch``; ``source`` is how it was given."""

    def __init__(self, text: str) -> None:
        self.source = text
        names: dict[str, int] = {}
        self.text = re.sub(
            r"(?<!:):(\w+)", lambda match: f"${names.setdefault(match[1], len(names) + 1)}", text
        )
        self.names = tuple(names)


class Direct:
    """At most ``size`` connections, each opened when it is first needed and kept until the end.

    Its own pool in thirty lines: asyncpg's makes a task, and a proxy, for each use of a connection.
    """

    def __init__(
        self, connect: Callable[[], Awaitable[Connection]], *, size: int, pooler: bool = False
    ) -> None:
        """``pooler``: it is one that our connections lead to, and theirs behind it may be what is unfit."""
        self._connect, self._pooler = connect, pooler
        self._slots = asyncio.Semaphore(size)
        self._idle: list[Connection] = []

    async def fetch(self, statement: Statement, values: Mapping[str, object]) -> Sequence[asyncpg.Record]:
        """The rows of a statement. It is run once more if the connection had died, or had been opened while
        the server was read-only, a plan was stale, as after a migration, or another transaction was let go
        first; it must be idempotent."""
        ordered = [values[name] for name in statement.names]
        async with self._slots:
            try:
                return await self._fetch(statement.text, ordered)
            except NoAnswer:
                raise
            except (ConnectionLost, asyncpg.ReadOnlySQLTransactionError):
                self._terminate_idle()  # the server went away, or turned, and all of them with it
            except MAY_DO_AT_ONCE as error:
                await let_pass(error)
            return await self._fetch(statement.text, ordered)

    async def _fetch(self, text: str, values: Sequence[object]) -> Sequence[asyncpg.Record]:
        connection, is_fit = self._idle_one(), False
        patience, kind = (FIRST_ANSWER, ConnectionLost) if connection else (ANSWER, NoAnswer)
        connection = connection or await self._open()
        silence = Silence(patience, connection.terminate)
        try:
            rows = await connection.fetch(text, *values)
            is_fit = True
            return rows
        except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError) as error:
            is_fit = not connection.is_closed() and not is_unfit(error)
            if self._pooler and is_unfit(error):
                await _spoil(connection)
            if not connection.is_closed():
                raise
            raise (kind if silence.is_over else ConnectionLost)(str(error)) from error
        finally:
            silence.cancel()
            if is_fit:
                self._idle.append(connection)
            else:  # it may still be busy with what was cancelled
                connection.terminate()

    def _idle_one(self) -> "Connection | None":
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
        return None

    async def _open(self) -> Connection:
        try:
            return await self._connect()
        except (asyncpg.InterfaceError, asyncpg.InternalClientError) as error:  # it was cut while it began
            raise ConnectionLost(str(error)) from error

    def _terminate_idle(self) -> None:
        while self._idle:
            self._idle.pop().terminate()

    async def aclose(self) -> None:
        """Close the idle ones; those in use belong to tasks that are to be ended before."""
        while self._idle:
            with suppress(TimeoutError, asyncpg.PostgresError, OSError):
                await self._idle.pop().close(timeout=LAST_WORDS)


async def _spoil(connection: Connection) -> None:
    """Have a pooler close its own connection with ours, which it does where ours ends in a transaction.

    It would hand it on to the next of us. The one that it gives first is the one it got back last.
    """
    with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError):
        await connection.execute("begin")
