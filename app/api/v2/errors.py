"""Errors as the protocol has them, in place of problems."""

import json
from collections.abc import Sequence

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.http import media, problems
from app.core.errors import AppError
from app.schemas.predictions.protocol import ProtocolError

ROOT, TAG = "/v2", "inference protocol"


class ProtocolErrors:
    """Whatever is wrong with a request below ``ROOT``, from its key to a crash, is told as ``ProtocolError``,
    with the status and the headers that it has elsewhere."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and is_below(scope):
            await self.app(scope, receive, _Told(send))
        else:
            await self.app(scope, receive, send)


def is_below(scope: Scope) -> bool:
    """Whether it is asked for as the protocol has it."""
    path: str = scope["path"].removeprefix(scope.get("root_path", ""))
    return path.startswith(ROOT) and path[len(ROOT) :][:1] in ("", "/")


class _Told:
    """Sends an answer, or in place of a problem what the protocol says of it."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            kind = MutableHeaders(scope=message).get("content-type", "")
            if kind.startswith(problems.MEDIA_TYPE):
                self._start = message
                return
        if self._start is None:
            await self._send(message)
            return
        self._body += message.get("body", b"")
        if not message.get("more_body", False):
            await self._tell(self._start)

    async def _tell(self, start: Message) -> None:
        body = _said(self._body) if self._body else b""  # of HEAD
        headers = MutableHeaders(raw=[*start["headers"]])
        headers["content-type"], headers["content-length"] = media.JSON, str(len(body))
        if not body:
            del headers["content-length"]  # which would be GET's, and nobody knows it
        await self._send({**start, "headers": headers.raw})
        await self._send({"type": "http.response.body", "body": body})


def _said(problem: bytes) -> bytes:
    told = json.loads(problem)
    faults = [f"{fault['field']}: {fault['message']}" for fault in told.get("errors", ())]
    text = f"{told['detail']} {'; '.join(faults)}".rstrip()
    return ProtocolError(error=text).model_dump_json().encode()


def responses(
    *kinds: type[AppError], beside: Sequence[type[AppError]] = problems.EVERYWHERE
) -> dict[int | str, dict[str, object]]:
    """As those of other routes, with the protocol's body."""
    made = problems.responses(*kinds, beside=beside)
    return {
        status: {"model": ProtocolError, "description": one["description"]} for status, one in made.items()
    }
