"""The scikit-learn container with its default input_fn and output_fn."""

import pytest

from app.core.errors import BackendCrashed
from app.schemas.rows import Row
from tests.mms.containers.conftest import Opened
from tests.support.aws import Aws
from tests.support.eventually import TIMEOUT

pytestmark = pytest.mark.mms
KIND = "sklearn"

HIGH: Row = [0.9, 0.9, 0.1]
LOW: Row = [0.1, 0.1, 0.5]


@pytest.mark.parametrize("rows", [[HIGH], [HIGH, LOW]], ids=["one row", "two rows"])
async def test_json_rows_are_a_bare_list(opened: Opened, rows: list[Row]) -> None:
    outputs = (await opened(content_type="application/json").predict(rows, TIMEOUT)).outputs
    assert [*outputs] == [int(row is HIGH) for row in rows]


async def test_several_csv_rows_are_read(opened: Opened) -> None:
    assert [*(await opened().predict([HIGH, LOW], TIMEOUT)).outputs] == [1, 0]


async def test_a_single_csv_row_is_not(opened: Opened) -> None:
    """Its decoder makes one dimension of it, which no estimator takes: such a model is asked in JSON."""
    with pytest.raises(BackendCrashed):
        await opened().predict([HIGH], TIMEOUT)


@pytest.mark.parametrize("row", [[0.9, None, 0.1], [0.9, "x", 0.1]], ids=["null", "text"])
async def test_csv_is_numbers_only(opened: Opened, row: Row) -> None:
    with pytest.raises(BackendCrashed):
        await opened().predict([row, row], TIMEOUT)


async def test_json_goes_in_and_csv_comes_out(opened: Opened) -> None:
    backend = opened(content_type="application/json", accept="text/csv")
    assert [*(await backend.predict([HIGH, LOW], TIMEOUT)).outputs] == [1, 0]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ('{"instances": [[0.9, 0.9, 0.1]]}', "application/json"),
        ("0.9,0.9,0.1\n0.1,0.1,0.5", "text/csv; charset=utf-8"),
        ("0.9,0.9,0.1\n0.1,0.1,0.5", "text/csv; label_size=0"),
        ("[0.9, 0.9, 0.1]", "application/jsonlines"),
        ("a,b,c\n0.9,0.9,0.1", "text/csv"),
    ],
)
def test_what_it_does_not_read(aws: Aws, body: str, kind: str) -> None:
    """Content types are compared exactly, rows are under no key and have no header."""
    assert aws.refusal("any", body, kind).original == 500
