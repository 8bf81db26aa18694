"""The backend beside Google's own prediction server and Google's own clients."""

import json
import subprocess
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import xgboost
from pydantic import JsonValue

from app.backends.base import Backend
from app.backends.registry import open_backend
from app.core.errors import BackendMissing, BackendRefused, BackendRejected
from app.core.hosts import Hosts
from app.schemas.rows import Row
from tests.platforms.conftest import Agreement
from tests.platforms.processes import running
from tests.platforms.sample import SampleModel
from tests.platforms.venvs import platform_venv
from tests.platforms.vertex.front import ENDPOINT_ID, LARGEST, LOCATION, NAME, PROJECT, Front
from tests.support.looks import revision_of
from tests.support.ports import free_ports
from tests.support.server import serving

pytestmark = [pytest.mark.platform, pytest.mark.timeout(900)]

HERE = Path(__file__).parent
COUNTERPART = "google-cloud-aiplatform 2.7.0 CprModelServer"
REVISION = "5647382910 version 2, deployment 6655443322"


@dataclass
class Platform:
    """The front, its address, and the key file of the account that may call it."""

    front: Front
    address: str
    key_file: Path
    features: Sequence[str]

    def open(self, **changes: JsonValue) -> Backend:
        place = {"project": PROJECT, "location": LOCATION, "endpoint_id": ENDPOINT_ID}
        hosts = Hosts(f"{self.address}=*")
        options = {**place, "api_url": self.address, **changes}
        return open_backend("vertex", options, self.features, concurrency=4, hosts=hosts)


@pytest.fixture(scope="module")
def container(sample: SampleModel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of Google's prediction server with the sample behind it."""
    folder = tmp_path_factory.mktemp("vertex")
    booster = xgboost.Booster(model_file=str(sample.booster))
    (folder / "artifacts").mkdir()
    # The name that its predictor looks for, which says nothing of the format: XGBoost takes it for UBJSON.
    (folder / "artifacts" / "model.bst").write_bytes(booster.save_raw("ubj"))
    port = free_ports(1)[0]
    routes = {"AIP_HEALTH_ROUTE": "/health", "AIP_PREDICT_ROUTE": "/predict"}
    env = {"AIP_STORAGE_URI": str(folder / "artifacts"), "AIP_HTTP_PORT": str(port), **routes}
    command = [platform_venv("vertex") / "python", HERE / "container.py"]
    address = f"http://127.0.0.1:{port}"
    with running(command, folder=folder, env=env, ready=f"{address}/health"):
        yield address


@pytest.fixture
def platform(
    container: str, sample: SampleModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Platform]:
    front, key_file = Front(container), tmp_path / "key.json"
    with serving(front.app()) as address:
        key_file.write_text(front.account.key_file(f"{address}/token"))
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(key_file))
        yield Platform(front, address, key_file, sample.features)


@pytest.fixture
async def backend(platform: Platform) -> AsyncIterator[Backend]:
    opened = platform.open()
    yield opened
    await opened.aclose()


async def predict(backend: Backend, rows: Sequence[Row]) -> list[float]:
    outputs = (await backend.predict(rows, 30)).outputs
    return [float(output) for output in outputs if isinstance(output, float)]


async def test_all_rows_agree(backend: Backend, sample: SampleModel, agreement: Agreement) -> None:
    outputs: list[float] = []
    for start in range(0, len(sample.rows), 300):
        outputs += await predict(backend, sample.rows[start : start + 300])
    agreement(counterpart=COUNTERPART, outputs=outputs, tolerance=1e-4)


async def test_one_row_a_null_and_another_order(backend: Backend, sample: SampleModel) -> None:
    rows = sample.rows[:50]
    missing = next(index for index, row in enumerate(sample.rows) if None in row)
    assert await predict(backend, [sample.rows[missing]]) == pytest.approx(
        [sample.expected[missing]], abs=1e-4
    )
    assert await predict(backend, rows[::-1]) == (await predict(backend, rows))[::-1]


