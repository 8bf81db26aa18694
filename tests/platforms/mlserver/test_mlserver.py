"""The KServe backend with MLServer and its XGBoost runtime, which speaks V2 only and names its version."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from pydantic import JsonValue

from app.core.errors import BackendMissing, BackendRefused, BackendRejected, InvalidInput
from tests.platforms.conftest import Agreement
from tests.platforms.kserve.calls import changed, failure, minutes, opened
from tests.platforms.processes import running
from tests.platforms.sample import SampleModel
from tests.platforms.venvs import platform_venv
from tests.support.looks import revision_of
from tests.support.ports import free_ports

pytestmark = [pytest.mark.platform, pytest.mark.timeout(900)]

WAYS: Mapping[str, Mapping[str, JsonValue]] = {
    "one tensor": {},
    "one tensor of FP32": {"datatype": "FP32"},
    "a tensor per feature": {"tensors": "per_feature", "content_type": "pd"},
    "a flat tensor per feature": {"tensors": "per_feature", "content_type": "pd", "feature_shape": "[n]"},
}
each_way = pytest.mark.parametrize("way", WAYS)


@pytest.fixture(scope="module")
def server(sample: SampleModel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("mlserver")
    http, grpc, metrics = free_ports(3)
    ports = {"http_port": http, "grpc_port": grpc, "metrics_port": metrics}
    settings = {"host": "127.0.0.1", "parallel_workers": 0, **ports}
    (folder / "settings.json").write_text(json.dumps(settings))
    _write_model(folder / "transit", sample)
    address = f"http://127.0.0.1:{http}"
    command: list[str | Path] = [platform_venv("mlserver") / "mlserver", "start", folder]
    with running(command, folder=folder, ready=f"{address}/v2/health/ready", seconds=300):
        yield address


def _write_model(folder: Path, sample: SampleModel) -> None:
    folder.mkdir()
    parameters = {"uri": str(sample.booster), "version": "2"}
    runtime = {"implementation": "mlserver_xgboost.XGBoostModel", "parameters": parameters}
    (folder / "model-settings.json").write_text(json.dumps({"name": "transit", **runtime}))


@each_way
async def test_all_rows_agree(server: str, sample: SampleModel, agreement: Agreement, way: str) -> None:
    async with opened(server, sample, **WAYS[way]) as backend:
        outputs = await minutes(backend, sample.rows)
    agreement(counterpart=f"mlserver 1.7.1, {way}", outputs=outputs, tolerance=1e-4)


@each_way
async def test_one_row_and_another_order(server: str, sample: SampleModel, way: str) -> None:
    async with opened(server, sample, **WAYS[way]) as backend:
        assert await minutes(backend, sample.rows[:1]) == pytest.approx(sample.expected[:1], abs=1e-4)
        backwards = await minutes(backend, sample.rows[100::-1])
    assert backwards == pytest.approx(sample.expected[100::-1], abs=1e-4)


@pytest.mark.parametrize("way", ["one tensor", "a tensor per feature"])
async def test_null_is_missing_or_refused_by_name(server: str, sample: SampleModel, way: str) -> None:
    row = changed(sample.rows[0], 8, None)
    async with opened(server, sample, **WAYS[way]) as backend:
        missing = await minutes(backend, [row])
    async with opened(server, sample, **WAYS[way], null_as=5) as backend:
        five = await minutes(backend, [row])
        assert five == await minutes(backend, [changed(row, 8, 5)])
        assert five != missing
    async with opened(server, sample, **WAYS[way], null_as=None) as backend:
        assert type(refused := await failure(backend, [row])) is InvalidInput
    assert "recent_transit_ratio" in refused.detail


async def test_the_version_that_answered_is_the_revision(server: str, sample: SampleModel) -> None:
    async with opened(server, sample, output="predict") as backend:
        assert (await backend.predict(sample.rows[:2], 60)).revision == "2"
        assert await revision_of(backend) is None  # it lists no versions: only replies tell
    async with opened(server, sample, version="2") as backend:
        assert await revision_of(backend) == "2"


async def test_an_unknown_model_is_refused(server: str, sample: SampleModel) -> None:
    async with opened(server, sample, model="unknown") as backend:
        assert type(await failure(backend, sample.rows[:2])) is BackendMissing
        with pytest.raises(BackendMissing):
            await revision_of(backend)
    async with opened(server, sample, protocol="v1") as backend:
        assert type(await failure(backend, sample.rows[:2])) is BackendRefused


@pytest.mark.parametrize(
    "options",
    [
        {"tensors": "per_feature", "content_type": "pd"},
        {"tensors": "per_feature", "content_type": "np"},
        {"output": "predict_proba"},
    ],
    ids=str,
)
async def test_what_the_model_cannot_take_comes_without_the_trace(
    server: str, sample: SampleModel, options: Mapping[str, JsonValue]
) -> None:
    async with opened(server, sample, **options) as backend:
        row = changed(sample.rows[0], 7, "by boat") if options.get("content_type") == "pd" else sample.rows[0]
        assert isinstance(await failure(backend, [row]), BackendRejected)
