"""Who a service that runs here answers, in a line for whoever started it."""

import asyncio

from app.core.errors import Misconfigured
from app.core.settings import Settings
from app.services.access import opening

AUTH_NONE = "Anybody who reaches it may do anything: AUTH=none."
NO_KEYS = """\
It answers this machine alone, which needs no key. To make one, which everybody needs from then on:
`python -m app keys create NAME --scope admin`."""
KEYS = "Callers need a key, as keys were made: -H 'Authorization: Bearer KEY'."


def require_keys(settings: Settings) -> None:
    """Misconfigured where it would listen for others than this machine, and there are no keys."""
    try:
        asyncio.run(opening.require_keys(settings, settings.host))
    except Misconfigured as error:
        first = "With HOST=127.0.0.1 it starts, and while it runs a key can be made."
        raise Misconfigured(f"{error.detail} {first}") from error


def who_is_answered(settings: Settings) -> str:
    if settings.auth == "none":
        return AUTH_NONE
    return KEYS if asyncio.run(opening.any_key_made(settings)) else NO_KEYS
