"""Addresses in options: well formed, and none that no model can have."""

import ipaddress
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator

from app.core.hosts import is_host_name

NEVER = tuple(
    map(
        ipaddress.ip_network,
        (
            *("169.254.0.0/16", "fe80::/10"),  # link-local: the metadata services of AWS, Google and Azure
            *("fd00:ec2::254/128", "fd20:ce::254/128"),  # the same by IPv6: AWS, Google
            *("168.63.129.16/32", "100.100.100.200/32"),  # Azure's host agent; Alibaba's metadata
            *("64:ff9b::/96", "64:ff9b:1::/48", "::/96"),  # IPv4 within IPv6, by which the above would pass
            *("0.0.0.0/8", "224.0.0.0/4", "ff00::/8"),  # nobody's, everybody's
        ),
    )
)
"""Networks that are never called, whatever BACKEND_HOSTS says (the vendors' pages on instance metadata)."""


def is_never_called(address: str) -> bool:
    """Whether an IP address belongs to NEVER; an IPv4 address within IPv6 counts as itself."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address) and (within := parsed.ipv4_mapped or parsed.sixtofour):
        parsed = within
    return not parsed.is_loopback and any(parsed in network for network in NEVER)


def is_loopback(host: str) -> bool:
    """Whether the host is this machine by its name or address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def plain_address(url: str) -> str:
    """The address without a slash at its end; ValueError unless it is http(s)://host[:port][/path]."""
    parts = _split(url)
    host = parts.hostname or ""
    try:
        never = is_never_called(host)
    except ValueError:  # a name; what it resolves to is looked at when it is called
        never = False
    if never:
        raise ValueError("must not be a link-local or metadata address")
    return url.rstrip("/")


def https_address(url: str) -> str:
    """The same with https only; http is for stand-ins on this machine."""
    parts = _split(url)
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        raise ValueError("must be https://")
    return plain_address(url)


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        plain = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        plain = False
    odd = set(url) & set("\\ ?#") or not url.isascii() or not url.isprintable()
    if not plain or odd or parts.username is not None or not _is_host(parts.hostname or ""):
        raise ValueError("must be http(s)://host[:port][/path], without a user, a query or a fragment")
    return parts


def _is_host(host: str) -> bool:
    try:
        return bool(ipaddress.ip_address(host))
    except ValueError:
        return is_host_name(host)


HttpAddress = Annotated[str, AfterValidator(plain_address)]
HttpsAddress = Annotated[str, AfterValidator(https_address)]
