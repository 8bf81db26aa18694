"""The built-in XGBoost: what its own decoder makes of our bodies, and we of its answers."""

import pytest

from app.core.errors import BackendRefused, BackendRejected
from app.schemas.rows import Row
from tests.mms.containers.conftest import Opened
from tests.support.aws import Aws
from tests.support.eventually import TIMEOUT

pytestmark = pytest.mark.mms
KIND = "xgboost"

HIGH: Row = [0.9, 0.9, 0.1]
LOW: Row = [0.1, 0.1, 0.5]


@pytest.mark.parametrize("rows", [[HIGH], [HIGH, LOW]], ids=["one row", "two rows"])
async def test_csv_rows_are_scored_one_by_one(opened: Opened, rows: list[Row]) -> None:
    """One value a line: the images of today have no other form."""
    outputs = (await opened().predict(rows, TIMEOUT)).outputs
    assert [float(str(output)) > 0.5 for output in outputs] == [row is HIGH for row in rows]


async def test_a_null_is_a_missing_value_and_whole_numbers_are_numbers(opened: Opened) -> None:
    outputs = (await opened().predict([[0.9, None, 0.1], [1, 1, 0], [True, False, 1]], TIMEOUT)).outputs
    assert len(outputs) == 3


@pytest.mark.parametrize("value", [1e-7, -2.5, 1e30, 12345678901234567890])
async def test_numbers_up_to_its_own_largest_are_read(opened: Opened, value: float) -> None:
    assert len((await opened().predict([[value, 0.1, 0.2]], TIMEOUT)).outputs) == 1


@pytest.mark.parametrize("value", ["x", 1e300])
async def test_what_is_no_number_of_its_own_is_the_rows_fault(opened: Opened, value: str | float) -> None:
    """Though its container answers 415, as to another content type."""
    with pytest.raises(BackendRejected, match="status 415: it refused the rows"):
        await opened().predict([[value, 0.1, 0.2]], TIMEOUT)


@pytest.mark.parametrize("content_type", ["application/json", "application/jsonlines"])
async def test_it_reads_no_json(opened: Opened, content_type: str) -> None:
    with pytest.raises(BackendRefused, match="does not take the content_type"):
        await opened(content_type=content_type).predict([HIGH], TIMEOUT)


async def test_rows_of_another_length_are_the_rows_fault(opened: Opened) -> None:
    with pytest.raises(BackendRejected, match="status 400"):
        await opened().predict([[0.1, 0.2, 0.3, 0.4]], TIMEOUT)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("text/csv; label_size=1", 200),
        ("text/csv; charset=utf-8", 200),
        ("text/csv; label_size=0", 415),
        ("text/plain", 415),
    ],
)
def test_what_it_says_to_content_types(aws: Aws, kind: str, expected: int) -> None:
    """A label_size is 1 or left out, and the rows have no label all the same."""
    outcome = aws.outcome("any", "0.9,0.9,0.1", kind)
    assert getattr(outcome, "original", 200) == expected


def test_a_header_is_no_row(aws: Aws) -> None:
    assert aws.refusal("any", "a,b,c\n0.9,0.9,0.1").original == 415


@pytest.mark.parametrize(
    ("accept", "shape"),
    [("application/json", '{"predictions": [{"score": '), ("text/csv", "0.")],
)
def test_what_it_answers(aws: Aws, accept: str, shape: str) -> None:
    assert aws.invoke("any", "0.9,0.9,0.1", Accept=accept).body.startswith(shape)


async def test_json_answers_are_read(opened: Opened) -> None:
    outputs = (await opened(accept="application/json").predict([HIGH, LOW], TIMEOUT)).outputs
    assert [isinstance(output, dict) and [*output] == ["score"] for output in outputs] == [True, True]
