"""The backend before MLflow's own servers: ``mlflow models serve``, and ``mlflow server`` as the registry."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
import pytest
from pydantic import JsonValue

from app.backends.base import Backend
from app.backends.registry import open_backend
from app.core.errors import BackendDown, BackendMissing, BackendRefused, BackendRejected
from app.core.hosts import Hosts
from app.schemas.rows import Row
from tests.platforms.conftest import Agreement
from tests.platforms.mlflow.servers import registry, scoring
from tests.platforms.sample import SampleModel
from tests.support.looks import revision_of
from tests.support.ports import free_ports

pytestmark = [pytest.mark.platform, pytest.mark.timeout(900)]

WEEKDAY, RATIO = 6, 8
"""Columns: the one that is a long, and the one that may be missing."""


@dataclass(frozen=True)
class Servers:
    """Addresses: the registry, a server of ``transit@champion``, and one of ``matrix``."""

    registry: str
    columns: str
    matrix: str


@pytest.fixture(scope="module")
def servers(sample: SampleModel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    folder = tmp_path_factory.mktemp("mlflow")
    with (
        registry(folder, sample) as tracking,
        scoring(folder, tracking, "models:/transit@champion") as columns,
        scoring(folder, tracking, "models:/matrix/1") as matrix,
    ):
        yield Servers(tracking, columns, matrix)


@asynccontextmanager
async def opened(features: Sequence[str], **options: JsonValue) -> AsyncIterator[Backend]:
    places = [urlsplit(str(options[name])).netloc for name in options if name.endswith("url")]
    hosts = Hosts(",".join(f"http://{place}=*" for place in places))
    backend = open_backend("mlflow", options, features, concurrency=4, hosts=hosts)
    try:
        yield backend
    finally:
        await backend.aclose()


async def predicted(backend: Backend, rows: Sequence[Row]) -> list[float]:
    outputs = (await backend.predict(rows, 60)).outputs
    return [output for output in outputs if isinstance(output, float)]


@pytest.fixture
async def columns(servers: Servers, sample: SampleModel) -> AsyncIterator[Backend]:
    async with opened(sample.features, url=servers.columns) as backend:
        yield backend


@pytest.fixture
async def matrix(servers: Servers, sample: SampleModel) -> AsyncIterator[Backend]:
    async with opened(sample.features, url=servers.matrix, body="inputs") as backend:
        yield backend


def changed(row: Row, column: int, value: JsonValue) -> Row:
    return [*row[:column], value, *row[column + 1 :]]


async def test_named_columns_agree(columns: Backend, sample: SampleModel, agreement: Agreement) -> None:
    outputs = [
        each for start in range(0, 1000, 250) for each in await predicted(columns, sample.rows[start:][:250])
    ]
    agreement(counterpart="mlflow 3.17.0 models serve, dataframe_split", outputs=outputs, tolerance=1e-4)


async def test_a_matrix_agrees(matrix: Backend, sample: SampleModel, agreement: Agreement) -> None:
    outputs = [
        each for start in range(0, 1000, 250) for each in await predicted(matrix, sample.rows[start:][:250])
    ]
    agreement(counterpart="mlflow 3.17.0 models serve, inputs", outputs=outputs, tolerance=1e-4)


async def test_one_row_and_another_order(columns: Backend, sample: SampleModel) -> None:
    assert await predicted(columns, sample.rows[:1]) == pytest.approx(sample.expected[:1])
    assert await predicted(columns, sample.rows[9::-1]) == pytest.approx(sample.expected[9::-1])


async def test_a_missing_value_is_one_for_the_model(
    columns: Backend, matrix: Backend, sample: SampleModel
) -> None:
    missing = [index for index, row in enumerate(sample.rows) if row[RATIO] is None]
    assert missing
    for backend in (columns, matrix):
        outputs = await predicted(backend, [sample.rows[index] for index in missing])
        assert outputs == pytest.approx([sample.expected[index] for index in missing])


@pytest.mark.parametrize("value", [None, "Monday", [1, 2]])
async def test_what_a_long_column_does_not_take(
    columns: Backend, sample: SampleModel, value: JsonValue
) -> None:
    with pytest.raises(BackendRejected) as caught:
        await columns.predict([sample.rows[0], changed(sample.rows[1], WEEKDAY, value)], 60)
    assert caught.value.detail == "MLflow model server answered with status 400: it refused the rows."


async def test_a_long_column_silently_cuts_a_fraction_off(columns: Backend, sample: SampleModel) -> None:
    """MLflow's own behaviour: whoever registers a model with such a column has to send it whole numbers."""
    halves = [changed(row, WEEKDAY, 1.9) for row in sample.rows[:50]]
    ones, twos = ([changed(row, WEEKDAY, day) for row in sample.rows[:50]] for day in (1, 2))
    assert await predicted(columns, halves) == await predicted(columns, ones)
    assert await predicted(columns, ones) != await predicted(columns, twos)


