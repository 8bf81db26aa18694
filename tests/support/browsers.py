"""What a browser sends with its requests, and signing in with one."""

from collections.abc import Collection

import httpx
from fastapi import FastAPI

from app.schemas.access.callers import KeyScope
from app.services.access import keys
from app.services.access.keys import NewKey
from app.services.runtime import Runtime

OF_A_BROWSER = {"Accept": "text/html,application/xhtml+xml"}
OF_OUR_PAGE = {**OF_A_BROWSER, "Origin": "http://test", "Sec-Fetch-Site": "same-origin"}


async def new_key(
    app: FastAPI,
    *scopes: KeyScope,
    name: str = "somebody",
    models: Collection[str] | None = None,
    record_prefix: str = "",
) -> str:
    runtime: Runtime = app.state.runtime
    new = NewKey(name, scopes, models=models, record_prefix=record_prefix)
    return await keys.make(runtime.sessions, new) or ""


async def headers_of(
    app: FastAPI,
    name: str,
    *scopes: KeyScope,
    models: Collection[str] | None = None,
    record_prefix: str = "",
) -> dict[str, str]:
    """Those of a new key, for who does not sign in."""
    key = await new_key(app, *scopes, name=name, models=models, record_prefix=record_prefix)
    return {"authorization": f"Bearer {key}"}


async def signed_in(client: httpx.AsyncClient, key: str, led_to: str = "/", **headers: str) -> httpx.Response:
    """What signing in by the form answers; the client has the cookie from then on."""
    form = {"key": key, "next": led_to}
    return await client.post("/dashboard/sign-in", data=form, headers={**OF_OUR_PAGE, **headers})
