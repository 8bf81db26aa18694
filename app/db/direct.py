"""Single statements of the path of a prediction, straight through asyncpg.

SQLAlchemy's session, greenlet and result take several times what Postgres takes for a lookup by key, and its
pool, as asyncpg's own, asks the server to reset a connection after each use. Nothing here changes the state
of a connection but for whom it is, which is kept in mind: each statement is a transaction of its own.
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
from app.schemas.access.callers import CURRENT, UNBOUND, Binding

MAY_DO_AT_ONCE = (
    asyncpg.InvalidCachedStatementError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
)
"""What may go well when it is tried again."""

SET = "select set_config('app.record_prefix', $1, {0}), set_config('app.models', $2, {0})"
FOR_NOW, FOR_GOOD = SET.format("true"), SET.format("false")

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

    Its own pool in thirty lines: asyncpg's makes a task, and a proxy, for each use of a connection. ``users``
    are those that have one, or wait for it.
    """

    def __init__(
        self, connect: Callable[[], Awaitable[Connection]], *, size: int, pooler: bool = False
    ) -> None:
        """``pooler``: it is one that our connections lead to, and theirs behind it may be what is unfit."""
        self._connect, self._pooler = connect, pooler
        self._slots = asyncio.Semaphore(size)
        self.size, self.users = size, 0
        self._idle: list[tuple[Connection, Binding]] = []
        """Each with what was told to the server last of whom it is for."""

    async def fetch(
        self, statement: Statement, values: Mapping[str, object], *, binding: Binding | None = None
    ) -> Sequence[asyncpg.Record]:
        """The rows of a statement. It is run once more if the connection had died, or had been opened while
        the server was read-only, a plan was stale, as after a migration, or another transaction was let go
        first; it must be idempotent. ``binding``: whom it is for, by default the present caller; to be given
        where what several callers ask for goes together."""
        wanted = CURRENT.get().binding if binding is None else binding
        ordered = [values[name] for name in statement.names]
        self.users += 1
        try:
            async with self._slots:
                return await self._fetch_once_more(statement.text, ordered, wanted)
        finally:
            self.users -= 1

    async def _fetch_once_more(
        self, text: str, values: Sequence[object], wanted: Binding
    ) -> Sequence[asyncpg.Record]:
        try:
            return await self._fetch(text, values, wanted)
        except NoAnswer:
            raise
        except (ConnectionLost, asyncpg.ReadOnlySQLTransactionError):
            self.hang_up_idle()  # the server went away, or turned, and all of them with it
        except MAY_DO_AT_ONCE as error:
            await let_pass(error)
        return await self._fetch(text, values, wanted)

    async def _fetch(self, text: str, values: Sequence[object], wanted: Binding) -> Sequence[asyncpg.Record]:
        (connection, bound), is_fit = self._idle_one(wanted), False
        patience, kind = (FIRST_ANSWER, ConnectionLost) if connection else (ANSWER, NoAnswer)
        connection = connection or await self._open()
        silence = Silence(patience, connection.terminate)
        try:
            if bound != wanted and not self._pooler:
                await connection.fetch(FOR_GOOD, *wanted)
            bound = wanted
            rows = await self._run(connection, text, values, wanted)
            is_fit = True
            return rows
        except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError) as error:
            is_fit = bound == wanted and not connection.is_closed() and not is_unfit(error)
            if self._pooler and is_unfit(error):
                await _spoil(connection)
            if not connection.is_closed():
                raise
            raise (kind if silence.is_over else ConnectionLost)(str(error)) from error
        finally:
            silence.cancel()
            if is_fit:
                self._idle.append((connection, UNBOUND if self._pooler else bound))
            else:  # it may still be busy with what was cancelled
                connection.terminate()

    async def _run(
        self, connection: Connection, text: str, values: Sequence[object], wanted: Binding
    ) -> Sequence[asyncpg.Record]:
        if not self._pooler or wanted == UNBOUND:
            return await connection.fetch(text, *values)
        async with connection.transaction():  # behind a pooler nothing else is sure to be of one connection
            await connection.fetch(FOR_NOW, *wanted)
            return await connection.fetch(text, *values)

    def _idle_one(self, wanted: Binding) -> "tuple[Connection | None, Binding]":
        """The last that was used, of those that are for the same caller if there are any."""
        self._idle = [one for one in self._idle if not one[0].is_closed()]
        for place in reversed(range(len(self._idle))):
            if self._idle[place][1] == wanted:
                return self._idle.pop(place)
        return self._idle.pop() if self._idle else (None, UNBOUND)

    async def _open(self) -> Connection:
        try:
            return await self._connect()
        except (asyncpg.InterfaceError, asyncpg.InternalClientError) as error:  # it was cut while it began
            raise ConnectionLost(str(error)) from error

    def hang_up_idle(self) -> None:
        """Without a word: they are likely dead."""
        while self._idle:
            self._idle.pop()[0].terminate()

    async def aclose(self) -> None:
        """Close the idle ones; those in use belong to tasks that are to be ended before."""
        while self._idle:
            with suppress(TimeoutError, asyncpg.PostgresError, OSError):
                await self._idle.pop()[0].close(timeout=LAST_WORDS)


async def _spoil(connection: Connection) -> None:
    """Have a pooler close its own connection with ours, which it does where ours ends in a transaction.

    It would hand it on to the next of us. The one that it gives first is the one it got back last.
    """
    with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError):
        await connection.execute("begin")
