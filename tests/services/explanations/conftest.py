from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from app.core.settings import Settings
from app.schemas.models import NewVersion
from app.services.explanations.explaining import Explaining
from app.services.models import versions
from app.services.records import records
from app.services.runtime import Runtime, open_runtime
from tests.support.aws_stub import AwsStub
from tests.support.clarify import OPTIONS, clarify
from tests.support.orders import FEATURES, order
from tests.support.use_case import TRANSIT


@pytest.fixture
def aws(aws: AwsStub) -> AwsStub:
    aws.respond = clarify
    return aws


async def prepare(runtime: Runtime) -> None:
    """A live version that Clarify explains, and the records `a`, `b` of the same content and `c`."""
    new = NewVersion(version="1", backend="sagemaker", options=OPTIONS, features=list(FEATURES), promote=True)
    await versions.register(runtime.sessions, TRANSIT, runtime.inference, "transit", new)
    for record_id, ratio in {"a": 1.5, "b": 1.5, "c": 2.0}.items():
        await records.put(runtime.sessions, TRANSIT, record_id, order(ratio))


@pytest.fixture
async def pair(settings: Settings, aws: AwsStub) -> AsyncIterator[tuple[Explaining, Explaining]]:
    """Two replicas of the service."""
    chosen = settings.model_copy(update={"failure_hold": 600})
    async with AsyncExitStack() as stack:
        runtimes = [await stack.enter_async_context(open_runtime(chosen, TRANSIT)) for _ in range(2)]
        await prepare(runtimes[0])
        one, other = [Explaining(runtime.predictor) for runtime in runtimes]
        yield one, other
