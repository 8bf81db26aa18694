"""What a failure of the database says: that it is away or in a state that passes, or that we are wrong."""

import asyncio
import random

import asyncpg
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_dbapi
from sqlalchemy.engine.interfaces import ExceptionContext
from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as SQLAlchemyTimeout

STALE_PLAN = AsyncAdapt_asyncpg_dbapi.InvalidCachedStatementError

OUTAGES: tuple[type[Exception], ...] = (
    *(SQLAlchemyTimeout, DBAPIError, OSError),
    *(asyncpg.PostgresError, asyncpg.InternalClientError),
)
"""What can be raised when the database cannot be reached; `is_outage` tells those from bugs."""

READ_ONLY, NO_RIGHT = "25006", "42501"
SHARED = ("26000", "42P05")
"""A prepared statement is another connection's: a pooler is in between, and nobody said so."""
IN_THE_WAY = ("40001", "40P01")
"""Another transaction was let go first; this one has done nothing."""
AHEAD = 0.05, 0.15
"""Seconds, at random between the two, for the other transaction to get on."""
OUTAGE_CLASSES = (
    *("08", "25P03", "25P04", "28", "3D", "40", "53", "55P03", "57P", "57014", "58"),
    *(READ_ONLY, NO_RIGHT, *SHARED),
)
"""SQLSTATE (Postgres' appendix A): no connection, idle or at work for too long, refused log-in, no such
database, a transaction in another one's way, out of resources, a lock or a statement that took too long,
shutting down or starting, a disk that fails; read-only for now, a right that is yet to be granted, and a
pooler that is yet to be told of."""
UNFIT_CLASSES = (READ_ONLY, NO_RIGHT, "53", "55P03", "57014", "58")
"""After these a connection is not used again: what it was opened with, such as a role's settings or a server
that has become a standby, may be the cause."""
OUTAGE_REASONS = {
    "08P01": "The database takes not all that is sent to it; behind a pooler DATABASE_POOLER has to be set.",
    "28": "The database refuses the log-in of this service.",
    "3D": "The database does not exist.",
    "53300": "The database has no connection left for this service.",
    "57P": "The database is starting or stopping.",
    READ_ONLY: "The database takes no writes now.",
    NO_RIGHT: "The role of this service lacks a right in the database.",
    "40": "The database ended the transaction for the sake of another one.",
    "57014": "The database took too long.",
    "55P03": "The database took too long.",
    **dict.fromkeys(SHARED, "The database is behind a pooler, for which DATABASE_POOLER has to be set."),
}
"""By the beginning of the SQLSTATE."""


def is_outage(error: Exception) -> bool:
    """Whether the database is away, full, restarting or read-only, rather than our statement wrong."""
    if isinstance(error, DBAPIError) and (error.connection_invalidated or isinstance(error, InterfaceError)):
        return True
    if (state := sqlstate(error)) is not None:
        return state.startswith(OUTAGE_CLASSES)
    return not isinstance(error, DBAPIError | asyncpg.PostgresError)


def outage_in_words(error: Exception) -> str:
    """Why the database is away, without a host or a user."""
    if isinstance(error, SQLAlchemyTimeout):
        return "Every connection of this process to the database is in use."
    state = sqlstate(error) or ""
    known = (words for beginning, words in OUTAGE_REASONS.items() if state.startswith(beginning))
    return next(known, "The database cannot be reached.")


def is_unfit(error: BaseException) -> bool:
    """Whether the connection that it was raised on is to be closed."""
    return (sqlstate(error) or "").startswith(UNFIT_CLASSES)


def is_read_only(error: BaseException) -> bool:
    """Whether a write came to a server, or a session, that takes none."""
    return sqlstate(error) == READ_ONLY


def is_worth_another_try(error: DBAPIError) -> bool:
    """Whether the same on another connection, or in another transaction, may do at once.

    That is where the connection had died in the pool, or had been opened while the server was read-only;
    where another transaction was in the way; and where a migration had changed a table under a prepared
    statement.
    """
    state = sqlstate(error) or ""
    if state in (*IN_THE_WAY, READ_ONLY) or isinstance(error.orig, STALE_PLAN):
        return True
    return error.connection_invalidated and not state.startswith(UNFIT_CLASSES)


def did_nothing(error: DBAPIError) -> bool:
    """Whether another try may do, and the transaction is known to have come to nothing.

    A connection that dies while it commits leaves that open.
    """
    return is_worth_another_try(error) and (error.statement is not None or sqlstate(error) in IN_THE_WAY)


async def let_pass(error: BaseException) -> None:
    """Before another try, wait a moment where another transaction was in the way.

    The server has woken it, but whoever comes back at once may well lock again what it was waiting for.
    """
    if sqlstate(error) in IN_THE_WAY:
        await asyncio.sleep(random.uniform(*AHEAD))


def is_unmigrated(error: Exception) -> bool:
    """Whether the database lacks a table or a column that this release knows."""
    return sqlstate(error) in ("42P01", "42703")


def is_disk_full(error: Exception) -> bool:
    """Whether the database had no room to write."""
    return sqlstate(error) == "53100"


def server_message(error: Exception) -> str:
    """The first line of what the server said, without the statement and its values. For operators only."""
    cause = (error.orig and error.orig.__cause__) if isinstance(error, DBAPIError) else error
    return str(cause or type(error).__name__).splitlines()[0]


def sqlstate(error: BaseException) -> str | None:
    return getattr(error.orig if isinstance(error, DBAPIError) else error, "sqlstate", None)


def discard_if_unfit(context: ExceptionContext) -> None:
    """Have a connection that is unfit closed, and with a server that turned read-only all of the pool's.

    For the engine's event `handle_error`.
    """
    error = context.original_exception
    if context.connection is not None and is_unfit(error):
        context.is_disconnect = True
        context.invalidate_pool_on_disconnect = is_read_only(error)
