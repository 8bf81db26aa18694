"""By which names this service is asked, and by pages of which origins: ALLOWED_HOSTS, ALLOWED_ORIGINS."""

import ipaddress
import re
from collections.abc import Iterator

ANY = "*"
PRIVATE = (".localhost", ".local", ".internal")
"""Ends of names that no public name server gives (RFC 6761, RFC 6762, ICANN's resolution 2024.07.29.06)."""
_NAME = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*"
_ENTRY = re.compile(rf"(\*\.)?{_NAME}")
_HOST = re.compile(rf"(?:(?P<name>{_NAME})\.?|\[(?P<six>[0-9a-f:.]+)\])(?::[0-9]{{1,5}})?", re.IGNORECASE)
_ORIGIN = re.compile(rf"https?://({_NAME}|\[[0-9a-f:.]+\])(:[1-9][0-9]{{0,4}})?")


class ServedNames:
    """Parsed from entries with commas between them: ``host``, ``*.suffix`` (every name below), ``*``.

    ValueError names an entry that cannot be read. Without entries every name is taken that no stranger can
    have lead here. A page of somebody else's may have its own name lead to an address of ours, and is then,
    to a browser, a page of ours (DNS rebinding); an address, a single word and a private name are no such
    name. These are taken whatever is listed.
    """

    def __init__(self, entries: str = "") -> None:
        listed = [_checked(entry) for entry in _split(entries.lower())]
        self.takes_any = ANY in listed
        self._names = {entry for entry in listed if not entry.startswith("*")}
        self._ends = tuple(entry[1:] for entry in listed if entry.startswith("*."))

    def take(self, host: str) -> bool:
        """Whether a request with this Host header, a port or none at its end, is one for this service."""
        if self.takes_any:
            return True
        found = _HOST.fullmatch(host)
        if found is None:
            return False
        name = (found["name"] or found["six"]).lower()
        return name in self._names or name.endswith(self._ends) or _is_private(name)


def _is_private(name: str) -> bool:
    if "." not in name and ":" not in name:
        return True
    if name.endswith(PRIVATE):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _checked(entry: str) -> str:
    if entry != ANY and not _ENTRY.fullmatch(entry):
        raise ValueError(f"{entry!r} must be a host without its port, *.suffix or *, with commas between")
    return entry


def origins(entries: str) -> tuple[str, ...]:
    """The origins in entries with commas between them. ValueError names one that cannot be read."""
    listed = tuple(_split(entries))
    for entry in listed:
        if not _ORIGIN.fullmatch(entry):
            right = (
                "https://host or http://host:port, in small letters and without a path, with commas between"
            )
            raise ValueError(f"{entry!r} must be {right}")
    return listed


def _split(entries: str) -> Iterator[str]:
    return (entry.strip() for entry in entries.split(",") if entry.strip())
