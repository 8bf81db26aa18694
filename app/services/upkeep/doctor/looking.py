"""One check, in its own time: whatever keeps it from its end is a finding, too."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from app.core.errors import (
    AppError,
    BackendDown,
    BackendThrottled,
    BackendTimeout,
    StorageDown,
    Unavailable,
)
from app.db.engine import OUTAGES, is_outage, outage_in_words, server_message
from app.db.server.outages import is_unmigrated, sqlstate
from app.schemas.health import Finding, FindingStatus

AWAY: tuple[type[AppError], ...] = (BackendDown, BackendThrottled, BackendTimeout, StorageDown, Unavailable)
SET_UP = ("28", "3D", "42")
"""Beginnings of SQLSTATEs that somebody has to do something about: a log-in that is refused, no such
database, a right or a table that is lacking."""


@dataclass(frozen=True)
class Check:
    """``look`` gives what it finds, within ``seconds``; ``do`` is what to do where it fails.

    ``late`` is what it means that there is no answer by then.
    """

    name: str
    look: Callable[[], Awaitable[Iterable[Finding]]]
    do: str
    seconds: float = 10.0
    late: FindingStatus = "unavailable"


async def looked(check: Check) -> list[Finding]:
    """What the check has found, or what kept it from that. A bug in it is raised."""
    limit = asyncio.timeout(check.seconds)
    try:
        async with limit:
            return [*await check.look()]
    except TimeoutError:  # its own, or one of those within it, as for connecting
        said = f"There was no answer {f'within {check.seconds:g} s' if limit.expired() else 'in time'}."
        return [Finding(check=check.name, status=check.late, said=said, do=check.do)]
    except AppError as error:
        return [of_error(check.name, error, check.do)]
    except OUTAGES as error:
        if not (is_outage(error) or is_unmigrated(error)):
            raise
        return [of_outage(check.name, error, check.do)]


def of_error(check: str, error: AppError, do: str) -> Finding:
    """What an error of ours says; that a part is away says nothing against how it is set up."""
    status: FindingStatus = "unavailable" if isinstance(error, AWAY) else "fault"
    return Finding(check=check, status=status, said=error.in_words, do=do)


def of_outage(check: str, error: Exception, do: str) -> Finding:
    is_set_up_wrongly = (sqlstate(error) or "").startswith(SET_UP)
    said = f"{outage_in_words(error).removesuffix('.')}: {server_message(error)}"
    return Finding(check=check, status="fault" if is_set_up_wrongly else "unavailable", said=said, do=do)


def ok(check: str, said: str) -> Finding:
    return Finding(check=check, status="ok", said=said)


def warning(check: str, said: str, do: str) -> Finding:
    return Finding(check=check, status="warning", said=said, do=do)


def fault(check: str, said: str, do: str) -> Finding:
    return Finding(check=check, status="fault", said=said, do=do)


def skipped(check: str, said: str) -> Finding:
    return Finding(check=check, status="skipped", said=said)
