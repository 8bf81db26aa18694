"""No engine puts into an error what a statement was given: whoever logs the error would show it."""

from collections.abc import Callable

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from app.core.settings import Settings
from app.db import engine as engines

Maker = Callable[[Settings], AsyncEngine]
MAKERS: tuple[Maker, ...] = (engines.create_engine, engines.create_direct_engine, engines.create_owner_engine)


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)
async def test_an_error_has_no_parameters(make: Maker, settings: Settings) -> None:
    engine = make(settings)
    async with engine.connect() as connection:
        with pytest.raises(DBAPIError) as caught:
            await connection.execute(
                text("select 1 / :zero, cast(:name as text)"), {"zero": 0, "name": "canary"}
            )
    await engine.dispose()
    assert "division by zero" in str(caught.value)
    assert "canary" not in str(caught.value)
