"""How uvicorn is run, by ``python -m app serve`` and by what serves in its own process."""

from asyncio import Protocol
from functools import partial
from typing import Literal, TypedDict, cast

from app.api.server.connection import BoundedConnection
from app.core.settings import Settings


class ServerOptions(TypedDict):
    """What is the same for whoever serves."""

    http: type[Protocol]
    ws: Literal["none"]
    log_config: None
    proxy_headers: bool
    timeout_keep_alive: int


def server_options(settings: Settings) -> ServerOptions:
    """Can be pickled, since each of several workers is given them."""
    return ServerOptions(
        http=cast("type[Protocol]", partial(BoundedConnection, patience=settings.receive_timeout)),
        ws="none",
        log_config=None,
        proxy_headers=False,  # otherwise anyone may claim an address
        timeout_keep_alive=settings.keep_alive,
    )
