"""HTTP as no client library would send it."""

import re
import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from pydantic import JsonValue, TypeAdapter

from tests.support.eventually import TIMEOUT

HOST = b"Host: test\r\n"


@dataclass(frozen=True)
class Heard:
    """What a server said until it closed the connection, or was silent; ``closed`` tells which."""

    text: bytes
    closed: bool

    @property
    def statuses(self) -> list[int]:
        return [int(status) for status in re.findall(rb"HTTP/1\.1 ([0-9]{3}) ", self.text)]

    @property
    def body(self) -> JsonValue:
        """Of the last answer, which is JSON."""
        value: JsonValue = TypeAdapter(JsonValue).validate_json(self.text.rpartition(b"\r\n\r\n")[2])
        return value


def connect(url: str) -> socket.socket:
    parts = urlsplit(url)
    opened = socket.create_connection((parts.hostname, parts.port))
    opened.settimeout(TIMEOUT)
    return opened


def say(url: str, *parts: bytes, silence: float = TIMEOUT) -> Heard:
    """Send this on a connection of its own, and listen until it is closed or ``silence`` seconds pass."""
    with connect(url) as opened:
        send(opened, parts)
        return hear(opened, silence)


def send(opened: socket.socket, parts: Iterable[bytes]) -> None:
    """As much of it as is taken."""
    try:
        for part in parts:
            opened.sendall(part)
    except OSError:
        pass  # it no longer listens: what it said can be read all the same


def hear(opened: socket.socket, silence: float = TIMEOUT) -> Heard:
    opened.settimeout(silence)
    text = b""
    try:
        while piece := opened.recv(65_536):
            text += piece
    except TimeoutError:
        return Heard(text, closed=False)
    except OSError:
        pass  # closed, with something of ours unread
    return Heard(text, closed=True)


def trickle(url: str, first: bytes, drop: bytes, *, every: float, seconds: float) -> Heard:
    """Send ``first``, and then ``drop`` again and again, until it is closed or the time is up."""
    with connect(url) as opened:
        opened.sendall(first)
        opened.settimeout(every)
        deadline, text = time.monotonic() + seconds, b""
        while time.monotonic() < deadline:
            try:
                piece = opened.recv(65_536)
            except TimeoutError:
                send(opened, [drop])
                continue
            except OSError:
                piece = b""
            if not piece:
                return Heard(text, closed=True)
            text += piece
    return Heard(text, closed=False)
