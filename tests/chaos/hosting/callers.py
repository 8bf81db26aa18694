"""Many callers in one process: requests by hand, since a client library would take most of the machine."""

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

MOST_IDLE = 2.0
"""Seconds after which a connection is not used again, as the server may close it."""
LOST = 0
"""The status of a request whose connection ended without an answer."""


@dataclass(frozen=True)
class Said:
    """An answer; ``began`` and ``ended`` are of time.monotonic."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    began: float
    ended: float

    @property
    def seconds(self) -> float:
        return self.ended - self.began

    @property
    def json(self) -> dict[str, object]:
        value: dict[str, object] = json.loads(self.body)
        return value

    @property
    def cache(self) -> str:
        return self.headers.get("x-cache", "")


class Caller:
    """One connection to one process, made anew when it ended."""

    def __init__(self, url: str) -> None:
        self._address = urlsplit(url)
        self._writer: asyncio.StreamWriter | None = None
        self._reader: asyncio.StreamReader | None = None
        self._used_at = 0.0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._writer = None

    async def post(self, path: str, **headers: str) -> Said:
        return await self.ask("POST", path, None, **headers)

    async def ask(self, method: str, path: str, body: object, **headers: str) -> Said:
        """One request. LOST is the status where the connection ended; nothing is sent twice."""
        began = time.monotonic()
        try:
            status, named, content = await self._ask(method, path, body, headers)
        except (ConnectionError, asyncio.IncompleteReadError):
            self.close()
            status, named, content = LOST, {}, b""
        except asyncio.CancelledError:
            self.close()
            raise
        return Said(status, named, content, began, time.monotonic())

    async def _ask(
        self, method: str, path: str, body: object, headers: Mapping[str, str]
    ) -> tuple[int, dict[str, str], bytes]:
        if self._writer is None or self._writer.is_closing() or time.monotonic() - self._used_at > MOST_IDLE:
            self.close()
            self._reader, self._writer = await asyncio.open_connection(
                self._address.hostname, self._address.port
            )
        assert self._reader
        assert self._writer
        content = b"" if body is None else json.dumps(body).encode()
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(content)}"]
        lines += ["Content-Type: application/json"] if content else []
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self._writer.write("\r\n".join([*lines, "\r\n"]).encode() + content)
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        named = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:])}
        said = await self._reader.readexactly(int(named.get("content-length", 0)))
        self._used_at = time.monotonic()
        if named.get("connection") == "close":
            self.close()
        return int(head[0].split(" ")[1]), named, said
