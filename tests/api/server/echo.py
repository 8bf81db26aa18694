"""An application that tells what it was asked, behind the service's own connections."""

import asyncio
import json

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

WAITING = "/waiting"
"""The path of what is answered after a moment."""


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await _live(receive, send)
        return
    request = Request(scope, receive)
    if request.url.path == WAITING:
        await asyncio.sleep(0.3)
    told = {
        "method": request.method,
        "path": request.url.path,
        "length": 0 if request.url.path == "/unread" else len(await request.body()),
        "fields": sorted(request.headers.keys()),
    }
    await JSONResponse(json.loads(json.dumps(told)))(scope, receive, send)


async def _live(receive: Receive, send: Send) -> None:
    for stage in ("startup", "shutdown"):
        await receive()
        await send({"type": f"lifespan.{stage}.complete"})
