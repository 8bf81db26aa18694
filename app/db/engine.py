"""The engine and its sessions."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import asyncpg
from sqlalchemy import URL, event, make_url
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_dbapi
from sqlalchemy.engine.interfaces import ExceptionContext
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as SQLAlchemyTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import NullPool

from app.core.errors import Misconfigured, NotFound
from app.core.settings import Settings
from app.db.direct import Direct
from app.db.moments import keep_extremes

Sessions = async_sessionmaker[AsyncSession]
T = TypeVar("T")
CONNECT_TIMEOUT = 10.0
"""Seconds for a new connection, which a database that is starting answers late."""
BY_KEY = {"enable_seqscan": "off"}
"""All that goes straight through asyncpg looks things up by their keys. A plan that was made while a table
was empty would read all of it, and be kept."""
GENERIC_PLANS = {**BY_KEY, "plan_cache_mode": "force_generic_plan"}
"""To plan a lookup takes twice as long as to do it."""
CUSTOM_PLANS = {"plan_cache_mode": "force_custom_plan"}
"""A plan kept since the table was nearly empty would read all of it for every batch."""
OF_WORKERS = {**CUSTOM_PLANS, "idle_in_transaction_session_timeout": "5s"}
"""What a worker that hangs in a transaction has locked, it would keep from the worker that takes over."""
MOST_DIRECT = 4
"""Connections: lookups and stores have no use for more, since they are joined."""
STALE_PLAN = AsyncAdapt_asyncpg_dbapi.InvalidCachedStatementError


def async_url(url: str) -> URL:
    """The URL with the asyncpg driver, whichever Postgres scheme it was written with."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise Misconfigured("DATABASE_URL is not a database URL.") from error
    if parsed.get_backend_name() not in ("postgresql", "postgres"):
        raise Misconfigured("DATABASE_URL must start with postgresql://.")
    query = dict(parsed.query)
    if "sslmode" in query:  # libpq's name, which other tools expect in the same variable
        query["ssl"] = query.pop("sslmode")
    return parsed.set(drivername="postgresql+asyncpg", query=query)


def libpq_url(url: str) -> str:
    """The URL as asyncpg itself takes it."""
    parsed = async_url(url)
    query = dict(parsed.query)
    if "ssl" in query:
        query["sslmode"] = query.pop("ssl")
    return parsed.set(drivername="postgresql", query=query).render_as_string(hide_password=False)


def create_engine(settings: Settings, *, bulk: bool = False) -> AsyncEngine:
    """The pooled engine that requests use; with ``bulk``, each statement is planned for its own values."""
    engine = create_async_engine(
        async_url(settings.database_url.get_secret_value()),
        pool_size=pooled(settings),
        max_overflow=0,
        pool_timeout=settings.database_pool_timeout,
        pool_pre_ping=False,
        connect_args=_connect_args(pooler=settings.database_pooler, bulk=bulk),
        json_serializer=dump_json,
        hide_parameters=True,  # an error that is logged would show what customers have sent
    )
    event.listen(engine.sync_engine, "handle_error", raise_if_deleted)
    keep_extremes(engine)
    return engine


def create_direct(settings: Settings, *, bulk: bool = False) -> Direct:
    """What single statements of predictions go through."""
    connect = partial(
        asyncpg.connect,
        libpq_url(settings.database_url.get_secret_value()),
        timeout=CONNECT_TIMEOUT,
        statement_cache_size=0 if settings.database_pooler else 100,
        server_settings=None
        if settings.database_pooler
        else {**BY_KEY, **OF_WORKERS}
        if bulk
        else GENERIC_PLANS,
    )
    return Direct(connect, size=direct(settings), in_transactions=settings.database_pooler)


