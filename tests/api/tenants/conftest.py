"""Two tenants of one service, behind one wall or both."""

from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from app.core.settings import Settings
from tests.support.aws_stub import AwsStub
from tests.support.clarify import either
from tests.support.tenants import Tenants, two_tenants, wall_in


@pytest.fixture
async def tenants(walled: Settings, database_url: str, aws: AwsStub) -> AsyncIterator[Tenants]:
    """Behind both walls."""
    aws.respond = either
    async with two_tenants(walled, database_url) as tenants:
        yield tenants


@pytest.fixture
async def walled(settings: Settings, database_url: str) -> Settings:
    """Where the policies of the tables hold for the role of the service."""
    if settings.database_pooler:
        await wall_in(database_url)
        return settings
    return settings.model_copy(update={"database_url": SecretStr(await wall_in(database_url))})
