"""The engine and its sessions."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import TypeVar, cast

from pydantic import SecretStr
from sqlalchemy import Connection, event
from sqlalchemy.engine.interfaces import ExceptionContext
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import NullPool

from app.core.errors import NotFound
from app.core.settings import Settings
from app.db.direct import Direct
from app.db.moments import keep_extremes
from app.db.server.connecting import CONNECT_TIMEOUT, connect
from app.db.server.outages import (
    OUTAGES,
    discard_if_unfit,
    is_disk_full,
    is_outage,
    is_unmigrated,
    is_worth_another_try,
    let_pass,
    outage_in_words,
    server_message,
    sqlstate,
)
from app.db.server.patience import LONGEST, Watch
from app.db.tenants.binding import StatementSession, bind_transactions
from app.db.tracing.wanted import direct_kind, trace_if_wanted

__all__ = [
    "CONNECT_TIMEOUT",
    "OUTAGES",
    "is_disk_full",
    "is_outage",
    "is_unmigrated",
    "outage_in_words",
    "server_message",
]
"""Of `server`, for those who open sessions."""

Sessions = async_sessionmaker[AsyncSession]
T = TypeVar("T")
DIALECT = "postgresql+asyncpg://"
OURS = {"client_connection_check_interval": "5s"}
"""The server ends a statement that nobody waits for any more."""
BY_KEY = {"enable_seqscan": "off", "enable_bitmapscan": "off"}
"""All that goes straight through asyncpg looks things up by their keys. A plan that was made while a table
was empty would read all of it, and be kept. Rows that are found in the order of an index are locked in it:
a bitmap has them in that of the table."""
GENERIC_PLANS = {**BY_KEY, "plan_cache_mode": "force_generic_plan"}
"""To plan a lookup takes twice as long as to do it."""
CUSTOM_PLANS = {"plan_cache_mode": "force_custom_plan"}
"""A plan kept since the table was nearly empty would read all of it for every batch."""
LAST_WORDS = 5.0
"""Seconds for the server to answer that a connection is closed."""
IDLE = "idle_in_transaction_session_timeout"
OF_WORKERS = {**CUSTOM_PLANS, IDLE: "5s"}
"""What a worker that hangs in a transaction has locked, it would keep from the worker that takes over."""
MOST_DIRECT = 4
"""Connections: lookups and stores have no use for more, since they are joined."""


def create_engine(settings: Settings, *, bulk: bool = False, watch: Watch | None = None) -> AsyncEngine:
    """The pooled engine that requests use; with ``bulk``, each statement is planned for its own values."""
    pooler, watch = settings.database_pooler, watch or Watch()
    opened = partial(
        connect,
        settings.database_url.get_secret_value(),
        # A pooler hands each transaction another server connection, where nothing prepared is known. With no
        # cache asyncpg sends a statement along whenever it is run.
        statement_cache_size=0 if pooler else 100,
        server_settings=None if pooler else {**OURS, **(OF_WORKERS if bulk else {})},
        command_timeout=LONGEST,
    )
    engine = create_async_engine(
        DIALECT,
        pool_size=pooled(settings),
        max_overflow=0,
        pool_timeout=settings.database_pool_timeout,
        pool_pre_ping=False,
        connect_args={"async_creator_fn": lambda: watch.opened(opened)}
        | ({"prepared_statement_cache_size": 0} if pooler else {}),
        json_serializer=dump_json,
        hide_parameters=True,  # an error that is logged would show what customers have sent
    )
    watch.attach(engine)
    event.listen(engine.sync_engine, "handle_error", discard_if_unfit)
    event.listen(engine.sync_engine, "handle_error", raise_if_deleted)
    if pooler and bulk:
        event.listen(engine.sync_engine, "begin", give_up_if_idle)
    keep_extremes(engine)
    bind_transactions(engine)
    trace_if_wanted(engine)
    return engine


def give_up_if_idle(connection: Connection) -> None:
    """As OF_WORKERS has it, for one transaction: a pooler takes no settings for a connection.

    For the engine's event `begin`.
    """
    if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
        connection.exec_driver_sql(f"set local {IDLE} = '{OF_WORKERS[IDLE]}'")


def create_direct(settings: Settings, *, bulk: bool = False) -> Direct:
    """What single statements of predictions go through."""
    pooler = settings.database_pooler
    plans = {**BY_KEY, **OF_WORKERS} if bulk else GENERIC_PLANS
    opened = partial(
        connect,
        settings.database_url.get_secret_value(),
        statement_cache_size=0 if pooler else 100,
        server_settings=None if pooler else {**OURS, **plans},
    )
    return direct_kind()(opened, size=direct(settings), pooler=pooler)


def direct(settings: Settings) -> int:
    """How many of a process's connections are for single statements of predictions."""
    return max(1, min(MOST_DIRECT, settings.database_pool_size // 3))


def pooled(settings: Settings) -> int:
    """How many are in the pool, for everything else."""
    return settings.database_pool_size - direct(settings)


def create_direct_engine(settings: Settings) -> AsyncEngine:
    """An unpooled engine past any pooler, as the service's role."""
    return _unpooled(settings.direct_url)


def create_owner_engine(settings: Settings) -> AsyncEngine:
    """The same as the role that owns the tables: for migrations."""
    return _unpooled(settings.owner_url)


def _unpooled(url: SecretStr) -> AsyncEngine:
    return create_async_engine(
        DIALECT,
        poolclass=NullPool,
        connect_args={"async_creator_fn": partial(connect, url.get_secret_value())},
        hide_parameters=True,
    )


def dump_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def create_sessions(engine: AsyncEngine) -> Sessions:
    """Sessions in transactions."""
    return async_sessionmaker(engine, expire_on_commit=False)


@dataclass(frozen=True)
class Database:
    """The engine, two kinds of sessions on its one pool, and the way around both for predictions.

    Sessions of ``statements`` autocommit: no BEGIN and COMMIT around a single statement, unless it is for a
    caller who is bound.
    """

    engine: AsyncEngine
    transactions: Sessions
    statements: Sessions
    direct: Direct
    watch: Watch

    def suspect(self) -> None:
        """A connection beside these was found dead, and they may be, too."""
        self.watch.suspect()
        self.direct.hang_up_idle()

    @contextmanager
    def dead(self) -> Iterator[list[int]]:
        """The server's processes behind connections that were cut; forgotten where the block ends well."""
        found = [*self.watch.dead]
        yield found
        self.watch.dead -= {*found}

    async def aclose(self) -> None:
        """Close all connections that are not in use. A server that does not say good-bye is left as it is."""
        await self.direct.aclose()
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORDS):
                await self.engine.dispose()


def open_database(settings: Settings, *, bulk: bool = False) -> Database:
    """Nothing is connected before it is used; close it in the end."""
    watch = Watch()
    engine = create_engine(settings, bulk=bulk, watch=watch)
    autocommit = engine.execution_options(isolation_level="AUTOCOMMIT")
    single = create_direct(settings, bulk=bulk)
    statements = async_sessionmaker(
        autocommit,
        class_=cast(type[AsyncSession], StatementSession),
        in_transactions=engine,
        expire_on_commit=False,
    )
    return Database(engine, create_sessions(engine), statements, single, watch)


DELETED = {"_model_versions": "The model version", "_models": "The model"}
"""What is gone, by the end of the name of the foreign key to it; see `tables.base`."""


def raise_if_deleted(context: ExceptionContext) -> None:
    """NotFound in place of the error of a statement that refers to a version, or a model, deleted meanwhile.

    For the engine's event `handle_error`. Deletion looks for what refers to a version while it holds the row,
    so that of the two this one has come too late.
    """
    error = context.original_exception
    if sqlstate(error) != "23503":
        return
    key = str(getattr(error.__cause__, "constraint_name", ""))
    for end, what in DELETED.items():
        if key.endswith(end):
            raise NotFound(f"{what} was deleted meanwhile.")


async def run(sessions: Sessions, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
    """Do ``work`` in a session, once more where another try may do at once; see `is_worth_another_try`.

    ``work`` may so run twice, and must be idempotent.
    """
    try:
        async with sessions() as session:
            return await work(session)
    except DBAPIError as error:
        if not is_worth_another_try(error):
            raise
        await let_pass(error)
    async with sessions() as session:
        return await work(session)
