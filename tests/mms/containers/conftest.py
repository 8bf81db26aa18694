from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack

import pytest
from pydantic import JsonValue

from app.aws import session
from app.backends.base import Backend
from app.backends.registry import open_backend
from app.core.hosts import Hosts
from tests.mms.containers.server import container
from tests.mms.front import create_single_front
from tests.support.aws import Aws
from tests.support.aws_stub import aws_environment
from tests.support.server import serving

FEATURES = ("a", "b", "c")
Opened = Callable[..., Backend]


@pytest.fixture(scope="module")
def address(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """SageMaker's, of an endpoint whose container is that of the module."""
    kind = request.module.KIND
    with (
        container(kind, tmp_path_factory.mktemp(kind)) as inside,
        serving(create_single_front(inside)) as outside,
    ):
        yield outside


@pytest.fixture
def aws(address: str) -> Aws:
    return Aws(address)


@pytest.fixture
async def opened(address: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Opened]:
    """Our backend with these options."""
    for name, value in aws_environment(address).items():
        monkeypatch.setenv(name, value)
    session.cache_clear()
    async with AsyncExitStack() as stack:

        def make(**options: JsonValue) -> Backend:
            said = {"endpoint_name": "any", **options}
            made = open_backend("sagemaker", said, FEATURES, concurrency=1, hosts=Hosts())
            stack.push_async_callback(made.aclose)
            return made

        yield make
    session.cache_clear()
