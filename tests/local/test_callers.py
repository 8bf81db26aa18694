"""What `make demo` and `make dev` say of who is answered."""

import asyncio

import pytest

from app.core.errors import Misconfigured
from app.core.settings import Settings
from app.db.engine import open_database
from app.local import callers
from app.services.access import keys
from app.services.access.keys import NewKey


def test_it_is_said_who_is_answered(settings: Settings) -> None:
    assert callers.who_is_answered(settings) == callers.NO_KEYS
    open_to_all = settings.model_copy(update={"auth": "none"})
    assert callers.who_is_answered(open_to_all) == callers.AUTH_NONE

    async def make() -> None:
        database = open_database(settings)
        await keys.make(database.transactions, NewKey("first", ["read"]))
        await database.aclose()

    asyncio.run(make())
    assert callers.who_is_answered(settings) == callers.KEYS


def test_for_others_it_does_not_start_without_a_key_and_how_one_is_made_is_said(settings: Settings) -> None:
    callers.require_keys(settings)
    with pytest.raises(Misconfigured, match=r"HOST is 0\.0\.0\.0, .* With HOST=127\.0\.0\.1 it starts"):
        callers.require_keys(settings.model_copy(update={"host": "0.0.0.0"}))
