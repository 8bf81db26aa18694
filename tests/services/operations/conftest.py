"""An asynchronous endpoint on the stub, and a worker's part that is run by hand."""

from collections.abc import AsyncIterator

import pytest

from app.core.settings import Settings
from app.services.runtime import Runtime
from tests.support.aws_stub import AwsStub
from tests.support.later_stub import LaterStub, later_runtime


@pytest.fixture
def later(aws: AwsStub) -> LaterStub:
    return LaterStub(aws)


@pytest.fixture
async def runtime(settings: Settings, later: LaterStub) -> AsyncIterator[Runtime]:
    async with later_runtime(settings.model_copy(update={"failure_hold": 30.0})) as runtime:
        yield runtime
