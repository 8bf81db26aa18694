"""Which hosts the backends may call: the setting BACKEND_HOSTS, parsed."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from app.core.errors import FieldError, InvalidInput

LOOPBACK = ("localhost", "127.0.0.1", "::1")
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_NAME = rf"{_LABEL}(\.{_LABEL})*\.?"
_SECRET = r"[A-Z][A-Z0-9_]*"
_ENTRY = re.compile(
    rf"(?P<http>http://)?(?P<wild>\*\.)?(?P<host>(?i:{_NAME}|\[[0-9a-f:.]+\]))(:(?P<port>[1-9][0-9]{{0,4}}))?"
    rf"(=(?P<secrets>\*|{_SECRET}(\+{_SECRET})*))?"
)
ANY = "*"


def is_host_name(text: str) -> bool:
    """Whether a name server could know it (RFC 1123)."""
    return len(text) <= 253 and re.fullmatch(_NAME, text, re.IGNORECASE) is not None


def is_secure(url: str) -> bool:
    """Whether nobody between can read or change what goes to and fro: https, or http to this machine."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    if not url.isascii() or not url.isprintable() or " " in url or not host or parts.username is not None:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK)


@dataclass(frozen=True)
class _Entry:
    scheme: str
    host: str
    wild: bool
    port: int
    secrets: frozenset[str]

    def fits(self, scheme: str, host: str, port: int) -> bool:
        if (scheme, port) != (self.scheme, self.port):
            return False
        return host.endswith(f".{self.host}") if self.wild else host == self.host


class Hosts:
    """Parsed from entries with commas between them; ValueError names one that cannot be read.

    ``host``, ``host:port`` and ``*.suffix`` (every host below) allow https; ``http://host:port`` allows plain
    http. Nothing is allowed by default: a token goes to whoever has the name, and anybody can rent one below
    most vendors' domains.

    ``host=NAME+NAME`` allows that the secrets in these variables are sent there, ``host=*`` any; without,
    none is: whoever may register a version could have the secret of one host sent to another.
    """

    def __init__(self, entries: str = "") -> None:
        self._entries = [_parse(entry.strip()) for entry in entries.split(",") if entry.strip()]

    def allow(self, url: str) -> bool:
        """Whether this absolute http(s) address may be called."""
        return bool(self._fitting(url))

    def require(self, url: str, option: str, *secrets: str | None) -> None:
        """InvalidInput, naming the option that holds the address, unless it may be called, and these secrets
        may be sent there; they are named as BACKEND_HOSTS names them, None is none."""
        sent = [name for name in secrets if name is not None]
        entries = self._fitting(url)
        may_be_sent = {name for entry in entries for name in entry.secrets}
        if entries and (ANY in may_be_sent or may_be_sent.issuperset(sent)):
            return
        parts = urlsplit(url)
        right = f"http://{parts.netloc}" if parts.scheme == "http" else parts.netloc
        right += f"={'+'.join(sent)}" if sent else ""
        wrong = f"{' and '.join(sent)} may not be sent there" if entries else "the host is not allowed"
        raise InvalidInput(
            "The options name a host that may not be called so.",
            errors=[FieldError(f"options.{option}", f"{wrong}; the setting BACKEND_HOSTS must list {right}")],
        )

    def _fitting(self, url: str) -> list[_Entry]:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        host = (parts.hostname or "").lower()
        return [entry for entry in self._entries if entry.fits(parts.scheme, host, port)]


def _parse(entry: str) -> _Entry:
    match = _ENTRY.fullmatch(entry)
    if not match or int(match["port"] or 0) > 65535:
        raise ValueError(
            f"{entry!r} must be host, host:port, *.suffix or http://host:port, with commas between, each with"
            " =NAME+NAME behind it for the variables whose secrets may be sent there"
        )
    scheme = "http" if match["http"] else "https"
    port = int(match["port"] or (80 if match["http"] else 443))
    secrets = frozenset(match["secrets"].split("+")) if match["secrets"] else frozenset()
    return _Entry(scheme, match["host"].strip("[]").lower(), bool(match["wild"]), port, secrets)
