"""Kinds of endpoints, as the local one plays them for plain boto3, and the service's way of asking them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path

import pytest
from pydantic import JsonValue

from app.aws import session
from app.core.settings import Settings
from app.local.endpoint.app import create_app
from app.local.endpoint.config import Endpoint, EndpointConfig
from app.schemas.hosting.deployments import Deployment
from app.services.hosting.outcomes import InferenceOutcome
from app.services.inference import Inference
from tests.support.aws import Aws
from tests.support.aws_stub import aws_environment
from tests.support.deploying import DeployingAccount, HeldPauses
from tests.support.eventually import TIMEOUT
from tests.support.server import serving

Ask = Callable[..., "asyncio.Task[list[InferenceOutcome]]"]


@pytest.fixture
def pauses() -> HeldPauses:
    """Those of cold starts."""
    return HeldPauses()


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Callable[[Mapping[str, str]], None]:
    def change(variables: Mapping[str, str]) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        session.cache_clear()

    return change


@pytest.fixture
def account(
    tmp_path: Path, pauses: HeldPauses, environment: Callable[[Mapping[str, str]], None]
) -> Iterator[DeployingAccount]:
    """Who deploys."""
    artifacts = tmp_path / "artifacts"
    artifacts.mkdir()
    endpoints = (Endpoint("multi", str(artifacts)),)
    with serving(create_app(EndpointConfig(endpoints, tmp_path / "cache", pause=pauses))) as address:
        environment(aws_environment(address))
        yield DeployingAccount(Aws(address), artifacts)
        session.cache_clear()


@pytest.fixture
async def ask(account: DeployingAccount) -> AsyncIterator[Ask]:
    """Rows of one feature to the endpoint ``churn``, with these options; retries included."""
    inference = Inference(Settings(database_url="postgresql://nowhere", _env_file=None))

    def begin(*values: JsonValue, **options: JsonValue) -> "asyncio.Task[list[InferenceOutcome]]":
        given = {"endpoint_name": "churn", "content_type": "application/json"} | options
        deployment = Deployment(len(str(given)), "churn", "1", "sagemaker", given, ("a",))
        deadline = asyncio.get_running_loop().time() + TIMEOUT
        return asyncio.create_task(inference.predict(deployment, [[value] for value in values], deadline))

    yield begin
    await inference.aclose()
