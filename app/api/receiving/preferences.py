"""The header Prefer (RFC 7240): how long a caller waits, and whether it would rather come back."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Annotated
from urllib.request import parse_http_list

from fastapi import Depends, Header, Request

from app.core.errors import AppError
from app.core.errors.still_computing import StillComputing
from app.services.predictions.answer import Ask, RespondAsync

SECONDS = re.compile("0*[1-9][0-9]{0,8}")
APPLIED = "Preference-Applied"


@dataclass(frozen=True)
class Preferences:
    """``wait``: whole seconds for which a caller waits; None where it has not said so, or for longer than
    others. ``respond_async``: it would rather be answered 202 than wait any longer."""

    wait: int | None = None
    respond_async: bool = False

    def of(self, ask: Ask) -> Ask:
        """What is asked for, with what is preferred."""
        until = None if self.wait is None else asyncio.get_running_loop().time() + self.wait
        respond_async: RespondAsync = "asked" if self.respond_async else "version"
        return replace(ask, until=until, respond_async=respond_async)

    def applied(self, *, accepted: bool = False) -> dict[str, str]:
        """That it was understood, and followed. ``accepted``: the answer is a 202."""
        named = ["respond-async"] if self.respond_async and accepted else []
        named += [] if self.wait is None else [f"wait={self.wait}"]
        return {APPLIED: ", ".join(named)} if named else {}


async def _preferences(
    request: Request,
    prefer: Annotated[
        str | None,
        Header(
            description="`wait=5` (RFC 7240): 504 after 5 seconds, if that is before PREDICT_TIMEOUT; with "
            "`respond-async` 202 in its place, and without a wait at once"
        ),
    ] = None,
) -> AsyncIterator[Preferences]:
    preferences = Preferences() if prefer is None else _read(request)
    try:
        yield preferences
    except AppError as error:
        headers = preferences.applied(accepted=isinstance(error, StillComputing) and error.accepted)
        if not headers:
            raise
        raise error.with_headers(headers) from error.__cause__


def _read(request: Request) -> Preferences:
    limit: float = request.app.state.settings.predict_timeout
    said = _first_of_each(request.headers.getlist("prefer"))
    respond_async = "respond-async" in said
    seconds = SECONDS.fullmatch(said.get("wait", ""))
    if seconds is None:
        return Preferences(respond_async=respond_async)
    wait = int(seconds[0])
    if wait >= limit:  # nobody waits longer than all do; who comes back waits as long as that
        return Preferences(int(limit) or None, respond_async) if respond_async else Preferences()
    return Preferences(wait, respond_async)


def _first_of_each(lines: list[str]) -> Mapping[str, str]:
    """Values by preference; of several the first counts."""
    return dict(reversed([*_each(lines)]))


def _each(lines: list[str]) -> Iterator[tuple[str, str]]:
    for preference in parse_http_list(",".join(lines)):
        name, _, value = preference.partition(";")[0].partition("=")
        yield name.strip().lower(), value.strip(' \t"')


PreferDep = Annotated[Preferences, Depends(_preferences, scope="function")]
