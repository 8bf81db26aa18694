"""One call over HTTP to a hosting platform: deadline, size, credentials and errors, for all that speak it."""

import asyncio
import io
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import structlog
from aiohttp.connector import Connection
from yarl import URL

from app.backends import base
from app.backends.http.auth import Auth, Headers
from app.backends.http.errors import MayNotLook, Statuses, of_exception, of_status
from app.backends.wire.addresses import is_never_called
from app.core.errors import BackendDown, BackendError, BackendRefused, BackendTimeout, BadOutput

log = structlog.get_logger(__name__)

CONNECT_TIMEOUT = 5.0
"""Seconds."""
_PIECE = 64 * 1024


@dataclass(frozen=True)
class HttpReply:
    """An answer. The headers' names are not case-sensitive."""

    headers: Mapping[str, str]
    body: bytes

    @property
    def content_type(self) -> str:
        return self.headers.get("Content-Type", "")


class _Response(aiohttp.ClientResponse):
    """Keeps no connection on which a server failed.

    Starlette's, KServe's among them, cut it without a word once the answer is out, and the next call on it
    would meet that.
    """

    async def start(self, connection: Connection) -> aiohttp.ClientResponse:
        protocol = connection.protocol
        await super().start(connection)
        if self.status >= 500 and protocol is not None:  # its truth is the length of its queue
            if connection.protocol is None:  # a short answer is whole already, the connection given back
                protocol.close()
            else:
                protocol.force_close()
        return self


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
    ) -> None:
        """``expired`` tells whether the credentials are to be renewed; default by status 401.

        ``names`` is the option that is at fault where ``statuses`` reads an answer as BackendMissing.
        A client that does not infer fetches tokens or looks at what is deployed: no rows are ever to blame.
        """
        self._what, self._auth, self._concurrency = what, auth, concurrency
        self._statuses = statuses or {}
        self._expired = expired or (lambda status, _: status == 401)
        self._session: aiohttp.ClientSession | None = None
        self._names, self._infers = names, infers
        self._closed = self._told = False

    async def post(
        self, url: str, body: bytes, timeout: float, *, headers: dict[str, str] | None = None
    ) -> HttpReply:
        """Send JSON (or the Content-Type of ``headers``) to an address whose parts are percent-encoded.

        Raises BackendError for whatever is not an answer of status 2xx within ``timeout`` seconds.
        """
        return await self._call(
            "POST", url, body, timeout, {"Content-Type": "application/json", **(headers or {})}
        )

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
        self._closed = True
        if self._session:
            await self._session.close()

    async def _call(
        self, method: str, url: str, body: bytes | None, timeout: float, headers: Headers
    ) -> HttpReply:
        try:
            async with asyncio.timeout(timeout):
                return await self._authorised(method, url, body, headers)
        except aiohttp.ClientError as error:  # some are TimeoutErrors, too
            raise self._gone() if self._closed else of_exception(error, self._what) from error
        except TimeoutError as error:
            kind = BackendTimeout if self._infers else BackendDown
            raise kind(f"{self._what}: no answer came within {timeout:.1f} s.") from error

    async def _authorised(self, method: str, url: str, body: bytes | None, headers: Headers) -> HttpReply:
        """One call; a second one with fresh credentials where the platform no longer takes the first ones."""
        credentials = await self._auth.headers()
        status, reply = await self._exchange(method, url, body, {**headers, **credentials})
        if self._expired(status, reply):
            credentials = await self._renewed(credentials, status, reply)
            status, reply = await self._exchange(method, url, body, {**headers, **credentials})
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

    async def _exchange(
        self, method: str, url: str, body: bytes | None, headers: Headers
    ) -> tuple[int, HttpReply]:
        content = None if body is None else io.BytesIO(body)  # aiohttp warns of large bytes
        async with self._open().request(
            method,
            URL(url, encoded=True),
            data=content,
            headers=headers,
            allow_redirects=False,
            proxy=_proxy(url),
        ) as response:
            return response.status, HttpReply(response.headers, await self._read(response))

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        pieces, size = [], 0
        async for piece in response.content.iter_chunked(_PIECE):
            size += len(piece)
            if response.status >= 300 and size > _PIECE:
                break  # it has said enough
            if size > base.MAX_REPLY:
                raise BadOutput(f"{self._what} answered more than {base.MAX_REPLY // 2**20} MB.")
            pieces.append(piece)
        return b"".join(pieces)

    def _open(self) -> aiohttp.ClientSession:
        """The session; made at the first call, since it belongs to the loop that makes the calls."""
        if self._closed:
            raise self._gone()
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=self._concurrency, socket_factory=_socket)
            self._session = aiohttp.ClientSession(
                connector=connector,
                response_class=_Response,
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT),
                headers={"Accept": "application/json", "User-Agent": "sagemaker-fastapi"},
            )
        return self._session

    def _gone(self) -> BackendError:
        return BackendDown(f"{self._what}: the backend is no longer used.")


@lru_cache(maxsize=256)
def _proxy(url: str) -> str | None:
    """The proxy that HTTPS_PROXY, HTTP_PROXY and NO_PROXY name for an address, as urllib reads them."""
    parts = urlsplit(url)
    proxy = None if proxy_bypass(parts.netloc) else getproxies().get(parts.scheme)
    return f"http://{proxy}" if proxy and "://" not in proxy else proxy


def _socket(address: aiohttp.AddrInfoType) -> socket.socket:
    """A socket for an address that was found: names may resolve to anything, so here is the last look."""
    family, kind, protocol, _, place = address
    if is_never_called(str(place[0])):
        raise BackendRefused("The platform's name leads to a link-local or metadata address: never called.")
    opened = socket.socket(family, kind, protocol)
    opened.setblocking(False)
    return opened
