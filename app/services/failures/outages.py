"""A database that is away, as one of our errors."""

import structlog

from app.core.errors import AppError, Unavailable
from app.db.engine import OUTAGES, is_outage, is_unmigrated, server_message
from app.db.migrate import NOT_MIGRATED

__all__ = ["OUTAGES", "as_app_error"]

log = structlog.get_logger(__name__)


def as_app_error(error: Exception) -> AppError | None:
    """What callers are told of one of ``OUTAGES``; None where it is a bug of ours. The log has the rest."""
    if is_unmigrated(error):
        log.error("database not migrated", error=server_message(error))
        return Unavailable(NOT_MIGRATED, retry_after=5)
    if not is_outage(error):
        return None
    log.warning("database unavailable", error=type(error).__name__)
    return Unavailable("The database cannot be reached.", retry_after=1)
