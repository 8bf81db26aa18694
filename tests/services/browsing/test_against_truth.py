"""How far predictions are from the truth."""

import pytest
from pydantic import JsonValue

from app.services.browsing.against_truth import AgainstTruth, judge
from app.services.use_case.value import as_it_is
from tests.support.use_case import TRANSIT, changed


@pytest.mark.parametrize(
    ("output", "label", "verdict"),
    [
        (15.0, 12.5, AgainstTruth(15.0, error=2.5)),
        (15.0, None, AgainstTruth(15.0)),
        ("soon", 12.5, AgainstTruth()),
        ({"minutes": 15.0}, 12.5, AgainstTruth()),
        (15.0, "late", AgainstTruth(15.0)),
    ],
)
def test_numbers_are_off_by_something(output: JsonValue, label: JsonValue, verdict: AgainstTruth) -> None:
    _, [found] = judge(TRANSIT, [output], label, has_label=label is not None)
    assert found == verdict


@pytest.mark.parametrize(("label", "is_right"), [("late", True), ("early", False)])
def test_classes_are_right_or_wrong(label: str, is_right: bool) -> None:
    classes = changed(TASK="multiclass", Label=str, judge=as_it_is)
    _, [found] = judge(classes, ["late"], label, has_label=True)
    assert found == AgainstTruth("late", is_right=is_right)


def test_a_null_that_is_no_truth_is_none() -> None:
    assert judge(TRANSIT, [15.0], None, has_label=True) == (None, [AgainstTruth(15.0)])
