"""The warning about more connections than the server has."""

import pytest
from structlog.typing import EventDict

from app.core.settings import Settings
from app.db.capacity import warn_if_too_small
from app.db.engine import open_database


async def ask(settings: Settings, **changes: object) -> None:
    database = open_database(settings)
    await warn_if_too_small(settings.model_copy(update=changes), database)
    await database.aclose()


async def test_a_pool_that_no_server_has_room_for_is_said_with_the_numbers(
    settings: Settings, logs: list[EventDict]
) -> None:
    await ask(settings, database_pool_size=100_000, database_pooler=False)
    [line] = logs
    assert line["wanted"] == 100_001
    assert 0 < line["available"] < 100_001


@pytest.mark.parametrize("changes", [{"database_pool_size": 1}, {"database_pooler": True}])
async def test_what_fits_or_goes_through_a_pooler_is_not(
    settings: Settings, logs: list[EventDict], changes: dict[str, object]
) -> None:
    await ask(settings, **({"database_pool_size": 100_000} | changes))
    assert logs == []
