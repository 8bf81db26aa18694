"""The service as it is, and the local SageMaker endpoint: nothing between them is a stand-in of a test."""

from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import pytest
from pydantic import JsonValue

from app.aws import session
from app.core.settings import Settings
from app.local.endpoint.app import create_app
from app.local.endpoint.config import Endpoint, EndpointConfig
from tests.support.aws import Aws
from tests.support.aws_stub import aws_environment
from tests.support.deploying import DeployingAccount, HeldPauses
from tests.support.server import serving
from tests.trust.conftest import Service, opened


class OnSageMaker(Service):
    """One whose live version asks the endpoint ``churn``."""

    backend = "sagemaker"
    options: Mapping[str, JsonValue] = {"endpoint_name": "churn", "content_type": "application/json"}


@pytest.fixture
def pauses() -> HeldPauses:
    """Those between the steps of a roll-out."""
    return HeldPauses()


@pytest.fixture
def account(
    tmp_path: Path, pauses: HeldPauses, monkeypatch: pytest.MonkeyPatch
) -> Iterator[DeployingAccount]:
    """Who deploys."""
    artifacts = tmp_path / "artifacts"
    artifacts.mkdir()
    endpoints = (Endpoint("multi", str(artifacts)),)
    with serving(create_app(EndpointConfig(endpoints, tmp_path / "cache", pause=pauses))) as address:
        for name, value in aws_environment(address).items():
            monkeypatch.setenv(name, value)
        session.cache_clear()
        yield DeployingAccount(Aws(address), artifacts)
        session.cache_clear()


@pytest.fixture
async def service(settings: Settings, account: DeployingAccount) -> AsyncIterator[Service]:
    """Its endpoint runs the model ``old``, and a look has seen it."""
    await account.deployed("churn", "old")
    async with opened(settings, OnSageMaker) as made:
        await made.look()
        yield made
