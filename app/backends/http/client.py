"""One call over HTTP to a hosting platform: deadline, size, credentials and errors, for all that speak it."""

import asyncio
from collections.abc import Callable

import aiohttp
import structlog

from app.backends.http.auth import Auth, Headers
from app.backends.http.connections import Connections, HttpReply
from app.backends.http.errors import MayNotLook, Statuses, of_status
from app.core.errors import BackendDown, BackendError, BackendRefused, BackendTimeout
from app.schemas.payloads import Payload

log = structlog.get_logger(__name__)


class HttpClient:
    """The calls of one backend. ``what`` names it in errors, ``statuses`` are its platform's own meanings."""

    def __init__(
        self,
        what: str,
        auth: Auth,
        concurrency: int,
        *,
        statuses: Statuses | None = None,
        expired: Callable[[int, HttpReply], bool] | None = None,
        names: str = "",
        infers: bool = True,
        longest: int | None = None,
    ) -> None:
        """``expired`` tells whether the credentials are to be renewed; default by status 401.

        ``names`` is the option that is at fault where ``statuses`` reads an answer as BackendMissing.
        A client that does not infer fetches tokens or looks at what is deployed: no rows are ever to blame.
        ``longest``: bytes of an answer, if that is not MAX_REPLY.
        """
        self._what, self._auth = what, auth
        self._statuses = statuses or {}
        self._expired = expired or (lambda status, _: status == 401)
        self._connections = Connections(what, concurrency, longest=longest)
        self._names, self._infers = names, infers
        self._told = False

    async def post(
        self, url: str, body: bytes, timeout: float, *, headers: dict[str, str] | None = None
    ) -> HttpReply:
        """Send JSON (or the Content-Type of ``headers``) to an address whose parts are percent-encoded.

        Raises BackendError for whatever is not an answer of status 2xx within ``timeout`` seconds.
        """
        return await self._call(
            "POST", url, body, timeout, {"Content-Type": "application/json", **(headers or {})}
        )

    async def post_payload(
        self, url: str, payload: Payload, timeout: float, *, headers: dict[str, str] | None = None
    ) -> HttpReply:
        """The same with a body that the user's code made."""
        own = {**(headers or {}), "Content-Type": payload.content_type}
        return await self.post(url, payload.content, timeout, headers=own)

    async def get(self, url: str, timeout: float, *, headers: dict[str, str] | None = None) -> HttpReply:
        """The same without a body."""
        return await self._call("GET", url, None, timeout, headers or {})

    async def look(self, url: str, timeout: float) -> HttpReply | None:
        """The same; None where ``statuses`` reads the answer by ``may_not_look``, which is logged once."""
        try:
            return await self.get(url, timeout)
        except MayNotLook:
            if not self._told:
                log.warning(
                    "revision_not_available",
                    target=self._what,
                    reason="the platform does not say, or not to us",
                )
            self._told = True
            return None

    async def aclose(self) -> None:
        """Cut off what is under way, and take no more calls."""
        await self._connections.aclose()

    async def _call(
        self, method: str, url: str, body: bytes | None, timeout: float, headers: Headers
    ) -> HttpReply:
        try:
            async with asyncio.timeout(timeout):
                return await self._authorised(method, url, body, headers)
        except aiohttp.ClientError as error:  # some are TimeoutErrors, too
            raise self._connections.failure(error) from error
        except TimeoutError as error:
            kind = BackendTimeout if self._infers else BackendDown
            raise kind(f"{self._what}: no answer came within {timeout:.1f} s.") from error

    async def _authorised(self, method: str, url: str, body: bytes | None, headers: Headers) -> HttpReply:
        """One call; a second one with fresh credentials where the platform no longer takes the first ones."""
        credentials = await self._auth.headers()
        status, reply = await self._connections.exchange(method, url, body, {**headers, **credentials})
        if self._expired(status, reply):
            credentials = await self._renewed(credentials, status, reply)
            status, reply = await self._connections.exchange(method, url, body, {**headers, **credentials})
        if 200 <= status < 300:
            return reply
        raise self._failure(status, reply)

    def _failure(self, status: int, reply: HttpReply) -> BackendError:
        words, own = (reply.headers, reply.body, self._what), self._statuses
        return of_status(status, *words, own, names=self._names, infers=self._infers)

    async def _renewed(self, rejected: Headers, status: int, reply: HttpReply) -> Headers:
        try:
            return await self._auth.headers(rejected)
        except BackendRefused as error:
            raise self._failure(status, reply) from error
