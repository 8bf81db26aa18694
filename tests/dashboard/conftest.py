"""The application's pages as a browser asks for them, with keys."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from app.core.settings import Settings
from app.schemas.access.callers import KeyScope
from app.services.access import keys
from app.services.access.keys import NewKey
from app.services.runtime import Runtime
from tests.support.app import client_of, running_app

OF_A_BROWSER = {"Accept": "text/html,application/xhtml+xml"}
OF_OUR_PAGE = {**OF_A_BROWSER, "Origin": "http://test", "Sec-Fetch-Site": "same-origin"}


@pytest.fixture
async def app(settings: Settings) -> AsyncIterator[FastAPI]:
    async with running_app(settings) as app:
        yield app


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """It keeps no cookie by itself: what is sent stands in the test."""
    async with client_of(app) as client:
        client.headers.update(OF_A_BROWSER)
        yield client


async def new_key(app: FastAPI, *scopes: KeyScope, name: str = "somebody") -> str:
    runtime: Runtime = app.state.runtime
    return await keys.make(runtime.sessions, NewKey(name, scopes)) or ""


async def signed_in(client: httpx.AsyncClient, key: str, led_to: str = "/", **headers: str) -> httpx.Response:
    """What signing in by the form answers; the client has the cookie from then on."""
    form = {"key": key, "next": led_to}
    return await client.post("/dashboard/sign-in", data=form, headers={**OF_OUR_PAGE, **headers})
