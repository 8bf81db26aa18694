from collections.abc import AsyncIterator

import pytest
from pydantic import JsonValue

from app.backends.base import Backend
from app.backends.registry import open_explaining
from app.core.hosts import Hosts
from tests.backends.sagemaker.account import Opener
from tests.support.aws_stub import AwsStub


@pytest.fixture
async def explaining(aws: AwsStub) -> AsyncIterator[Opener]:
    """Opens what a version's explainer is asked."""
    opened: list[Backend] = []

    def open_one(**options: JsonValue) -> Backend:
        values = {"endpoint_name": "churn"} | options
        opened.append(open_explaining("sagemaker", values, ["a"], concurrency=1, hosts=Hosts()))
        return opened[-1]

    yield open_one
    for backend in opened:
        await backend.aclose()