async def test_the_reply_and_the_look_name_one_revision(
    platform: Platform, backend: Backend, sample: SampleModel
) -> None:
    assert (await backend.predict(sample.rows[:1], 30)).revision == await revision_of(backend) == REVISION
    platform.front.may_get = False
    assert await revision_of(backend) is None


@pytest.mark.parametrize("cell", ["text", [1, 2], {"a": 1}])
async def test_rows_the_model_fails_on_are_rejected(
    backend: Backend, sample: SampleModel, cell: JsonValue
) -> None:
    broken = [cell, *sample.rows[0][1:]]
    with pytest.raises(BackendRejected) as caught:
        await backend.predict([sample.rows[1], broken], 30)
    for leak in ("/", "Traceback", "libxgboost", "127.0.0.1", "text"):
        assert leak not in caught.value.detail


async def test_a_body_that_is_too_large_is_rejected(platform: Platform, sample: SampleModel) -> None:
    loose = platform.open(max_bytes=10_000_000)
    rows = [list(sample.rows[0])] * 40_000
    assert sum(map(loose.row_bytes, rows)) > LARGEST
    with pytest.raises(BackendRejected):
        await loose.predict(rows, 30)
    await loose.aclose()


async def test_the_largest_body_is_taken(backend: Backend, sample: SampleModel) -> None:
    room, rows = backend.limits.bytes, list[Row]()
    while (room := room - backend.row_bytes(sample.rows[len(rows) % 1000])) >= 0:
        rows.append(sample.rows[len(rows) % 1000])
    outputs = await predict(backend, rows)
    assert outputs[:1000] == pytest.approx(sample.expected, abs=1e-4)
    assert len(outputs) == len(rows)


async def test_an_expired_token_is_renewed_once(
    platform: Platform, backend: Backend, sample: SampleModel
) -> None:
    await backend.predict(sample.rows[:1], 30)
    await backend.predict(sample.rows[:1], 30)
    assert platform.front.account.issued == 1
    platform.front.account.good.clear()
    await backend.predict(sample.rows[:1], 30)
    assert platform.front.account.issued == 2


async def test_a_key_of_another_account_is_refused(platform: Platform, backend: Backend) -> None:
    other = type(platform.front.account)()
    platform.key_file.write_text(other.key_file(f"{platform.address}/token"))
    with pytest.raises(BackendRefused):
        await backend.predict([[1]], 30)
    assert platform.front.account.issued == 0


async def test_an_unknown_endpoint_is_refused(platform: Platform, sample: SampleModel) -> None:
    elsewhere = platform.open(endpoint_id="42")
    for call in (elsewhere.predict(sample.rows[:1], 30), revision_of(elsewhere)):
        with pytest.raises(BackendMissing):
            await call
    await elsewhere.aclose()


def test_googles_clients_understand_the_front(platform: Platform, sample: SampleModel) -> None:
    """What the stand-in says is held to what the generated REST clients can read."""
    rows = [list(row) for row in sample.rows[:20]]
    broken = ["text", *rows[0][1:]]
    questions = [[NAME, rows], [NAME, None], [NAME, [broken]], [f"{NAME}0", rows], [NAME, []]]
    program = [str(platform_venv("vertex") / "python"), str(HERE / "client.py")]
    command = [*program, platform.address, str(platform.key_file)]
    done = subprocess.run(command, input=json.dumps(questions), text=True, capture_output=True, check=True)
    predicted, resource, *refused = json.loads(done.stdout)
    assert predicted["predictions"] == pytest.approx(sample.expected[:20], abs=1e-4)
    assert (predicted["model_version_id"], predicted["deployed_model_id"]) == ("2", "6655443322")
    (deployed,) = resource["deployed_models"]
    assert (deployed["model"], deployed["id"]) == (predicted["model"], predicted["deployed_model_id"])
    assert deployed["model_version_id"] == "2"
    assert [refusal["raised"] for refusal in refused] == ["InternalServerError", "NotFound", "BadRequest"]
