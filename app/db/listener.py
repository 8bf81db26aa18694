"""The process's one direct connection: it hears of finished inferences, and its beacon tells that we live."""

import asyncio
import random
import secrets
from collections import Counter
from contextlib import suppress
from typing import Protocol
from uuid import UUID, uuid4

import asyncpg
import structlog

from app.core.settings import Settings
from app.db.server import codes
from app.db.server.connecting import Connection, connect
from app.db.server.patience import ANSWER

log = structlog.get_logger(__name__)

CHECK_EVERY = 10.0
"""Seconds between two questions whether the connection still lives."""
LAST_WORDS = 2.0
"""Seconds for the server to answer that the connection is closed."""
LOST = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError)
_CHECK = "select 1"
# Who lets its row expire, as a process that was stopped for a while, was not told of all: that it hears.
_ENTER = """
    with expired as (delete from memories where until < now() - interval '1 hour'),
    before as (select until > now() as is_told from memories where id = $1),
    entered as (
        insert into memories (id, until) values ($1, now() + interval '1 minute')
        on conflict (id) do update set until = excluded.until
    )
    select coalesce((select is_told from before), false)
"""


class Hearer(Protocol):
    """Who wants to be told what changes of predictions, and counts on it."""

    def begin(self) -> None:
        """From now on everything is told."""
        ...

    def heard(self, changed: str) -> None:
        """Ids of records as a JSON list, or ``*`` for everything."""
        ...

    def lost(self) -> None:
        """Nothing is told any more."""
        ...


class Listener:
    """LISTEN and the beacon, reconnecting for as long as it is open.

    Notifications only shorten the wait of those who poll: while the connection is away all is slower, and
    nothing is wrong.
    """

    def __init__(self, settings: Settings, hearer: Hearer | None = None, code: str | None = None) -> None:
        """``code``: the pipeline version that others are to know of, as `codes` has it."""
        self._hearer, self._id, self._code = hearer, uuid4(), code
        self.beacon: int | None = None
        """An advisory lock held while we are connected; None while not, or if a pooler hides the server."""
        known = not settings.database_pooler or settings.database_direct_url is not None
        self._url = settings.direct_url if known else None
        self._events: dict[str, asyncio.Event] = {}
        self._waiters: Counter[str] = Counter()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to listen, in the background."""
        if self._url is not None:
            self._task = asyncio.create_task(self._run(self._url.get_secret_value()), name="listener")
        elif self._hearer is not None:
            log.warning("nothing is kept in memory: DATABASE_DIRECT_URL is needed, past the pooler")

    async def aclose(self) -> None:
        """Stop; the beacon goes out."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def wait(self, owner: UUID, seconds: float) -> None:
        """Until ``owner`` has finished something, at most ``seconds``."""
        key = str(owner)
        event = self._events.setdefault(key, asyncio.Event())
        self._waiters[key] += 1
        try:
            await _is_set(event, seconds)
        finally:
            self._waiters[key] -= 1
            if not self._waiters[key]:
                del self._waiters[key]
                self._events.pop(key, None)

    async def _run(self, url: str) -> None:
        is_away = False
        while True:
            try:
                await self._connect_and_listen(url)
            except LOST as error:
                if self.beacon is not None or not is_away:  # once, however often it is tried again
                    log.warning("listener lost its connection", error=type(error).__name__)
                is_away = True
            finally:
                self.beacon = None
                if self._hearer is not None:
                    self._hearer.lost()
            await asyncio.sleep(random.uniform(0.5, 1.5))

    async def _connect_and_listen(self, url: str) -> None:
        # Whatever it is asked, it has so long to answer.
        connection = await connect(url, command_timeout=ANSWER)
        try:
            await self._listen(connection)
        finally:
            with suppress(*LOST):
                await connection.close(timeout=LAST_WORDS)

    async def _listen(self, connection: Connection) -> None:
        # A new one each time: the old may be held by whoever looks at it. Not of a generator whose state
        # another process may share, as after a fork: it would wait for that one's for ever.
        beacon = secrets.randbits(62)
        await connection.execute("select pg_advisory_lock($1::bigint)", beacon)
        await connection.add_listener("inference_done", self._heard)
        if self._code is not None:
            await codes.hold(connection, self._code)
        self.beacon = beacon
        closed = asyncio.Event()
        connection.add_termination_listener(lambda _: closed.set())
        if self._hearer is not None:
            await connection.add_listener("memories", lambda *told: self._hear(str(told[-1])))
            await connection.execute(_ENTER, self._id)
            self._hearer.begin()
        while not await _is_set(closed, CHECK_EVERY):
            if self._hearer is None:
                await connection.execute(_CHECK)
            else:
                await _stay(connection, self._id, self._hearer)
        raise ConnectionError("the server closed the connection")

    def _hear(self, changed: str) -> None:
        if self._hearer is not None:
            self._hearer.heard(changed)

    def _heard(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        if (event := self._events.pop(str(payload), None)) is not None:
            event.set()


async def _stay(connection: Connection, own_id: UUID, hearer: Hearer) -> None:
    if not await connection.fetchval(_ENTER, own_id):
        hearer.begin()


async def _is_set(event: asyncio.Event, seconds: float) -> bool:
    """Wait for the event for at most so long."""
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False
