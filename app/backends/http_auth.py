"""What proves to a platform who is calling. Secrets come from the environment or the vendor's own chain."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from app.core.errors import BackendRefused

EARLY = 60.0
"""Seconds before its end that a token is renewed, so that none ends on its way."""

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
    """A bearer token that is fetched when it is needed, once for all calls that wait for it."""

    def __init__(self, fetch: Callable[[], Awaitable[Token]]) -> None:
        self._fetch = fetch
        self._token: Token | None = None
        self._fetching = asyncio.Lock()

    async def headers(self, rejected: Headers | None = None) -> Headers:
        if not self._is_good(rejected):
            async with self._fetching:
                if not self._is_good(rejected):  # nobody fetched one meanwhile
                    self._token = await self._fetch()
        assert self._token is not None
        return _bearer(self._token.value)

    def _is_good(self, rejected: Headers | None) -> bool:
        token = self._token
        return (
            token is not None and token.expires_at - EARLY > time.time() and _bearer(token.value) != rejected
        )


def from_environment(name: str | None) -> Auth:
    """The bearer token in the environment variable of this name; NoAuth without a name."""
    return Fixed(_bearer(secret(name))) if name else NoAuth()


def secret(name: str) -> str:
    """The value of an environment variable. BackendRefused names it where there is none that can be sent."""
    value = os.environ.get(name, "").strip()
    if not value:
        raise BackendRefused(f"The environment variable {name}, which the options name, is not set.")
    if not (value.isascii() and value.isprintable()):
        raise BackendRefused(f"The environment variable {name} must be printable ASCII.")
    return value


def _bearer(token: str) -> Headers:
    return {"Authorization": f"Bearer {token}"}
