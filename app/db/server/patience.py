"""An end for every wait on the server: who does not answer in time is taken for dead, and hung up on.

A backend may be stopped, or its host be gone without a word, and then nothing ever comes. To cancel a
statement would ask the same server; a connection that is cut ends here at once, as any that was lost.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar, cast
from weakref import WeakKeyDictionary, ref

import asyncpg
from sqlalchemy import Connection, Executable, event
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_connection, AsyncAdapt_asyncpg_dbapi
from sqlalchemy.engine.interfaces import ExceptionContext, ExecutionContext
from sqlalchemy.exc import DisconnectionError, InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.server.connecting import CONNECT_TIMEOUT
from app.db.server.connecting import Connection as Driver
from app.db.server.silence import Silence

FIRST_ANSWER = 2.0
"""Seconds for the first answer on a connection that was used before: it may have died since, and what is
asked may be asked anew."""
IDLE = 1.0
"""Seconds after which a connection is asked for a sign of life before it is used again."""
ANSWER = 10.0
"""Seconds for the answer to a statement, or a commit. To find a row by its key takes half a millisecond."""
LONGEST = 900.0
"""Seconds for a statement that is `patient`."""
LOST = (AsyncAdapt_asyncpg_dbapi.Error, asyncpg.InternalClientError, OSError)
AnyStatement = TypeVar("AnyStatement", bound=Executable)


def patient(statement: AnyStatement) -> AnyStatement:
    """The same, for what may read or write a whole table, and so take LONGEST."""
    return statement.execution_options(patience=LONGEST)


class Watch:
    """Cuts a connection of an engine that is asked something, and is silent for longer than it may be."""

    def __init__(self) -> None:
        self._timers: WeakKeyDictionary[Driver, Silence] = WeakKeyDictionary()
        self._patience: WeakKeyDictionary[Driver, float] = WeakKeyDictionary()
        """That of a transaction: what was changed in it has to be committed."""
        self._used: WeakKeyDictionary[Driver, float] = WeakKeyDictionary()
        """When it was given back, by the loop's clock; nothing where it has answered since."""
        self.dead: set[int] = set()
        """The server's processes behind those that were cut: they may not know, and keep their locks."""

    async def opened(self, connect: Callable[[], Awaitable[Driver]]) -> Driver:
        """A new connection, which SQLAlchemy goes on to ask a few things before anybody gets it."""
        driver = await connect()
        self.begin(driver, CONNECT_TIMEOUT)
        return driver

    def attach(self, engine: AsyncEngine) -> None:
        """Watch the connections of this engine, which are opened by ``opened``."""
        listen, watched = event.listen, engine.sync_engine
        listen(watched, "before_cursor_execute", self._before)
        listen(watched, "after_cursor_execute", self._after)
        listen(watched, "handle_error", self._failed)
        listen(watched, "commit", self._ending)
        listen(watched, "rollback", self._ending)
        listen(watched, "checkout", self._taken)
        listen(watched, "checkin", self._given_back)

    def begin(self, driver: Driver, patience: float) -> None:
        """From now on it has so many seconds to answer."""
        self.end(driver)
        self._timers[driver] = Silence(patience, partial(self._cut, ref(driver)))

    def end(self, driver: Driver) -> None:
        """It has answered."""
        if (timer := self._timers.pop(driver, None)) is not None:
            timer.cancel()

    def suspect(self) -> None:
        """A connection beside these was found dead: hang up on the idle ones, and wait no longer for the
        others than for one that may have died. What is `patient` may be silent all the same."""
        self.hang_up_idle()
        for silence in self._timers.values():
            if silence.seconds <= ANSWER:
                silence.shorten(FIRST_ANSWER)

    def hang_up_idle(self) -> None:
        """What one has met the others likely have, too; SQLAlchemy would wait for each to say good-bye."""
        for driver in [*self._used]:
            driver.terminate()

    def _before(
        self,
        connection: Connection,
        _cursor: object,
        _statement: str,
        _parameters: object,
        context: ExecutionContext,
        _many: bool,
    ) -> None:
        patience = float(context.execution_options.get("patience", ANSWER))
        driver = _driver(connection)
        self._patience[driver] = max(patience, self._patience.get(driver, 0))
        is_first = self._used.pop(driver, None) is not None and patience <= ANSWER
        self.begin(driver, min(FIRST_ANSWER, patience) if is_first else patience)

    def _after(self, connection: Connection, *_: object) -> None:
        self.end(_driver(connection))

    def _failed(self, context: ExceptionContext) -> None:
        connection = context.connection
        if connection is not None and not connection.closed and not connection.invalidated:
            self.end(_driver(connection))

    def _ending(self, connection: Connection) -> None:
        if not connection.closed and not connection.invalidated:
            driver = _driver(connection)
            self.begin(driver, self._patience.get(driver, ANSWER))

    def _taken(self, adapted: AsyncAdapt_asyncpg_connection, *_: object) -> None:
        driver, now = adapted.driver_connection, asyncio.get_running_loop().time()
        self.end(driver)  # it has answered what is asked when it is opened
        if driver.is_closed():
            raise DisconnectionError  # it was hung up on: another one
        if now - self._used.get(driver, now) < IDLE:
            return
        self.begin(driver, FIRST_ANSWER)
        try:
            adapted.ping()  # type: ignore[no-untyped-call]
        except LOST as error:
            self.hang_up_idle()
            raise InvalidatePoolError from error
        self.end(driver)
        self._used.pop(driver)

    def _given_back(self, adapted: AsyncAdapt_asyncpg_connection | None, _record: object) -> None:
        if adapted is not None:
            driver = adapted.driver_connection
            self._patience.pop(driver, None)
            self._used[driver] = asyncio.get_running_loop().time()
            self.end(driver)

    def _cut(self, driver: "ref[Driver]") -> None:
        if (found := driver()) is not None:
            if not found.is_closed():
                self.dead.add(found.get_server_pid())
            found.terminate()
            self.hang_up_idle()


def _driver(connection: Connection) -> Driver:
    return cast(Driver, connection.connection.driver_connection)
