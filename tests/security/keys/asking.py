"""Requests byte for byte, as no client library would send them."""

import http.client
import io
import json
import re
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from urllib.parse import urlsplit

SECONDS = 30
TRIED = count()
"""One for each request."""
OF_EACH = ("x-request-id", "date")
"""Headers that no two answers have in common."""


@dataclass(frozen=True)
class Answered:
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def text(self) -> str:
        """All of it."""
        return f"{self.headers} {self.body.decode('utf-8', 'replace')}"

    @property
    def told(self) -> tuple[int, tuple[tuple[str, str], ...], bytes]:
        """What it tells beside which request it is of."""
        headers = tuple(one for one in self.headers if one[0] not in OF_EACH)
        return self.status, headers, re.sub(rb'"request_id": ?"[^"]*"', b"", self.body)


class Line:
    """A connection that is kept open, and opened anew where the service has closed it."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=SECONDS)

    def ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None = None) -> Answered:
        """Send the path as it stands."""
        next(TRIED)
        try:
            self._connection.request(method, path, body, dict(headers))
            return _answered(self._connection.getresponse())
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            self._connection.close()
            self._connection.request(method, path, body, dict(headers))
            return _answered(self._connection.getresponse())

    def close(self) -> None:
        self._connection.close()


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def exchange(url: str, sent: bytes) -> list[Answered]:
    """All answers to these bytes, the last of which has to have the connection closed."""
    next(TRIED)
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=SECONDS) as line:
        line.sendall(sent)
        received = b"".join(iter(lambda: line.recv(65536), b""))
    return [*_split(received)]


class _Received(socket.socket):
    """What http.client takes for a connection, of bytes that are here."""

    def __init__(self, received: bytes) -> None:
        self._received = received

    def makefile(self, *_: object, **__: object) -> io.BytesIO:  # type: ignore[override]
        return io.BytesIO(self._received)


def _split(received: bytes) -> Iterator[Answered]:
    while received:
        response = http.client.HTTPResponse(_Received(received))
        response.begin()
        length = response.getheader("content-length")
        yield _answered(response)
        if length is None:
            return
        received = received[received.index(b"\r\n\r\n") + 4 + int(length) :]


def _answered(response: http.client.HTTPResponse) -> Answered:
    headers = tuple((name.lower(), value) for name, value in response.getheaders())
    return Answered(response.status, headers, response.read())


def document_of(url: str) -> dict[str, dict[str, dict[str, object]]]:
    """The operations of the OpenAPI document that the service itself gives, by path and method."""
    line = Line(url)
    document = json.loads(line.ask("GET", "/openapi.json", {}).body)
    line.close()
    found: dict[str, dict[str, dict[str, object]]] = document["paths"]
    return found
