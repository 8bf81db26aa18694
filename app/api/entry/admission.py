"""Lets in who may call, before anything of the request is read but its head."""

import asyncio
from collections.abc import Iterable
from ipaddress import ip_address
from typing import TYPE_CHECKING

from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.http.problems import from_app_error, from_outage
from app.api.web import assets
from app.core.errors import AppError, Unauthorized, Unavailable
from app.schemas.access.callers import ANYBODY, CURRENT, STRANGER, Caller
from app.services.access.keys import PREFIX
from app.services.failures import outages
from app.services.runtime import Runtime

if TYPE_CHECKING:
    from app.services.access.tokens import Tokens

READINESS, SOON = "/health/ready", 1.0
"""Seconds."""
SIGN_IN = "/dashboard/sign-in"
OF_PROTOCOL = "/v2/health/live", "/v2/health/ready"
OPEN_PATHS = frozenset(("/health/live", READINESS, *OF_PROTOCOL, "/docs", "/redoc", "/openapi.json", SIGN_IN))
"""What tells nothing of what is stored; so do the files that pages load (``assets``)."""
NO_KEY = {"WWW-Authenticate": 'Bearer realm="sagemaker-fastapi"'}
WRONG_KEY = {"WWW-Authenticate": 'Bearer realm="sagemaker-fastapi", error="invalid_token"'}
THROUGH_A_PROXY = frozenset((b"forwarded", b"x-forwarded-for", b"x-real-ip", b"via"))
MOST_CHARACTERS = 8192
"""Of a key, or a token; more is none."""


class CallerAdmission:
    """Sets ``CURRENT``, or answers 401. What the caller may do is for routes to ask (``scopes``)."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            caller = await _caller(scope)
        except AppError as error:
            await from_app_error(error)(scope, receive, send)
        except outages.OUTAGES as error:
            await from_outage(error)(scope, receive, send)
        else:
            before = CURRENT.set(caller)
            try:
                await self.app(scope, receive, send)
            finally:
                CURRENT.reset(before)


async def _caller(scope: Scope) -> Caller:
    path: str = scope["path"].removeprefix(scope.get("root_path", ""))
    runtime: Runtime | None = getattr(scope["app"].state, "runtime", None)
    if path == READINESS and runtime is not None:
        return await _known_soon(scope, runtime)
    if path in OPEN_PATHS or scope["app"].state.settings.auth == "none" or assets.is_one(path):
        return ANYBODY
    if runtime is None:
        raise Unavailable("The service is starting.")
    return await _known(scope, runtime)


async def _known_soon(scope: Scope, runtime: Runtime) -> Caller:
    """Readiness is told to anybody, also while the database is away; names in it to who is known at once."""
    try:
        async with asyncio.timeout(SOON):
            return await _known(scope, runtime)
    except AppError:
        return STRANGER
    except outages.OUTAGES:
        return STRANGER


async def _known(scope: Scope, runtime: Runtime) -> Caller:
    if runtime.settings.auth == "none":
        return ANYBODY
    given = [value for name, value in scope["headers"] if name == b"authorization"]
    if not given:
        return await _without_a_key(runtime, scope)
    return await holder(runtime, _key(given))


async def holder(runtime: Runtime, key: str) -> Caller:
    """Who has a key, or a token. Unauthorized where nobody may come in by it, TooManyRequests by it now."""
    if runtime.tokens is not None and not key.startswith(PREFIX):
        return await _holder_of_a_token(runtime.tokens, key)
    caller = runtime.keyring.at_once(key) or await runtime.keyring.holder(key)
    if caller is None:
        raise Unauthorized("The key is not valid: unknown, expired or revoked.", headers=WRONG_KEY)
    if not runtime.rates.at_once(caller):
        await runtime.rates.admit(caller)
    return caller


def _key(given: list[bytes]) -> str:
    scheme, _, key = given[0].partition(b" ")
    key = key.strip(b" ")
    if len(given) > 1 or scheme.lower() != b"bearer" or not 0 < len(key) <= MOST_CHARACTERS:
        raise Unauthorized("Authorization must be given once, as: Bearer <key>.", headers=WRONG_KEY)
    return key.decode("latin-1")


async def _holder_of_a_token(tokens: "Tokens", token: str) -> Caller:
    try:
        return tokens.at_once(token) or await tokens.holder(token)
    except Unauthorized as error:
        raise error.with_headers(WRONG_KEY) from error


async def _without_a_key(runtime: Runtime, scope: Scope) -> Caller:
    """Whoever asks from this machine, as long as there are neither keys nor tokens."""
    if runtime.tokens is not None or (anybody := await runtime.keyring.anybody()) is None:
        raise Unauthorized("A key is needed: Authorization: Bearer <key>.", headers=NO_KEY)
    if not _is_local(scope.get("client"), scope["headers"]):
        raise Unauthorized("There are no keys yet: until then only this machine is answered.", headers=NO_KEY)
    return anybody


def _is_local(client: tuple[str, int] | None, headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether nobody else can have sent it: by loopback or a socket of the file system, and by no proxy."""
    if any(name in THROUGH_A_PROXY for name, _ in headers):
        return False
    if client is None or not client[0]:
        return True
    try:
        return ip_address(client[0]).is_loopback
    except ValueError:
        return False
