"""The pages over HTTP, in this process, on a database of the test's own."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from app.core.settings import Settings
from tests.support.app import client_of, running_app


@pytest.fixture
async def app(settings: Settings) -> AsyncIterator[FastAPI]:
    """The application with its lifespan run."""
    async with running_app(settings) as app:
        yield app


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A browser, as far as headers go."""
    async with client_of(app) as client:
        client.headers.update({"Accept": "text/html", "Sec-Fetch-Site": "same-origin"})
        yield client
