"""New connections to the server, by the address of the settings."""

import socket
from collections.abc import Mapping
from typing import TypeAlias

import asyncpg

from app.core.database_url import DatabaseUrl, parse
from app.db.server.outages import is_outage

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

CONNECT_TIMEOUT = 4.0
"""Seconds for a new connection, if the address says nothing of connect_timeout."""
SECONDS_SILENT = 10
"""A host that acknowledges nothing for so long is gone; the system's own patience is a quarter of an hour."""
KEEPALIVE = {"keepalives_idle": "TCP_KEEPIDLE", "keepalives_interval": "TCP_KEEPINTVL"} | {
    "keepalives_count": "TCP_KEEPCNT",
    "tcp_user_timeout": "TCP_USER_TIMEOUT",
}
"""libpq's parameters, and the options of a socket that they stand for; not every system has all of them."""
DEFAULTS = {"keepalives": 1, "keepalives_idle": SECONDS_SILENT, "keepalives_interval": 2} | {
    "keepalives_count": 3,
    "tcp_user_timeout": 1000 * SECONDS_SILENT,
}


class NotConnected(ConnectionError):
    """The server, or the driver, does not take the address as it is."""


async def connect(
    url: str,
    *,
    statement_cache_size: int = 100,
    server_settings: Mapping[str, str] | None = None,
    command_timeout: float | None = None,
) -> Connection:
    """A connection that notices when its host is gone. Whatever it fails with is one of OUTAGES."""
    address = parse(url)
    try:
        connection: Connection = await asyncpg.connect(
            address.dsn,
            timeout=address.numbers.get("connect_timeout") or CONNECT_TIMEOUT,
            statement_cache_size=statement_cache_size,
            server_settings=dict(server_settings) if server_settings else None,
            command_timeout=command_timeout,
        )
    except (asyncpg.InterfaceError, asyncpg.InternalClientError, ValueError) as error:
        # such as: no host is a primary, or the host is no name at all (UnicodeError, of Python's own look-up)
        raise NotConnected(str(error)) from error
    except asyncpg.PostgresError as error:
        if is_outage(error):
            raise
        raise NotConnected(str(error)) from error  # such as: a setting of the address is unknown to it
    _notice_silence(connection, address)
    return connection


def _notice_silence(connection: Connection, address: DatabaseUrl) -> None:
    """asyncpg has no parameters for that, and gives the socket by no public name."""
    found = connection._transport.get_extra_info("socket")  # type: ignore[attr-defined]
    if found is None or found.family not in (socket.AF_INET, socket.AF_INET6):
        return
    chosen = {**DEFAULTS, **address.numbers}
    found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, int(chosen["keepalives"] > 0))
    for name, option in KEEPALIVE.items():
        if hasattr(socket, option) and chosen[name] > 0:
            found.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), chosen[name])
