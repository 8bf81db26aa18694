"""What pages of other origins may do in a browser: nothing, unless ALLOWED_ORIGINS lists them (CORS)."""

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

from app.core.settings import Settings
from app.core.web import names

METHODS = ("GET", "POST", "PUT", "DELETE")
TAKEN = (
    *("authorization", "content-type", "if-match", "if-none-match", "idempotency-key"),
    *("cache-control", "prefer", "x-request-id"),
)
"""Headers that mean something to a route."""
SHOWN = (
    *("age", "etag", "location", "retry-after", "x-cache", "x-request-id"),
    *("idempotent-replayed", "preference-applied", "allow"),
)
"""Headers that say something to a caller."""


def install(app: FastAPI, settings: Settings) -> None:
    """Have the listed origins told that they may ask, and read what is answered; cookies are none of ours."""
    if listed := names.origins(settings.allowed_origins):
        app.add_middleware(
            CORSMiddleware,
            allow_origins=listed,
            allow_methods=METHODS,
            allow_headers=TAKEN,
            expose_headers=SHOWN,
        )
