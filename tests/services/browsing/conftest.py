"""A process with a live model that explains, and the record `a`."""

from collections.abc import AsyncIterator

import pytest

from app.core.settings import Settings
from app.services.runtime import Runtime, open_runtime
from tests.support.aws_stub import AwsStub
from tests.support.clarify import either
from tests.support.orders import prepare


@pytest.fixture
async def runtime(settings: Settings, aws: AwsStub) -> AsyncIterator[Runtime]:
    aws.respond = either
    async with open_runtime(settings) as runtime:
        await prepare(runtime.predictor)
        yield runtime
