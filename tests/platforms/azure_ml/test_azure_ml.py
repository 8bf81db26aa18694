"""The backend against Microsoft's inference server, and its tokens against Microsoft's client library.

Of Azure's only the front of the endpoint and the tenant are ours.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import JsonValue

from app.backends.base import Backend
from app.backends.registry import open_backend
from app.core.errors import (
    BackendCrashed,
    BackendDown,
    BackendError,
    BackendMissing,
    BackendRefused,
    BackendRejected,
    BackendThrottled,
    BackendTimeout,
)
from app.core.hosts import Hosts
from app.schemas.rows import Row
from tests.platforms.azure_ml.entra import SECRET, Tenant, running_tenant
from tests.platforms.azure_ml.front import Endpoint, create_front
from tests.platforms.azure_ml.servers import VERSION, inference_server
from tests.platforms.conftest import Agreement
from tests.platforms.sample import SampleModel
from tests.support.looks import revision_of
from tests.support.ports import free_ports
from tests.support.server import serving

pytestmark = pytest.mark.platform

KEY = "the-endpoints-own-key"
PER_CALL = 300


@pytest.fixture(scope="module")
def containers(sample: SampleModel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The deployments' addresses by name; nothing listens at the last one's."""
    folder = tmp_path_factory.mktemp("azure_ml")
    slow = {"SLEEP": "1", "BODY_KEY": "input_data"}
    with (
        inference_server("no_code.py", sample, folder / "no-code", {}) as no_code,
        inference_server("score.py", sample, folder / "script", {}) as script,
        inference_server("score.py", sample, folder / "slow", slow) as slow_script,
    ):
        gone = f"http://127.0.0.1:{free_ports(1)[0]}"
        yield {"no-code": no_code, "script": script, "slow": slow_script, "gone": gone}


@dataclass
class Azure:
    """An endpoint, its address, and the backends that were opened on it."""

    endpoint: Endpoint
    address: str
    features: tuple[str, ...]
    opened: list[Backend]

    def open(self, features: tuple[str, ...] = (), /, **more: JsonValue) -> Backend:
        options: dict[str, JsonValue] = {"scoring_url": f"{self.address}/score", "key_env": "AZURE_ML_KEY"}
        hosts = Hosts(f"{self.address}=*")
        names = features or self.features
        backend = open_backend("azure_ml", options | more, names, concurrency=8, hosts=hosts)
        self.opened.append(backend)
        return backend


@pytest.fixture
async def azure(
    containers: dict[str, str], sample: SampleModel, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Azure]:
    monkeypatch.setenv("AZURE_ML_KEY", KEY)
    endpoint = Endpoint(containers, KEY.__eq__)
    with serving(create_front(endpoint)) as address:
        azure = Azure(endpoint, address, sample.features, [])
        yield azure
        for backend in azure.opened:
            await backend.aclose()


async def minutes(backend: Backend, rows: list[Row]) -> list[float]:
    """The predictions for the rows, in as many calls as a caller would make."""
    outputs: list[float] = []
    for start in range(0, len(rows), PER_CALL):
        reply = await backend.predict(rows[start : start + PER_CALL], 60)
        outputs += [output for output in reply.outputs if isinstance(output, float)]
    return outputs


async def failure(backend: Backend, rows: list[Row]) -> BackendError:
    with pytest.raises(BackendError) as caught:
        await backend.predict(rows, 10)
    assert "score.py" not in caught.value.detail
    assert "Traceback" not in caught.value.detail
    return caught.value


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"deployment": "script", "body": "data", "answer_key": "result"},
        {"deployment": "slow", "body": "input_data", "answer_key": "result"},
    ],
    ids=["no scoring script", "data", "input_data"],
)
async def test_it_agrees(
    azure: Azure, sample: SampleModel, agreement: Agreement, options: dict[str, JsonValue]
) -> None:
    outputs = await minutes(azure.open(**options), sample.rows)
    kind = options.get("body", "split")
    agreement(counterpart=f"azureml-inference-server-http {VERSION}, {kind}", outputs=outputs, tolerance=1e-4)


async def test_nulls_order_and_a_single_row(azure: Azure, sample: SampleModel) -> None:
    backend = azure.open()
    (with_null, *_) = (index for index, row in enumerate(sample.rows) if None in row)
    assert await minutes(backend, [sample.rows[with_null]]) == pytest.approx([sample.expected[with_null]])
    assert await minutes(backend, sample.rows[::-1]) == pytest.approx(sample.expected[::-1])


