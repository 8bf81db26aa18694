"""The service in this process, without a server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI
from starlette.datastructures import State

from app.core.logging import configure_logging
from app.core.settings import Settings
from app.main import create_app
from app.services.use_case import UseCase
from tests.support.use_case import TRANSIT

_idle: list[FastAPI] = []
"""Applications whose lifespan has ended."""


@asynccontextmanager
async def running_app(settings: Settings, use_case: UseCase = TRANSIT) -> AsyncIterator[FastAPI]:
    """The application with its lifespan run. The use case's input object is TRANSIT's.

    FastAPI works out the routes of an application at its first requests, which takes longer than most tests:
    one that has done so is used again, with nothing of its state, and without the routes that a test added.
    """
    app = _idle.pop() if _idle else create_app(settings, TRANSIT)
    app.state = State({"settings": settings, "use_case": use_case})
    configure_logging(settings)
    routes = [*app.router.routes]
    async with app.router.lifespan_context(app):
        yield app
    app.router.routes[:] = routes
    _idle.append(app)


@asynccontextmanager
async def client_of(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client that calls the application without a socket."""
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client
