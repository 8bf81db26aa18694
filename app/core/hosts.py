"""Which hosts the backends may call: the setting BACKEND_HOSTS, parsed."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from app.core.errors import FieldError, InvalidInput

_NAME = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*"
_ENTRY = re.compile(
    rf"(?P<wild>\*\.)?(?P<host>{_NAME}|\[[0-9a-f:.]+\])(:(?P<port>[1-9][0-9]{{0,4}}))?", re.IGNORECASE
)


@dataclass(frozen=True)
class _Entry:
    host: str
    wild: bool
    port: int | None

    def fits(self, scheme: str, host: str, port: int) -> bool:
        if self.port is None and (scheme, port) != ("https", 443):
            return False
        if self.port not in (None, port):
            return False
        return host.endswith(f".{self.host}") if self.wild else host == self.host


class Hosts:
    """Parsed from entries with commas between them; ValueError names one that cannot be read.

    ``host`` allows https on port 443, ``host:port`` http and https on that port, ``*.suffix`` every host
    below. Nothing is allowed by default: a token goes to whoever has the name, and anybody can rent one below
    most vendors' domains.
    """

    def __init__(self, entries: str = "") -> None:
        self._entries = [_parse(entry.strip()) for entry in entries.split(",") if entry.strip()]

    def allow(self, url: str) -> bool:
        """Whether this absolute http(s) address may be called."""
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        host = (parts.hostname or "").lower()
        return any(entry.fits(parts.scheme, host, port) for entry in self._entries)

    def require(self, url: str, option: str) -> None:
        """InvalidInput, naming the option that holds the address, unless it may be called."""
        if not self.allow(url):
            parts = urlsplit(url)
            entry = parts.netloc if parts.port or parts.scheme == "https" else f"{parts.netloc}:80"
            message = f"the host is not allowed; the setting BACKEND_HOSTS must list {entry}"
            raise InvalidInput(
                "The options name a host that may not be called.",
                errors=[FieldError(f"options.{option}", message)],
            )


def _parse(entry: str) -> _Entry:
    match = _ENTRY.fullmatch(entry)
    if not match or int(match["port"] or 0) > 65535:
        raise ValueError(f"{entry!r} must be host, host:port or *.suffix, with commas between several")
    host = match["host"].strip("[]").lower()
    return _Entry(host, bool(match["wild"]), int(match["port"]) if match["port"] else None)
