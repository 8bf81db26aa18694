"""A part that the service needs, and whether it is there."""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import Context

import structlog

from app.core.errors import AppError
from app.db.engine import OUTAGES, outage_in_words
from app.schemas.health import PartStatus

log = structlog.get_logger(__name__)

PATIENCE = 2.0
"""Seconds that a probe waits for a look at a part; the look goes on."""
LONGEST_LOOK = 20.0
"""Seconds after which a look is given up, so that one lost connection does not hide a part for ever."""

OK = PartStatus(status="ok")
NOT_KNOWN = PartStatus(status="unknown", reason="The database, which would have to be asked, is missing.")


class NotKnown(Exception):
    """The database is missing, and only it could say."""


class Part:
    """Looked at when somebody asks, once at a time, and remembered for ``kept`` seconds.

    ``look`` raises what keeps us from the part, and may return what should be said of it all the same.
    ``needed``: no request can be served without it. A line is logged when the part goes missing, and one when
    it is back.
    """

    def __init__(
        self, name: str, look: Callable[[], Awaitable[str | None]], *, kept: float, needed: bool = False
    ) -> None:
        self.name, self.needed = name, needed
        self._look, self._kept = look, kept
        self._found = OK
        self._known_until = 0.0
        self._looking: asyncio.Task[None] | None = None
        self._is_said_missing = False

    async def status(self) -> PartStatus:
        """What was found lately, or is found now; a part that does not answer within PATIENCE is missing."""
        if asyncio.get_running_loop().time() < self._known_until:
            return self._found
        if self._looking is None or self._looking.done():
            # Not for who happens to ask: what is found is remembered for others.
            look = self._look_once()
            self._looking = asyncio.get_running_loop().create_task(look, context=Context())
        done, _ = await asyncio.wait([self._looking], timeout=PATIENCE)
        if done:
            self._looking.result()  # a bug in a look is no finding
        else:
            self._note(_missing("There was no answer in time."))
        return self._found

    async def aclose(self) -> None:
        """Give up a look that is under way."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait([self._looking])

    async def _look_once(self) -> None:
        try:
            async with asyncio.timeout(LONGEST_LOOK):
                remark = await self._look()
        except NotKnown:
            self._note(NOT_KNOWN)
        except TimeoutError as error:
            self._note(_missing("There was no answer in time."), error)
        except AppError as error:
            self._note(_missing(error.detail), error.__cause__)
        except OUTAGES as error:
            self._note(_missing(outage_in_words(error)), error)
        else:
            self._note(OK if remark is None else PartStatus(status="ok", reason=remark))

    def _note(self, found: PartStatus, cause: BaseException | None = None) -> None:
        self._found = found
        self._known_until = asyncio.get_running_loop().time() + self._kept
        if found.status == "unavailable" and not self._is_said_missing:
            log.warning("part missing", part=self.name, reason=found.reason, cause=_first_line(cause))
            self._is_said_missing = True
        elif found.status == "ok" and self._is_said_missing:
            log.info("part is back", part=self.name)
            self._is_said_missing = False


def _missing(reason: str) -> PartStatus:
    return PartStatus(status="unavailable", reason=reason)


def _first_line(cause: BaseException | None) -> str | None:
    return None if cause is None else f"{type(cause).__name__}: {cause}".splitlines()[0]
