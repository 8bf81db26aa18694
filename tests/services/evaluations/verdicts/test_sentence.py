"""A comparison in one sentence: what is decided, of how many, and what became of the others."""

import pytest

from app.schemas.evaluations.directions import DIRECTIONS
from app.schemas.evaluations.runs import ComparedMetric
from app.services.evaluations.statistics import metrics
from app.services.evaluations.verdicts import sentence

NAMES = ("mae", "rmse", "bias", "r2")


def compared(metric: str, verdict: str, reason: str | None = None, group: str = "") -> ComparedMetric:
    difference = None if reason else 0.5
    values = dict.fromkeys(("a", "b", "low", "high"), 1.0)
    about = {"metric": metric, "slice": group, "bucket": "", "n": 40, "verdict": verdict, "reason": reason}
    return ComparedMetric.model_validate({**about, **values, "difference": difference})


def undefined(metric: str) -> ComparedMetric:
    return compared(metric, "undecided", "no rows")


@pytest.mark.parametrize(
    ("verdicts", "said"),
    [
        (["better"] * 4, "is better on 4 of 4 metrics"),
        (["better"], "is better on 1 of 1 metric"),
        (["worse"] * 3 + ["same"], "is worse on 3 of 4 metrics, the same on 1"),
        (
            ["better", "worse", "worse", "undecided"],
            "is better on 1 of 4 metrics, worse on 2, undecided on 1",
        ),
        (["same"] * 4, "is the same on 4 of 4 metrics"),
        (
            ["undecided"] * 3 + ["same"],
            "is neither better nor worse on any of 4 metrics, undecided on 3, the same on 1",
        ),
        ([], "cannot be compared: the two have no metric that is a matter of better"),
    ],
)
def test_it_counts(verdicts: list[str], said: str) -> None:
    found = [compared(name, verdict) for name, verdict in zip(NAMES, verdicts, strict=False)]
    assert sentence.of(found, "version 2") == f"version 2 {said}"


def test_it_is_of_all_records_and_of_what_is_a_matter_of_better() -> None:
    others = [compared("mae", "worse", group="carrier=UA"), compared("mean_prediction", "undecided")]
    assert sentence.of([compared("mae", "better"), *others], "it") == "it is better on 1 of 1 metric"


def test_what_is_undefined_is_counted_as_that() -> None:
    found = [compared("mae", "better"), undefined("r2")]
    assert sentence.of(found, "it") == "it is better on 1 of 2 metrics, not comparable on 1"
    assert sentence.of([undefined("mae"), undefined("r2")], "it") == "it cannot be compared: no rows"


def test_every_metric_has_a_direction_or_is_known_to_have_none() -> None:
    every = {name for names in metrics.METRICS.values() for name in names}
    assert every - set(DIRECTIONS) == {"mean_prediction", "actual_rate"}
