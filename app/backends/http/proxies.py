"""The proxy that the environment names, and what is looked at before it is asked."""

import asyncio
import socket
import time
from functools import lru_cache
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import structlog

from app.backends.wire.addresses import is_never_called
from app.core.errors import BackendRefused

log = structlog.get_logger(__name__)

KEPT = 60.0
"""Seconds for which a name that was looked up is not looked up again."""
PATIENCE = 2.0
"""Seconds."""
_looked_up: dict[str, float] = {}
"""Until when, by time.monotonic, a name counts as looked up."""


@lru_cache(maxsize=256)
def proxy_for(url: str) -> str | None:
    """The proxy that HTTPS_PROXY, HTTP_PROXY and NO_PROXY name for an address, as urllib reads them."""
    parts = urlsplit(url)
    proxy = None if proxy_bypass(parts.netloc) else getproxies().get(parts.scheme)
    return f"http://{proxy}" if proxy and "://" not in proxy else proxy


def tell() -> None:
    """Log, once at start, that a proxy decides where names lead, if one is named."""
    named = sorted(getproxies().keys() & {"http", "https"})
    if named:
        hint = "have it refuse link-local and metadata addresses: it resolves the platforms' names itself"
        log.warning("platforms are called through a proxy", proxies=named, hint=hint)


async def require_fit(url: str) -> None:
    """BackendRefused where the name in an address leads to a metadata address, as far as we are told.

    The proxy will resolve it anew. Where only the proxy can, it is asked.
    """
    host = urlsplit(url).hostname or ""
    if time.monotonic() < _looked_up.get(host, 0.0):
        return
    for address in await _addresses(host):
        refuse_if_never_called(address)
    if len(_looked_up) > 1000:
        _looked_up.clear()
    _looked_up[host] = time.monotonic() + KEPT


def refuse_if_never_called(address: str) -> None:
    """BackendRefused for an address at which no model can be."""
    if is_never_called(address):
        raise BackendRefused("The platform's name leads to a link-local or metadata address: never called.")


async def _addresses(host: str) -> list[str]:
    try:
        async with asyncio.timeout(PATIENCE):
            found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:  # TimeoutError, too
        return []
    return [str(place[0]) for *_, place in found]