async def test_a_stack_trace_is_not_passed_on(servers: Servers, matrix: Backend, sample: SampleModel) -> None:
    beyond_float32 = [changed(sample.rows[0], 0, 1e39)]  # XGBoost raises
    async with httpx.AsyncClient(timeout=60) as client:
        said = (await client.post(f"{servers.matrix}/invocations", json={"inputs": beyond_float32})).json()
    assert ".py" in said["stack_trace"]
    with pytest.raises(BackendRejected) as caught:
        await matrix.predict(beyond_float32, 60)
    assert caught.value.detail == "MLflow model server answered with status 400: it refused the rows."


async def test_rows_of_another_width_are_refused(matrix: Backend, sample: SampleModel) -> None:
    with pytest.raises(BackendRejected):
        await matrix.predict([sample.rows[0][:-1]], 60)


async def test_a_matrix_for_named_columns_is_refused(servers: Servers, sample: SampleModel) -> None:
    async with opened(sample.features, url=servers.columns, body="inputs") as backend:
        with pytest.raises(BackendRejected):
            await backend.predict(sample.rows[:2], 60)


async def test_columns_of_other_names_are_refused(servers: Servers, sample: SampleModel) -> None:
    async with opened([f"x{n}" for n in range(9)], url=servers.columns) as backend:
        with pytest.raises(BackendRejected):
            await backend.predict(sample.rows[:2], 60)


async def test_a_wrong_path_is_a_refusal(servers: Servers, sample: SampleModel) -> None:
    async with opened(sample.features, url=f"{servers.columns}/elsewhere") as backend:
        for asked in (backend.predict(sample.rows[:2], 60), revision_of(backend)):
            with pytest.raises(BackendRefused) as caught:
                await asked
            assert type(caught.value) is BackendRefused


async def test_a_server_that_is_away_is_down(sample: SampleModel) -> None:
    async with opened(sample.features, url=f"http://127.0.0.1:{free_ports(1)[0]}", version="2") as backend:
        with pytest.raises(BackendDown):
            await backend.predict(sample.rows[:2], 60)
        with pytest.raises(BackendDown):
            await revision_of(backend)


async def test_the_configured_version_is_the_revision(servers: Servers, sample: SampleModel) -> None:
    async with opened(sample.features, url=servers.columns, version="of June") as backend:
        assert await revision_of(backend) == "of June"


async def test_an_alias_that_moves_does_not_move_the_server(servers: Servers, sample: SampleModel) -> None:
    """The registry's new version shows at once; the server has to be started anew for it."""
    alias = {"registry_url": servers.registry, "registered_model": "transit", "alias": "champion"}
    async with opened(sample.features, url=servers.columns, **alias) as backend:
        assert await revision_of(backend) == "transit 2"
        await point_champion_at(servers, "1")
        try:
            assert await revision_of(backend) == "transit 1"
            assert await predicted(backend, sample.rows[:9]) == pytest.approx(sample.expected[:9])
        finally:
            await point_champion_at(servers, "2")


async def point_champion_at(servers: Servers, version: str) -> None:
    url = f"{servers.registry}/api/2.0/mlflow/registered-models/alias"
    body = {"name": "transit", "alias": "champion", "version": version}
    async with httpx.AsyncClient(timeout=60) as client:
        (await client.post(url, json=body)).raise_for_status()


@pytest.mark.parametrize(("model", "alias"), [("transit", "nobody"), ("another", "champion")])
async def test_an_alias_or_model_that_is_not_registered(
    servers: Servers, sample: SampleModel, model: str, alias: str
) -> None:
    named = {"registry_url": servers.registry, "registered_model": model, "alias": alias}
    async with opened(sample.features, url=servers.columns, **named) as backend:
        with pytest.raises(BackendMissing):
            await revision_of(backend)
