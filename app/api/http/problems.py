"""Every failure leaves as application/problem+json (RFC 9457), crashes included."""

import math
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import cast

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import JsonValue
from starlette.exceptions import HTTPException
from starlette.routing import Match

from app.api.http.queries import has_plus
from app.core.errors import (
    AppError,
    BadOutput,
    BadRequest,
    FieldError,
    Forbidden,
    InvalidInput,
    MethodNotAllowed,
    NotFound,
    RequestTimeout,
    TooLarge,
    TooManyRequests,
    Unauthorized,
    Unavailable,
    UnsupportedMediaType,
    UserCodeError,
)
from app.core.logging.quoting import Quoted
from app.schemas.faults import field_errors
from app.schemas.predictions.predictions import ItemProblem
from app.schemas.problem import FieldProblem, Problem
from app.services.failures import outages

log = structlog.get_logger(__name__)

MOST_SAID = 1000
"""Characters of a fault's place, and of its message."""
METHODS = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
PREFIX = "urn:sagemaker-fastapi:problem:"
MEDIA_TYPE = "application/problem+json"
REFERENCE = {"$ref": f"#/components/schemas/{Problem.__name__}"}
"""The schema of every error in the OpenAPI document, which has it among its components (see openapi.py)."""
EVERYWHERE = (
    *(Unauthorized, Forbidden, TooManyRequests),
    *(InvalidInput, NotFound, MethodNotAllowed, AppError, Unavailable),
)
"""What any route may answer: 422 for a query parameter that it does not have, 503 without the database."""
OF_BODIES = (BadRequest, RequestTimeout, TooLarge, UnsupportedMediaType)
"""What a route that reads a body may answer."""
QUOTING = BadOutput, InvalidInput, UserCodeError
"""What records' values are in the detail of."""
OF_ROUTING = {kind.status: kind for kind in (NotFound, MethodNotAllowed)}


def install(app: FastAPI) -> None:
    """Register the handlers. A crash below FastAPI is answered by the RequestContext middleware."""
    app.add_exception_handler(Exception, _crash)
    app.add_exception_handler(AppError, _app_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
    for outage in outages.OUTAGES:
        app.add_exception_handler(outage, _outage)


def problem(
    status: int,
    slug: str,
    title: str,
    detail: str,
    *,
    errors: Sequence[FieldError] = (),
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    """The one place where a problem's body is made."""
    body: dict[str, JsonValue] = {"type": PREFIX + slug, "title": title, "status": status, "detail": detail}
    body["request_id"] = structlog.contextvars.get_contextvars().get("request_id", "")
    if errors:
        body["errors"] = [{"field": one.field, "message": one.message} for one in _bounded(errors)]
    return JSONResponse(body, status, headers, media_type=MEDIA_TYPE)


def _bounded(errors: Sequence[FieldError]) -> Iterator[FieldError]:
    """Of what a caller wrote, and can be of any length, the beginning."""
    return (FieldError(one.field[:MOST_SAID], one.message[:MOST_SAID]) for one in errors)


def responses(
    *kinds: type[AppError], beside: Sequence[type[AppError]] = EVERYWHERE
) -> dict[int | str, dict[str, object]]:
    """The ``responses=`` of a route: which of our errors it answers, beside those that any route may."""
    titles: dict[int | str, list[str]] = {}
    for kind in dict.fromkeys((*kinds, *beside)):
        titles.setdefault(kind.status, []).append(f"{kind.title} (`{kind.slug}`)")
    return {
        status: {"description": "; ".join(titles[status]), "content": {MEDIA_TYPE: {"schema": REFERENCE}}}
        for status in sorted(titles)
    }


def crash(error: Exception) -> JSONResponse:
    """What a bug answers: nothing of it; the log has the rest, under the request's id."""
    log.error("crashed", exc_info=error)
    said = "The service failed; its log has the request's id."
    return problem(AppError.status, AppError.slug, AppError.title, said)


async def _crash(_request: Request, error: Exception) -> JSONResponse:
    return crash(error)


def from_app_error(error: AppError) -> JSONResponse:
    headers = dict(error.headers)
    if error.retry_after is not None:
        headers["Retry-After"] = str(math.ceil(error.retry_after))
    if error.status >= 500:
        log.warning("request failed", problem=error.slug, detail=_said(error), exc_info=error.__cause__)
    return problem(error.status, error.slug, error.title, error.detail, errors=error.errors, headers=headers)


def _said(error: AppError) -> str:
    """The detail, marked where it may quote a record or what a model made of it."""
    return Quoted(error.detail) if isinstance(error, QUOTING) else error.detail


def from_outage(error: Exception) -> JSONResponse:
    """What an error that may be an outage of the database is to the caller."""
    known = outages.as_app_error(error)
    return crash(error) if known is None else from_app_error(known)


def item_problem(error: AppError) -> ItemProblem:
    """The problem of one item of a batch."""
    return ItemProblem(
        type=PREFIX + error.slug,
        title=error.title,
        detail=error.detail,
        errors=[FieldProblem(field=one.field, message=one.message) for one in _bounded(error.errors)] or None,
        retry_after=error.retry_after,
    )


async def _app_error(_request: Request, error: Exception) -> JSONResponse:
    return from_app_error(cast(AppError, error))


async def _outage(_request: Request, error: Exception) -> JSONResponse:
    return from_outage(error)


async def _validation_error(request: Request, error: Exception) -> JSONResponse:
    faults = cast(RequestValidationError, error).errors()
    for fault in faults:
        if fault["loc"][0] == "query" and has_plus(request.scope["query_string"], str(fault["loc"][1])):
            fault["msg"] += "; in a URL + is a blank: write %2B"
        # A field is named as the caller wrote it, without "body" or "query" before it.
        fault["loc"] = fault["loc"][1:] or fault["loc"]
    return from_app_error(InvalidInput("The request does not fit.", errors=field_errors(faults)))


def _methods(request: Request) -> list[str]:
    """Those of every route of this path; the framework names those of the first."""
    return [method for method in METHODS if _is_routed(request, "GET" if method == "HEAD" else method)]


def _is_routed(request: Request, method: str) -> bool:
    scope = {**request.scope, "method": method}
    return any(route.matches(scope)[0] is Match.FULL for route in request.app.routes)


async def _http_error(request: Request, error: Exception) -> JSONResponse:
    failure = cast(HTTPException, error)
    phrase, detail = HTTPStatus(failure.status_code).phrase, str(failure.detail)
    if failure.status_code in OF_ROUTING and detail == phrase:
        asked = request.scope.get("asked_method", request.method)
        detail = f"There is no route {asked} {request.url.path}."
    kind = OF_ROUTING.get(failure.status_code)
    slug, title = (kind.slug, kind.title) if kind else (phrase.lower().replace(" ", "-"), phrase)
    headers = dict(failure.headers) if failure.headers else None
    if failure.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers = {"Allow": ", ".join(_methods(request))}
    return problem(failure.status_code, slug, title, detail, headers=headers)
