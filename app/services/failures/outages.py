"""A database that is away, as one of our errors."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog
from sqlalchemy.exc import DBAPIError

from app.core.errors import AppError, Unavailable
from app.db.migrate import NOT_MIGRATED
from app.db.server.outages import (
    OUTAGES,
    did_nothing,
    is_outage,
    is_unmigrated,
    let_pass,
    outage_in_words,
    server_message,
    sqlstate,
)

__all__ = ["OUTAGES", "as_app_error", "or_once_more", "slug"]

log = structlog.get_logger(__name__)
T = TypeVar("T")


async def or_once_more(work: Callable[[], Awaitable[T]]) -> T:
    """Do ``work``, whose writes are one transaction, and as a whole once more where that came to nothing for
    a reason that has passed: another transaction was in the way, or its connection had died before."""
    try:
        return await work()
    except DBAPIError as error:
        if not did_nothing(error):
            raise
        log.info("transaction tried once more", error=type(error).__name__)
        await let_pass(error)
    return await work()


def slug(error: Exception) -> str:
    """Of the problem that callers are told of one of ``OUTAGES``."""
    return Unavailable.slug if is_unmigrated(error) or is_outage(error) else AppError.slug


def as_app_error(error: Exception) -> AppError | None:
    """What callers are told of one of ``OUTAGES``; None where it is a bug of ours. The log has the rest."""
    if is_unmigrated(error):
        log.error("database not migrated", error=server_message(error))
        return Unavailable(NOT_MIGRATED, retry_after=5)
    if not is_outage(error):
        return None
    reason = outage_in_words(error)
    log.warning("database unavailable", error=type(error).__name__, reason=reason, said=_said(error))
    return Unavailable(reason, retry_after=1)


def _said(error: Exception) -> str | None:
    """The server's words, or the system's. None of the driver's: they may quote what a customer sent."""
    return server_message(error) if sqlstate(error) or isinstance(error, OSError) else None
