"""What a browser sends with its requests, and signing in with one."""

import httpx
from fastapi import FastAPI

from app.schemas.access.callers import KeyScope
from app.services.access import keys
from app.services.access.keys import NewKey
from app.services.runtime import Runtime

OF_A_BROWSER = {"Accept": "text/html,application/xhtml+xml"}
OF_OUR_PAGE = {**OF_A_BROWSER, "Origin": "http://test", "Sec-Fetch-Site": "same-origin"}


async def new_key(app: FastAPI, *scopes: KeyScope, name: str = "somebody") -> str:
    runtime: Runtime = app.state.runtime
    return await keys.make(runtime.sessions, NewKey(name, scopes)) or ""


async def signed_in(client: httpx.AsyncClient, key: str, led_to: str = "/", **headers: str) -> httpx.Response:
    """What signing in by the form answers; the client has the cookie from then on."""
    form = {"key": key, "next": led_to}
    return await client.post("/dashboard/sign-in", data=form, headers={**OF_OUR_PAGE, **headers})
