"""The built-in XGBoost behind a multi-model endpoint, which answers otherwise than a single model."""

from collections.abc import Iterator

import pytest

from app.core.errors import BackendCrashed
from app.schemas.rows import Row
from tests.mms.containers.conftest import Opened
from tests.mms.containers.server import xgboost_of_many
from tests.mms.front import create_front
from tests.support.eventually import TIMEOUT
from tests.support.server import serving

pytestmark = pytest.mark.mms

HIGH: Row = [0.9, 0.9, 0.1]
LOW: Row = [0.1, 0.1, 0.5]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("many")
    with (
        xgboost_of_many(folder) as (inside, artifacts),
        serving(create_front(inside, artifacts, folder / "unpacked")) as outside,
    ):
        yield outside


@pytest.mark.parametrize("rows", [[HIGH], [HIGH, LOW]], ids=["one row", "two rows"])
async def test_its_csv_answers_are_one_line(opened: Opened, rows: list[Row]) -> None:
    backend = opened(endpoint_name="multi", target_model="m.tar.gz", csv_reply="one_line")
    outputs = (await backend.predict(rows, TIMEOUT)).outputs
    assert [float(str(output)) > 0.5 for output in outputs] == [row is HIGH for row in rows]


async def test_its_json_answers_are_a_list(opened: Opened) -> None:
    backend = opened(endpoint_name="multi", target_model="m.tar.gz", accept="application/json")
    assert all(isinstance(output, float) for output in (await backend.predict([HIGH, LOW], TIMEOUT)).outputs)


async def test_what_it_cannot_read_may_be_the_rows_fault(opened: Opened) -> None:
    """Though multi-model-server answers 503, as if it were away."""
    backend = opened(endpoint_name="multi", target_model="m.tar.gz")
    with pytest.raises(BackendCrashed, match="status 503: it failed on the rows"):
        await backend.predict([["x", 0.1, 0.2]], TIMEOUT)
