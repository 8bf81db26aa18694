"""Connections to a hosting platform: what goes out and comes back, whoever's credentials and errors it is."""

import io
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp
from aiohttp.connector import Connection
from yarl import URL

from app.backends import base
from app.backends.http import proxies
from app.backends.http.errors import of_exception
from app.core.errors import BackendDown, BackendError, BadOutput
from app.core.tracing.parts import answered, exchanging
from app.core.tracing.present import TRACING

CONNECT_TIMEOUT = 5.0
"""Seconds."""
PIECE = 64 * 1024
_LARGE = 2**20
"""Bytes from which aiohttp warns of a body that is handed over in one piece."""


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


class Connections:
    """At most ``concurrency`` of them, kept open. ``what`` names the platform in errors."""

    def __init__(
        self,
        what: str,
        concurrency: int,
        *,
        connect_timeout: float = CONNECT_TIMEOUT,
        read_timeout: float | None = None,
        tls: ssl.SSLContext | None = None,
        longest: int | None = None,
        longest_error: int | None = PIECE,
    ) -> None:
        """``read_timeout`` is the longest silence, in seconds; what decides of the whole is the caller's.

        ``tls``: whom to trust, default whom the system does. ``longest``: bytes of an answer, default
        MAX_REPLY. ``longest_error``: bytes of an answer of status
        300 or more after which it has said enough; None: it is read whole.
        """
        self._what, self._concurrency = what, concurrency
        self._timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=connect_timeout, sock_read=read_timeout
        )
        self._tls, self._longest, self._longest_error = tls, longest, longest_error
        self._session: aiohttp.ClientSession | None = None
        self.closed = False

    async def exchange(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]
    ) -> tuple[int, HttpReply]:
        """The status and the answer, whatever they say. The address's parts are percent-encoded.

        Raises aiohttp's errors, which ``failure`` reads, BadOutput for an answer that is too long, and
        BackendRefused where the name leads to an address that is never called.
        """
        if (spans := TRACING.spans) is None:
            return await self._exchange(method, url, body, headers)
        with exchanging(spans, method, url) as span:
            # Beside what a signature covers: a mesh on the way may put its own span there.
            status, reply = await self._exchange(method, url, body, {**headers, **spans.carried()})
            answered(span, status)
            return status, reply

    async def _exchange(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]
    ) -> tuple[int, HttpReply]:
        if (proxy := proxies.proxy_for(url)) is not None:
            await proxies.require_fit(url)
        content = io.BytesIO(body) if body is not None and len(body) >= _LARGE else body
        async with self._open().request(
            method,
            URL(url, encoded=True),
            data=content,
            headers=headers,
            allow_redirects=False,
            proxy=proxy,
        ) as response:
            return response.status, HttpReply(response.headers, await self._read(response))

    def failure(self, error: aiohttp.ClientError) -> BackendError:
        """The error that says why an exchange failed."""
        return self._gone() if self.closed else of_exception(error, self._what)

    async def aclose(self) -> None:
        """Cut off what is under way, and take no more calls."""
        self.closed = True
        if self._session:
            await self._session.close()

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        pieces, size, longest = [], 0, self._longest or base.MAX_REPLY
        async for piece in response.content.iter_chunked(PIECE):
            size += len(piece)
            if self._longest_error is not None and response.status >= 300 and size > self._longest_error:
                break
            if size > longest:
                raise BadOutput(f"{self._what} answered more than {longest // 2**20} MB.")
            pieces.append(piece)
        return b"".join(pieces)

    def _open(self) -> aiohttp.ClientSession:
        """The session; made at the first call, since it belongs to the loop that makes the calls."""
        if self.closed:
            raise self._gone()
        if self._session is None:
            connector = aiohttp.TCPConnector(
                limit=self._concurrency, socket_factory=_socket, ssl=self._tls or True
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                response_class=_Response,
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=self._timeout,
                headers={"Accept": "application/json", "User-Agent": "sagemaker-fastapi"},
            )
        return self._session

    def _gone(self) -> BackendError:
        return BackendDown(f"{self._what}: the backend is no longer used.")


def _socket(address: aiohttp.AddrInfoType) -> socket.socket:
    """A socket for an address that was found: names may resolve to anything, so here is the last look."""
    family, kind, protocol, _, place = address
    proxies.refuse_if_never_called(str(place[0]))
    opened = socket.socket(family, kind, protocol)
    opened.setblocking(False)
    return opened
