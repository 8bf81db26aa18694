"""The public keys of who issues tokens: OIDC_ISSUER's discovery document, and the set that it names.

They are fetched when the first token comes, and kept. Again after ``FRESH`` seconds, beside the requests, so
that a key which was withdrawn goes; and at once where a token names a key that is not among them, but no
sooner than ``PAUSE`` seconds after the last time. Nothing that a token says decides what is fetched.
"""

import asyncio
import json
from collections.abc import Mapping
from time import monotonic
from typing import NamedTuple, cast

import jwt
import structlog
from jwt import PyJWK
from pydantic import JsonValue

from app.backends.http.auth import NoAuth
from app.backends.http.client import HttpClient
from app.core.errors import BackendError, Unavailable
from app.core.hosts import is_secure

log = structlog.get_logger(__name__)

ALGORITHMS = frozenset(
    (
        *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
        *("ES256", "ES384", "ES512", "EdDSA"),
    )
)
"""Those with a private and a public key: what checks a token cannot make one."""
FRESH, PAUSE = 300.0, 10.0
"""Seconds."""
PATIENCE = 5.0
"""Seconds for each of the two documents."""
LONGEST = 2**20
"""Bytes of one."""


class _Keys(NamedTuple):
    by_id: Mapping[str, PyJWK]
    source: Mapping[str, JsonValue]
    fetched_at: float


class Issuer:
    """``generation`` changes whenever the keys do: what was found right under former ones may be wrong."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client = HttpClient("The issuer of tokens", NoAuth(), 2, infers=False, longest=LONGEST)
        self._keys = _Keys({}, {}, float("-inf"))
        self._asked_at = float("-inf")
        self._fetching: asyncio.Task[None] | None = None
        self.generation = 0

    @property
    def is_due(self) -> bool:
        """Whether it is time to ask for the keys again."""
        return monotonic() >= self._keys.fetched_at + FRESH and self._may_ask

    async def key(self, key_id: str) -> PyJWK | None:
        """The key of this name, None if there is none. Unavailable where the issuer cannot be asked."""
        if self.is_due or (key_id not in self._keys.by_id and self._may_ask):
            self._fetch()
        if key_id not in self._keys.by_id and self._fetching is not None:
            await asyncio.shield(self._fetching)
        if (found := self._keys.by_id.get(key_id)) is None and self._keys.fetched_at < self._asked_at:
            raise Unavailable("The issuer of tokens cannot be asked for its keys.", retry_after=PAUSE)
        return found

    async def aclose(self) -> None:
        """Give up what is under way."""
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.wait([self._fetching])
        await self._client.aclose()

    @property
    def _may_ask(self) -> bool:
        return monotonic() >= self._asked_at + PAUSE

    def _fetch(self) -> None:
        """Begin to, unless that is under way."""
        if self._fetching is None:
            self._asked_at = monotonic()
            self._fetching = asyncio.create_task(self._renew())
            self._fetching.add_done_callback(self._fetched)

    def _fetched(self, _: "asyncio.Task[None]") -> None:
        self._fetching = None

    async def _renew(self) -> None:
        """Have the keys as they are now; as they were where that fails, which is logged."""
        try:
            discovery = await self._document(f"{self._url.rstrip('/')}/.well-known/openid-configuration")
            if discovery.get("issuer") != self._url:
                raise ValueError("the discovery document is of another issuer")
            address = discovery.get("jwks_uri")
            if not isinstance(address, str) or not is_secure(address):
                raise ValueError("its jwks_uri is no https address")
            source = await self._document(address)
        except (BackendError, ValueError, RecursionError) as error:
            log.warning("keys of the issuer not had", issuer=self._url, reason=str(error))
            return
        if source != self._keys.source:
            self.generation += 1
        self._keys = _Keys(_usable(source), source, monotonic())

    async def _document(self, address: str) -> Mapping[str, JsonValue]:
        reply = await self._client.get(address, PATIENCE)
        found = json.loads(reply.body)
        if not isinstance(found, dict):
            raise ValueError("a document of it is no JSON object")
        return found


def _usable(source: Mapping[str, JsonValue]) -> dict[str, PyJWK]:
    """The keys that can check a signature, by name; of any others an issuer may have more."""
    given = source.get("keys")
    usable = {}
    for one in given if isinstance(given, list) else ():
        name = one.get("kid") if isinstance(one, dict) else None
        if not isinstance(one, dict) or not isinstance(name, str) or one.get("use", "sig") != "sig":
            continue
        try:
            key = PyJWK(cast(dict[str, object], one))
        except (jwt.PyJWTError, ValueError, TypeError, AttributeError) as error:
            log.warning("a key of the issuer cannot be used", reason=type(error).__name__)
            continue
        if key.algorithm_name in ALGORITHMS:
            usable[name] = key
    return usable
