"""The backend against a stand-in of watsonx.ai Runtime that scores with the sample for real."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest
from pydantic import JsonValue

from app.backends.base import Backend
from app.backends.registry import open_backend
from app.core.errors import BackendError, BackendMissing, BackendRefused, BackendRejected
from app.core.hosts import Hosts
from app.schemas.rows import Row
from tests.platforms.conftest import Agreement
from tests.platforms.sample import SampleModel
from tests.platforms.watsonx.conftest import TOLERANCE, on_premises
from tests.platforms.watsonx.identity import API_KEY, PASSWORD
from tests.platforms.watsonx.server import SERVING_NAME, UNSUPPORTED, Watsonx
from tests.support.looks import revision_of

pytestmark = pytest.mark.platform

VERSION = "ibm-watsonx-ai 1.8.1"


@pytest.fixture
async def backend(cloud_pak: str, sample: SampleModel) -> AsyncIterator[Backend]:
    async with opened(cloud_pak, sample) as backend:
        yield backend


@asynccontextmanager
async def opened(address: str, sample: SampleModel, **changes: JsonValue) -> AsyncIterator[Backend]:
    options = on_premises(address) | changes
    hosts = Hosts(f"http://127.0.0.1:{urlsplit(address).port}=*")
    backend = open_backend("watsonx", options, sample.features, concurrency=16, hosts=hosts)
    try:
        yield backend
    finally:
        await backend.aclose()


async def failure(backend: Backend, rows: list[Row]) -> BackendError:
    with pytest.raises(BackendError) as caught:
        await backend.predict(rows, 20)
    return caught.value


async def test_a_thousand_rows_agree(backend: Backend, sample: SampleModel, agreement: Agreement) -> None:
    outputs: list[float] = []
    for start in range(0, len(sample.rows), 300):
        reply = await backend.predict(sample.rows[start : start + 300], 20)
        outputs += [float(str(output)) for output in reply.outputs]
    agreement(counterpart=f"stand-in on the wire of {VERSION}", outputs=outputs, tolerance=TOLERANCE)


async def test_one_row_nulls_and_the_order(backend: Backend, sample: SampleModel) -> None:
    missing = [index for index, row in enumerate(sample.rows) if None in row]
    assert missing
    chosen = [0, *missing[:3], 1, *missing[:1]]
    rows, expected = [sample.rows[i] for i in chosen], [sample.expected[i] for i in chosen]
    assert (await backend.predict(rows, 20)).outputs == pytest.approx(expected, abs=TOLERANCE)
    assert (await backend.predict(rows[::-1], 20)).outputs == pytest.approx(expected[::-1], abs=TOLERANCE)
    assert (await backend.predict(rows[1:2], 20)).outputs == pytest.approx(expected[1:2], abs=TOLERANCE)


async def test_rows_that_the_model_fails_on(backend: Backend, sample: SampleModel) -> None:
    broken: Row = ["far", *sample.rows[0][1:]]
    caught = await failure(backend, [broken])
    assert isinstance(caught, BackendRejected)
    assert "server.py" not in caught.detail


@pytest.mark.parametrize("deployment", ["unknown_name", "11111111-5d7e-4f60-9a1b-2c3d4e5f6071", UNSUPPORTED])
async def test_a_deployment_that_cannot_be_asked(
    cloud_pak: str, sample: SampleModel, deployment: str
) -> None:
    async with opened(cloud_pak, sample, deployment=deployment) as backend:
        caught = await failure(backend, sample.rows[:1])
    assert type(caught) is (BackendRefused if deployment == UNSUPPORTED else BackendMissing)
    assert ("discontinued" in caught.detail) == (deployment == UNSUPPORTED)


@pytest.mark.parametrize(
    ("changes", "secret", "passes"),
    [
        ({}, API_KEY, True),
        ({}, "another-key", False),
        ({"secret": "password"}, PASSWORD, True),
        ({"secret": "password"}, API_KEY, False),
        ({"username": "eve"}, API_KEY, False),
        ({"username": None, "iam_url": "its own"}, API_KEY, True),
        ({"username": None, "iam_url": "its own"}, "another-key", False),
    ],
)
async def test_who_may_call(
    cloud_pak: str,
    sample: SampleModel,
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, JsonValue],
    secret: str,
    passes: bool,
) -> None:
    monkeypatch.setenv("WATSONX_API_KEY", secret)
    if "iam_url" in changes:
        changes = changes | {"iam_url": cloud_pak}
    async with opened(cloud_pak, sample, **changes) as backend:
        if passes:
            assert len((await backend.predict(sample.rows[:3], 20)).outputs) == 3
            return
        caught = await failure(backend, sample.rows[:1])
    assert type(caught) is BackendRefused
    assert secret not in caught.detail


async def test_a_token_that_is_taken_no_more_is_renewed_once(
    watsonx: Watsonx, backend: Backend, sample: SampleModel
) -> None:
    await backend.predict(sample.rows[:1], 20)
    watsonx.identity.revoke()
    await asyncio.gather(*(backend.predict(sample.rows[:2], 20) for _ in range(16)))
    assert (watsonx.identity.issued, watsonx.calls) == (2, 17)


async def test_a_token_that_has_expired_is_renewed_once(
    watsonx: Watsonx, backend: Backend, sample: SampleModel
) -> None:
    watsonx.identity.lifetime = -5
    caught = await failure(backend, sample.rows[:1])
    assert type(caught) is BackendRefused
    assert (watsonx.identity.issued, watsonx.calls) == (2, 0)


async def test_the_revision_is_the_deployed_asset(
    watsonx: Watsonx, cloud_pak: str, backend: Backend, sample: SampleModel
) -> None:
    asset = watsonx.asset["id"]
    assert await revision_of(backend) == f"{asset} 1"
    watsonx.asset["rev"] = "2"
    async with opened(cloud_pak, sample, deployment=SERVING_NAME) as by_name:
        assert await revision_of(by_name) == f"{asset} 2"
        assert (await by_name.predict(sample.rows[:1], 20)).outputs == pytest.approx(sample.expected[:1])
    async with opened(cloud_pak, sample, deployment="unknown_name") as unknown:
        with pytest.raises(BackendMissing):
            await revision_of(unknown)
    async with opened(cloud_pak, sample, space_id="another") as elsewhere:
        with pytest.raises(BackendRefused):
            await revision_of(elsewhere)
