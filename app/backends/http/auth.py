"""What proves to a platform who is calling. Secrets come from the environment or the vendor's own chain."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from pydantic import StringConstraints

from app.core.errors import BackendRefused

EARLY = 60.0
"""Seconds before its end that a token is renewed, so that none ends on its way."""

REFUSAL_KEPT = 30.0
"""Seconds."""

Headers = Mapping[str, str]


class Auth(Protocol):
    """The headers that every call carries."""

    async def headers(self, rejected: Headers | None = None) -> Headers:
        """``rejected`` were answered 401: give others, or raise BackendRefused if there are none."""
        ...


class NoAuth:
    """For platforms that let everybody in."""

    async def headers(self, rejected: Headers | None = None) -> Headers:
        if rejected is not None:
            raise BackendRefused("the platform wants credentials; the options name none.")
        return {}


class Fixed:
    """Headers that stay as they are: a key, or a token that somebody else renews."""

    def __init__(self, headers: Headers) -> None:
        self._headers = headers

    async def headers(self, rejected: Headers | None = None) -> Headers:
        if rejected is not None:
            raise BackendRefused("the credentials are wrong, have expired or may not do this.")
        return self._headers


@dataclass(frozen=True)
class Token:
    """A bearer token; ``expires_at`` is in seconds of ``time.time()``."""

    value: str = field(repr=False)
    expires_at: float


class Renewed:
    """A bearer token that is fetched when it is needed, once for all calls that wait for it.

    A caller who stops waiting stops nobody else. A refusal is kept for a while, so that calls and readiness
    do not log in again and again with what is wrong, until the account is locked.

    ``now`` is the clock of the tokens, ``elapsed`` one that nobody sets.
    """

    def __init__(
        self,
        fetch: Callable[[], Awaitable[Token]],
        *,
        now: Callable[[], float] = time.time,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch, self._now, self._elapsed = fetch, now, elapsed
        self._bearer: Headers | None = None
        self._renew_at = 0.0
        self._fetching: asyncio.Task[None] | None = None
        self._refusal, self._refused_until = "", 0.0

    async def headers(self, rejected: Headers | None = None) -> Headers:
        while self._bearer is None or self._bearer == rejected or self._now() >= self._renew_at:
            if self._elapsed() < self._refused_until:
                raise BackendRefused(self._refusal)
            if self._fetching is None:
                self._fetching = asyncio.create_task(self._renew(rejected))
                self._fetching.add_done_callback(_look_at)
            await asyncio.shield(self._fetching)
            if self._bearer != rejected:
                break
        assert self._bearer is not None
        return self._bearer

    async def _renew(self, rejected: Headers | None) -> None:
        try:
            token = await self._fetch()
            bearer, life = _bearer(token.value), token.expires_at - self._now()
            if bearer == rejected:
                raise BackendRefused("The token that was refused is the only one that is given out.")
            self._bearer, self._renew_at = bearer, token.expires_at - min(EARLY, life / 2)
        except BackendRefused as error:
            self._refusal, self._refused_until = error.detail, self._elapsed() + REFUSAL_KEPT
            raise
        finally:
            self._fetching = None


def _look_at(task: asyncio.Task[None]) -> None:
    """The exception counts as seen, though every caller may have gone."""
    if not task.cancelled():
        task.exception()


def from_environment(name: str | None) -> Auth:
    """The bearer token in the environment variable of this name; NoAuth without a name."""
    return Fixed(_bearer(secret(name))) if name else NoAuth()


def secret_name(prefix: str) -> StringConstraints:
    """What an option accepts as the name of a secret's environment variable.

    It is one of the platform's own, so that no option has another platform's secret sent to its address.
    """
    return StringConstraints(pattern=rf"^{prefix}_[A-Z0-9_]+$", max_length=100)


def secret(name: str) -> str:
    """The value of an environment variable. BackendRefused names it where there is none that can be sent."""
    value = os.environ.get(name, "").strip()
    if not value:
        raise BackendRefused(f"The environment variable {name}, which the options name, is not set.")
    if not (value.isascii() and value.isprintable()):
        raise BackendRefused(f"The environment variable {name} must be printable ASCII.")
    return value


def _bearer(token: str) -> Headers:
    if not (token.isascii() and token.isprintable()):
        raise BackendRefused("The token that was given out cannot be sent: it is no printable ASCII.")
    return {"Authorization": f"Bearer {token}"}
