"""The service in this process, which says that it is ready once a first prediction is quick."""

import asyncio
from collections.abc import Callable
from socket import socket

import uvicorn
from fastapi import FastAPI

from app.api.server.options import server_options
from app.core.errors import Misconfigured
from app.local.telling import say
from app.services.runtime import Runtime
from app.services.upkeep.warming import warm_up

DRAIN_SECONDS = 5
LOOK_SECONDS = 0.05
"""Between two looks whether a signal has come while it warms up."""


def serve(app: FastAPI, listener: socket, announce: Callable[[], None]) -> None:
    """Serve until a signal comes. ``announce`` is called once it answers and is warm."""
    config = uvicorn.Config(
        app,
        **server_options(app.state.settings),
        log_level="warning",
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    server = _AnnouncedServer(config, app, announce)
    server.run(sockets=[listener])
    if not server.started:
        raise Misconfigured("The service could not start; its log above says why.")


class _AnnouncedServer(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, app: FastAPI, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._app, self._announce = app, announce

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        warming = asyncio.create_task(self._warm_up())
        while not (self.should_exit or warming.done()):
            await asyncio.wait([warming], timeout=LOOK_SECONDS)
        if warming.done():
            warming.result()
            self._announce()
        else:
            warming.cancel()
            await asyncio.wait([warming])

    async def _warm_up(self) -> None:
        runtime: Runtime = self._app.state.runtime
        for failure in await warm_up(runtime):
            say(f"\nNot warmed up: {failure}\n")
