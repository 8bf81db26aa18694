"""A prediction job by batch transform where everything is real but AWS: the local endpoint runs the model."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from pgqueuer.errors import RetryRequested
from pydantic import JsonValue

import app.aws
from app.core.settings import Settings
from app.local.endpoint.app import create_app
from app.local.endpoint.config import Endpoint, EndpointConfig
from app.local.s3 import S3Server
from app.services.jobs import transform
from app.services.predictions.predictor import Ask
from app.services.runtime import Runtime
from tests.support.aws import Aws
from tests.support.deploying import DeployingAccount
from tests.support.eventually import TIMEOUT
from tests.support.jobs import ask, look, runtime_with_orders
from tests.support.server import serving
from tests.support.transform_jobs import ENGINE, TRANSFORM, register, results

TEN_TIMES = """
    import json

    def model_fn(model_dir):
        return None

    def input_fn(body, content_type):
        if content_type == "text/csv":
            return [float(line) for line in body.splitlines()]
        return [json.loads(line)[0] for line in body.splitlines()]

    def predict_fn(rows, model):
        return [10 * row for row in rows]

    def output_fn(rows, accept):
        return "".join(f"{json.dumps(row)}\\n" for row in rows), accept
"""


@pytest.fixture
def account(server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DeployingAccount]:
    artifacts = tmp_path / "artifacts"
    artifacts.mkdir()
    config = EndpointConfig((Endpoint("multi", str(artifacts)),), tmp_path / "cache")
    with serving(create_app(config)) as address:
        services = ("SAGEMAKER", "SAGEMAKER_RUNTIME")
        addresses = {f"AWS_ENDPOINT_URL_{service}": address for service in services}
        for name, value in {**server.environment, **addresses}.items():
            monkeypatch.setenv(name, value)
        app.aws.session.cache_clear()
        yield DeployingAccount(Aws(address), artifacts)
    app.aws.session.cache_clear()


@pytest.fixture
async def runtime(
    settings: Settings, account: DeployingAccount, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Runtime]:
    await account.endpoint("transit", account.release("transit-7", TEN_TIMES))
    stored = settings.model_copy(update={"storage_url": f"s3://bucket-{uuid4().hex}/models/"})
    async with runtime_with_orders(stored, monkeypatch, 5) as runtime:
        assert runtime.storage is not None
        await runtime.storage.ensure_bucket()
        yield runtime


async def done(runtime: Runtime, job_id: int) -> None:
    async with asyncio.timeout(TIMEOUT):
        while True:
            try:
                return await transform.run(runtime, job_id)
            except RetryRequested:
                await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    ("version", "options", "more"),
    [
        ("csv", {}, {"match": "id", "max_concurrent": 4}),
        (
            "json",
            {"content_type": "application/jsonlines"},
            {"match": "id", "batch_strategy": "SingleRecord"},
        ),
    ],
)
async def test_rows_go_through_a_real_container_and_back(
    runtime: Runtime, version: str, options: dict[str, JsonValue], more: dict[str, JsonValue]
) -> None:
    await register(runtime, version, transform=TRANSFORM | more, **options)
    job = await ask(runtime, all=True, engine=ENGINE)
    await done(runtime, job.id)
    assert (await look(runtime, job)).state == "done"
    assert await results(runtime, job) == {"r0": 0.0, "r1": 10.0, "r2": 20.0, "r3": 30.0, "r4": 40.0}
    answer = await runtime.predictor.predict("r4", Ask("transit"))
    assert (answer.prediction, answer.cache, answer.revision.split()[0]) == (40.0, "HIT", "transit-7")
