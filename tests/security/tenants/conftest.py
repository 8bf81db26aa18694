"""Two tenants of one service, with one wall between them, both or none."""

from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from app.core.settings import Settings
from tests.support.aws_stub import AwsStub
from tests.support.clarify import either
from tests.support.tenants import Tenants, two_tenants, wall_in
from tests.support.walls import take_first_wall_away


@pytest.fixture(params=["both", "first", "second", "none"])
def walls(request: pytest.FixtureRequest) -> str:
    """Which of the two there are: the application's, Postgres'."""
    return str(request.param)


@pytest.fixture
async def tenants(
    walls: str, settings: Settings, database_url: str, aws: AwsStub, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Tenants]:
    """Behind these walls, from when both have what they have."""
    aws.respond = either
    if walls in ("both", "second"):
        url = SecretStr(await wall_in(database_url))
        settings = settings if settings.database_pooler else settings.model_copy(update={"database_url": url})
    async with two_tenants(settings, database_url) as tenants:
        if walls in ("second", "none"):
            take_first_wall_away(monkeypatch)
        yield tenants
