"""The backend with KServe's own REST server, through both protocols."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from pydantic import JsonValue
from structlog.typing import EventDict

from app.backends.base import Backend
from app.backends.registry import open_backend
from app.core.errors import BackendCrashed, BackendMissing, BackendRefused, BackendThrottled, InvalidInput
from app.core.hosts import Hosts
from app.core.settings import Settings
from app.schemas.hosting.deployments import Deployment
from app.schemas.rows import Row
from app.services.hosting.outcomes import Inferred
from app.services.inference import Inference
from tests.platforms.conftest import Agreement
from tests.platforms.kserve.calls import changed, failure, minutes, opened
from tests.platforms.kserve.ingress import COOKIE, HOST, TOKEN, Ingress
from tests.platforms.processes import running
from tests.platforms.sample import SampleModel
from tests.platforms.venvs import platform_venv
from tests.support.looks import revision_of
from tests.support.ports import free_ports
from tests.support.server import serving

pytestmark = [pytest.mark.platform, pytest.mark.timeout(900)]

HERE = Path(__file__).parent
WAYS: Mapping[str, Mapping[str, JsonValue]] = {
    "V1": {"protocol": "v1"},
    "V2, one tensor": {},
    "V2, a tensor per feature": {"tensors": "per_feature", "content_type": "pd"},
    "V2, a flat tensor per feature": {"tensors": "per_feature", "content_type": "pd", "feature_shape": "[n]"},
}
each_way = pytest.mark.parametrize("way", WAYS)


@pytest.fixture(scope="module")
def server(sample: SampleModel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port = free_ports(1)[0]
    python = platform_venv("kserve") / "python"
    command: list[str | Path] = [python, HERE / "server.py", str(port), sample.booster]
    address = f"http://127.0.0.1:{port}"
    ready = f"{address}/v2/health/ready"
    with running(command, folder=tmp_path_factory.mktemp("kserve"), ready=ready, seconds=300):
        yield address


@pytest.fixture
def ingress(server: str) -> Ingress:
    return Ingress(server)


@pytest.fixture
def entrance(ingress: Ingress) -> Iterator[str]:
    with serving(ingress.app()) as address:
        yield address


@each_way
async def test_all_rows_agree(server: str, sample: SampleModel, agreement: Agreement, way: str) -> None:
    async with opened(server, sample, **WAYS[way]) as backend:
        outputs = await minutes(backend, sample.rows)
    agreement(counterpart=f"kserve 0.21.0, {way}", outputs=outputs, tolerance=1e-4)


@each_way
async def test_one_row_and_another_order(server: str, sample: SampleModel, way: str) -> None:
    async with opened(server, sample, **WAYS[way]) as backend:
        assert await minutes(backend, sample.rows[:1]) == pytest.approx(sample.expected[:1], abs=1e-4)
        backwards = await minutes(backend, sample.rows[100::-1])
    assert backwards == pytest.approx(sample.expected[100::-1], abs=1e-4)


async def test_null_is_missing_or_the_number_that_stands_for_it(server: str, sample: SampleModel) -> None:
    row = changed(sample.rows[0], 8, None)
    async with opened(server, sample, protocol="v1") as v1, opened(server, sample) as v2:
        assert (missing := await minutes(v1, [row])) == await minutes(v2, [row])
    async with opened(server, sample, null_as=5) as backend:
        five = await minutes(backend, [row])
        assert five == await minutes(backend, [changed(row, 8, 5)])
        assert five != missing
    async with opened(server, sample, null_as=None) as backend:
        assert type(refused := await failure(backend, [row])) is InvalidInput
    assert "recent_transit_ratio" in refused.detail


async def test_an_output_is_chosen_and_its_version_is_the_revision(server: str, sample: SampleModel) -> None:
    rows, expected = sample.rows[:3], sample.expected[:3]
    async with opened(server, sample, model="versioned", output="minutes") as backend:
        reply = await backend.predict(rows, 60)
    assert (reply.outputs, reply.revision) == (expected, "2")
    async with opened(server, sample, model="versioned", output="both") as backend:
        assert (await backend.predict(rows, 60)).outputs == [[one, 2 * one] for one in expected]
    async with opened(server, sample, model="versioned") as backend:
        caught = await failure(backend, rows)
    assert type(caught) is BackendRefused
    assert "minutes, both" in caught.detail


async def test_a_server_without_versions_has_the_configured_one(server: str, sample: SampleModel) -> None:
    async with opened(server, sample) as backend:
        assert await revision_of(backend) is None
        assert (await backend.predict(sample.rows[:1], 60)).revision is None
    for protocol in ("v1", "v2"):
        async with opened(server, sample, protocol=protocol, version="2026-11") as backend:
            assert await revision_of(backend) == "2026-11"
            assert (await backend.predict(sample.rows[:1], 60)).revision == "2026-11"


@pytest.mark.parametrize("protocol", ["v1", "v2"])
@pytest.mark.parametrize(("model", "kind"), [("unknown", BackendMissing), ("loading", BackendThrottled)])
async def test_a_model_that_is_not_there_or_not_ready(
    server: str, sample: SampleModel, protocol: str, model: str, kind: type[Exception]
) -> None:
    async with opened(server, sample, protocol=protocol, model=model) as backend:
        assert type(await failure(backend, sample.rows[:2])) is kind
        with pytest.raises(kind):
            await revision_of(backend)


@pytest.mark.parametrize("way", ["V1", "V2, a tensor per feature"])
async def test_what_the_model_cannot_take_counts_against_the_row(
    server: str, sample: SampleModel, way: str
) -> None:
    async with opened(server, sample, **WAYS[way]) as backend:
        assert type(await failure(backend, [changed(sample.rows[0], 7, "by boat")])) is BackendCrashed
        assert await minutes(backend, sample.rows[:1]) == sample.expected[:1]


@asynccontextmanager
async def inferring(server: str, concurrency: int) -> AsyncIterator[Inference]:
    settings = Settings(
        database_url="postgresql://nowhere",
        inference_concurrency=concurrency,
        backend_hosts=f"{server}=*",
        _env_file=None,
    )
    inference = Inference(settings)
    try:
        yield inference
    finally:
        await inference.aclose()


@pytest.mark.parametrize("concurrency", [1, 32])
@pytest.mark.parametrize(
    ("bad", "max_rows", "refused", "answered"),
    [
        ([500], 1000, range(10, 12), range(9, 11)),
        ([40, 41, 150, 260, 370, 480, 690, 999], 100, range(50, 64), range(44, 58)),
    ],
    ids=["one", "eight"],
)
async def test_bad_rows_among_a_thousand_fail_alone(
    server: str,
    sample: SampleModel,
    logs: list[EventDict],
    concurrency: int,
    bad: Sequence[int],
    max_rows: int,
    refused: range,
    answered: range,
) -> None:
    """KServe's server cuts the connection after each 500: no other call may meet that.

    How many calls it takes depends a little on the halves, which are drawn.
    """
    options: dict[str, JsonValue] = {"url": server, "model": "transit", "protocol": "v1"}
    deployment = Deployment(1, "transit", "1", "kserve", options | {"max_rows": max_rows}, sample.features)
    rows = [changed(row, 7, "by boat") if index in bad else row for index, row in enumerate(sample.rows)]
    async with inferring(server, concurrency) as inference:
        outcomes = await inference.predict(deployment, rows, asyncio.get_running_loop().time() + 120)
    found = [outcome.output if isinstance(outcome, Inferred) else type(outcome) for outcome in outcomes]
    assert found == [BackendCrashed if index in bad else one for index, one in enumerate(sample.expected)]
    events = [entry["event"] for entry in logs]
    latencies = {outcome.latency_ms for outcome in outcomes if isinstance(outcome, Inferred)}
    assert events.count("platform_refused") in refused
    assert len(latencies) in answered
    assert "platform_call_failed" not in events


@asynccontextmanager
async def entered(entrance: str, sample: SampleModel, **options: JsonValue) -> AsyncIterator[Backend]:
    """The backend, with the ingress before the server and HOST behind it."""
    chosen: dict[str, JsonValue] = {"url": entrance, "model": "transit", "null_as": "null"}
    hosts = Hosts(f"{entrance}=*,http://{HOST}=*")
    backend = open_backend("kserve", chosen | options, sample.features, concurrency=4, hosts=hosts)
    try:
        yield backend
    finally:
        await backend.aclose()


async def test_the_ingress_wants_its_host_and_a_login(
    entrance: str, sample: SampleModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KSERVE_TOKEN", TOKEN)
    monkeypatch.setenv("KSERVE_OLD", "expired")
    monkeypatch.setenv("KSERVE_COOKIE", COOKIE)
    for login in ({"token_env": "KSERVE_TOKEN"}, {"cookie_env": "KSERVE_COOKIE"}):
        async with entered(entrance, sample, host=HOST, **login) as backend:
            assert await minutes(backend, sample.rows[:1]) == sample.expected[:1]
            assert await revision_of(backend) is None
    for wrong in ({"host": HOST}, {"host": HOST, "token_env": "KSERVE_OLD"}, {"token_env": "KSERVE_TOKEN"}):
        async with entered(entrance, sample, **wrong) as backend:
            assert type(await failure(backend, sample.rows[:1])) is BackendRefused


async def test_kserves_own_client_sends_and_gets_the_same(
    ingress: Ingress, entrance: str, sample: SampleModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [row for row in sample.rows if None not in row][:20]
    monkeypatch.setenv("KSERVE_TOKEN", TOKEN)
    async with entered(entrance, sample, host=HOST, token_env="KSERVE_TOKEN") as backend:
        ours = await minutes(backend, rows)
    assert await asyncio.to_thread(_own_client, entrance, rows) == ours
    sent, expected = ingress.bodies
    assert isinstance(sent, dict)
    assert isinstance(expected, dict)
    assert sent["inputs"] == expected["inputs"]


def _own_client(address: str, rows: Sequence[Row]) -> JsonValue:
    python = platform_venv("kserve") / "python"
    command: list[str | Path] = [python, HERE / "client.py", address, HOST, TOKEN]
    done = subprocess.run(
        command, input=json.dumps(rows), capture_output=True, text=True, check=True, timeout=300
    )
    outputs: JsonValue = json.loads(done.stdout)
    return outputs