def direct(settings: Settings) -> int:
    """How many of a process's connections are for single statements of predictions."""
    return max(1, min(MOST_DIRECT, settings.database_pool_size // 3))


def pooled(settings: Settings) -> int:
    """How many are in the pool, for everything else."""
    return settings.database_pool_size - direct(settings)


def create_direct_engine(settings: Settings) -> AsyncEngine:
    """An unpooled engine past any pooler: migrations and LISTEN."""
    return create_async_engine(async_url(settings.direct_url.get_secret_value()), poolclass=NullPool)


def _connect_args(*, pooler: bool, bulk: bool) -> dict[str, object]:
    arguments: dict[str, object] = {"timeout": CONNECT_TIMEOUT}
    if pooler:  # it hands each transaction another server connection, where nothing prepared is known
        arguments |= {"statement_cache_size": 0, "prepared_statement_cache_size": 0}
    elif bulk:
        arguments["server_settings"] = OF_WORKERS
    return arguments


def dump_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def create_sessions(engine: AsyncEngine) -> Sessions:
    """Sessions in transactions."""
    return async_sessionmaker(engine, expire_on_commit=False)


@dataclass(frozen=True)
class Database:
    """The engine, two kinds of sessions on its one pool, and the way around both for predictions.

    Sessions of ``statements`` autocommit: no BEGIN and COMMIT around a single statement.
    """

    engine: AsyncEngine
    transactions: Sessions
    statements: Sessions
    direct: Direct

    async def aclose(self) -> None:
        """Close all connections that are not in use."""
        await self.direct.aclose()
        await self.engine.dispose()


def open_database(settings: Settings, *, bulk: bool = False) -> Database:
    """Nothing is connected before it is used; close it in the end."""
    engine = create_engine(settings, bulk=bulk)
    autocommit = engine.execution_options(isolation_level="AUTOCOMMIT")
    single = create_direct(settings, bulk=bulk)
    return Database(engine, create_sessions(engine), create_sessions(autocommit), single)


OUTAGES: tuple[type[Exception], ...] = (
    *(SQLAlchemyTimeout, DBAPIError, OSError),
    *(asyncpg.PostgresError, asyncpg.InternalClientError),
)
"""What can be raised when the database cannot be reached; `is_outage` tells those from bugs."""
OUTAGE_CLASSES = ("08", "28", "3D", "53", "57P", "25006", "40001", "40P01", "57014", "55P03", "58030")
"""SQLSTATE: no connection, refused log-in, no such database, out of resources, shutting down or starting; and
read-only for now, transactions in each other's way, what waited too long, a disk that fails."""


def is_outage(error: Exception) -> bool:
    """Whether the database is away, full or restarting, rather than our statement wrong."""
    if isinstance(error, DBAPIError) and (error.connection_invalidated or isinstance(error, InterfaceError)):
        return True
    if (sqlstate := _sqlstate(error)) is not None:
        return sqlstate.startswith(OUTAGE_CLASSES)
    return not isinstance(error, DBAPIError | asyncpg.PostgresError)


OUTAGE_REASONS = {
    "28": "The database refuses the log-in of this service.",
    "3D": "The database does not exist.",
    "53300": "The database has no connection left for this service.",
    "57P": "The database is starting or stopping.",
    "25006": "The database takes no writes now.",
    "40": "The database ended the transaction for the sake of another one.",
    "57014": "The database took too long.",
    "55P03": "The database took too long.",
}
"""By the beginning of the SQLSTATE."""


def outage_in_words(error: Exception) -> str:
    """Why the database is away, without a host or a user."""
    if isinstance(error, SQLAlchemyTimeout):
        return "Every connection of this process to the database is in use."
    sqlstate = _sqlstate(error) or ""
    known = (words for beginning, words in OUTAGE_REASONS.items() if sqlstate.startswith(beginning))
    return next(known, "The database cannot be reached.")


def is_unmigrated(error: Exception) -> bool:
    """Whether the database lacks a table or a column that this release knows."""
    return _sqlstate(error) in ("42P01", "42703")


def is_disk_full(error: Exception) -> bool:
    """Whether the database had no room to write."""
    return _sqlstate(error) == "53100"


DELETED = {"_model_versions": "The model version", "_models": "The model"}
"""What is gone, by the end of the name of the foreign key to it; see `tables.base`."""


def raise_if_deleted(context: ExceptionContext) -> None:
    """NotFound in place of the error of a statement that refers to a version, or a model, deleted meanwhile.

    For the engine's event `handle_error`. Deletion looks for what refers to a version while it holds the row,
    so that of the two this one has come too late.
    """
    error = context.original_exception
    if _sqlstate(error) != "23503":
        return
    key = str(getattr(error.__cause__, "constraint_name", ""))
    for end, what in DELETED.items():
        if key.endswith(end):
            raise NotFound(f"{what} was deleted meanwhile.")


def server_message(error: Exception) -> str:
    """The first line of what the server said, without the statement and its values. For operators only."""
    cause = (error.orig and error.orig.__cause__) if isinstance(error, DBAPIError) else error
    return str(cause or type(error).__name__).splitlines()[0]


def _sqlstate(error: BaseException) -> str | None:
    return getattr(error.orig if isinstance(error, DBAPIError) else error, "sqlstate", None)


async def run(sessions: Sessions, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
    """Do ``work`` in a session, once more if the connection had died in the pool or a plan was stale.

    A plan is stale when a migration changed a table under a prepared statement. ``work`` may so run twice,
    and must be idempotent.
    """
    try:
        async with sessions() as session:
            return await work(session)
    except DBAPIError as error:
        if not (error.connection_invalidated or isinstance(error.orig, STALE_PLAN)):
            raise
    async with sessions() as session:
        return await work(session)