async def test_columns_are_taken_by_name(azure: Azure, sample: SampleModel) -> None:
    backend = azure.open(sample.features[::-1])
    rows = [row[::-1] for row in sample.rows[:20]]
    assert await minutes(backend, rows) == pytest.approx(sample.expected[:20])


async def test_rows_that_the_script_refuses(azure: Azure, sample: SampleModel) -> None:
    backend = azure.open(deployment="script", body="data", answer_key="result")
    text: Row = ["x"] * len(sample.features)
    caught = await failure(backend, [text])
    assert type(caught) is BackendRejected
    assert "422" in caught.detail


async def test_rows_that_make_the_script_raise(azure: Azure) -> None:
    caught = await failure(azure.open(("one",)), [[1]])
    assert type(caught) is BackendCrashed
    assert "500" in caught.detail


async def test_another_body_than_the_script_reads(azure: Azure, sample: SampleModel) -> None:
    caught = await failure(azure.open(body="data"), sample.rows[:1])
    assert type(caught) is BackendRejected
    assert "400" in caught.detail


async def test_a_deployment_that_is_unknown(azure: Azure, sample: SampleModel) -> None:
    backend = azure.open(deployment="purple")
    assert type(await failure(backend, sample.rows[:1])) is BackendMissing
    with pytest.raises(BackendMissing):
        await revision_of(backend)


async def test_a_container_that_is_gone(azure: Azure, sample: SampleModel) -> None:
    backend = azure.open(deployment="gone")
    assert type(await failure(backend, sample.rows[:1])) is BackendDown
    with pytest.raises(BackendDown):
        await revision_of(backend)


async def test_a_model_that_takes_longer_than_the_deployment_allows(
    azure: Azure, sample: SampleModel
) -> None:
    azure.endpoint.timeout = 0.2
    backend = azure.open(deployment="slow", body="input_data", answer_key="result")
    assert type(await failure(backend, sample.rows[:1])) is BackendTimeout


async def test_more_calls_than_the_deployment_allows(azure: Azure, sample: SampleModel) -> None:
    azure.endpoint.pending = 2
    backend = azure.open(deployment="slow", body="input_data", answer_key="result")
    calls = (backend.predict(sample.rows[:1], 30) for _ in range(4))
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes].count(BackendThrottled) == 2


@pytest.mark.parametrize("deployment", ["no-code", "script"])
async def test_the_revision(azure: Azure, deployment: str) -> None:
    """The first container describes itself; the second cannot, and is as much alive."""
    assert await revision_of(azure.open(deployment=deployment, version="2")) == f"{deployment} 2"


async def test_a_key_that_is_wrong(
    azure: Azure, sample: SampleModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_ML_KEY", "another-key")
    caught = await failure(azure.open(), sample.rows[:1])
    assert type(caught) is BackendRefused
    assert azure.endpoint.calls == 1


@pytest.fixture
def tenant(azure: Azure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tenant]:
    with running_tenant(tmp_path) as running:
        azure.endpoint.allowed = running.valid.__contains__
        for name, value in running.environment().items():
            monkeypatch.setenv(name, value)
        yield running


async def test_a_token_of_entra_id(azure: Azure, tenant: Tenant, sample: SampleModel) -> None:
    backend = azure.open(key_env=None, instance_discovery=False)
    assert await minutes(backend, sample.rows) == pytest.approx(sample.expected)
    assert tenant.scopes == ["https://ml.azure.com/.default"]


async def test_a_token_that_expired_is_renewed_once(
    azure: Azure, tenant: Tenant, sample: SampleModel
) -> None:
    backend = azure.open(key_env=None, instance_discovery=False)
    await minutes(backend, sample.rows[:1])
    tenant.valid.clear()
    assert await minutes(backend, sample.rows[:1]) == pytest.approx(sample.expected[:1])
    assert (azure.endpoint.calls, len(tenant.scopes)) == (3, 2)


async def test_an_identity_without_the_right_to_score(
    azure: Azure, tenant: Tenant, sample: SampleModel
) -> None:
    azure.endpoint.allowed = set[str]().__contains__
    backend = azure.open(key_env=None, instance_discovery=False)
    caught = await failure(backend, sample.rows[:1])
    assert type(caught) is BackendRefused
    assert azure.endpoint.calls == 2
    assert SECRET not in caught.detail
