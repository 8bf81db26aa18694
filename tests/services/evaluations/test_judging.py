"""From judged records to metrics: groups, buckets, and what the user's code may do wrong."""

from datetime import UTC, datetime

import pytest
from pydantic import JsonValue

from app.core.errors import AppError, BadOutput, InvalidInput, UserCodeError
from app.schemas.evaluations.runs import Bucket
from app.schemas.judged import Judged
from app.services.evaluations import judging
from app.services.evaluations.judging import Case
from tests.support.use_case import TRANSIT, changed

CASES = [
    Case(10.0, 11.0, ("carrier=UA", "origin=EWR"), "2013-01"),
    Case(20.0, 18.0, ("carrier=AA", "origin=EWR"), "2013-01"),
    Case(30.0, 33.0, ("carrier=UA", "origin=JFK"), "2013-02"),
]


def test_each_record_counts_in_the_whole_its_bucket_and_each_of_its_slices() -> None:
    found = {
        (one.slice, one.bucket): (one.value, one.n) for one in judging.judge_all(TRANSIT, CASES, ["mae"])
    }
    assert found == {
        ("", ""): (2.0, 3),
        ("", "2013-01"): (1.5, 2),
        ("", "2013-02"): (3.0, 1),
        ("carrier=AA", ""): (2.0, 1),
        ("carrier=UA", ""): (2.0, 2),
        ("origin=EWR", ""): (1.5, 2),
        ("origin=JFK", ""): (3.0, 1),
    }


def test_a_metric_that_is_undefined_has_a_reason_and_the_others_their_values() -> None:
    found = {one.metric: one for one in judging.judge_all(TRANSIT, CASES[:1], ["mae", "r2"])}
    assert (found["r2"].value, found["r2"].reason) == (None, "fewer than two rows")
    assert (found["mae"].value, found["mae"].reason, found["mae"].low) == (1.0, None, None)


@pytest.mark.parametrize(("n", "small"), [(29, True), (30, False)])
def test_a_group_too_small_to_decide_from_is_marked(n: int, small: bool) -> None:
    (found,) = judging.judge_all(TRANSIT, [Case(1.0, 2.0, (), "")] * n, ["mae"])
    assert found.small is small


@pytest.mark.parametrize(
    ("bucket", "name"), [("day", "2012-12-31"), ("week", "2013-W01"), ("month", "2012-12")]
)
def test_buckets_are_named_so_that_they_sort(bucket: Bucket, name: str) -> None:
    assert judging.BUCKETS[bucket](datetime(2012, 12, 31, 23, 59, tzinfo=UTC)) == name
    years = [judging.BUCKETS[bucket](datetime(year, 6, 1, tzinfo=UTC)) for year in (1, 99, 999, 1000, 2024)]
    assert years == sorted(years)


@pytest.mark.parametrize(
    ("raised", "kind", "message"),
    [
        (ValueError("no number"), BadOutput, "cannot read a prediction: no number"),
        (InvalidInput("as it says"), InvalidInput, "as it says"),
        (KeyError("secret"), UserCodeError, "evaluation.judge raised KeyError; the log has the rest."),
    ],
)
def test_what_the_users_code_raises_is_named(raised: Exception, kind: type[AppError], message: str) -> None:
    def judge(output: JsonValue) -> Judged:
        raise raised

    with pytest.raises(kind) as caught:
        changed(judge=judge).judged(1.0)
    assert message in caught.value.detail
    assert "secret" not in caught.value.detail
