"""One prediction that cannot be judged is a failed record, and the run stands."""

from collections.abc import AsyncIterator
from typing import cast

import numpy as np
import pytest
from pydantic import JsonValue

from app.core.errors import AppError, InvalidInput
from app.core.settings import Settings
from app.schemas.judged import Judged, TruthValue
from app.services.evaluations import comparison, judging
from app.services.evaluations.judging import Case
from app.services.runtime import Runtime, open_runtime
from tests.support.aws_stub import AwsStub
from tests.support.judged_orders import evaluate, metric, store_judged_orders
from tests.support.orders import answer_ten_times, prepare
from tests.support.use_case import changed

JANUARY: dict[str, JsonValue] = {"since": "2013-01-01T00:00:00Z", "until": "2013-02-01T00:00:00Z"}
ODD = 20.0
"""What the order r02 is predicted with."""


def odd_one(output: JsonValue) -> JsonValue:
    return None if output == ODD else output


CLASSES = {"TASK": "multiclass", "METRICS": ("accuracy",), "HEADLINE": (), "Label": float}


def shares(total: float) -> Judged:
    return Judged(1.0, {1.0: total / 2, 2.0: total / 2})


@pytest.fixture
async def runtime(settings: Settings, aws: AwsStub) -> AsyncIterator[Runtime]:
    """A live model, and 30 orders with truths; what is predicted with ODD cannot be judged."""
    aws.respond = answer_ten_times
    use_case = changed(postprocess=lambda outputs: [odd_one(one) for one in outputs])
    async with open_runtime(settings, use_case) as runtime:
        await prepare(runtime.predictor)
        await store_judged_orders(runtime.sessions)
        yield runtime


async def test_a_run_stands_and_counts_it(runtime: Runtime) -> None:
    run = await evaluate(runtime)
    assert (run.state, run.predicted, run.failed) == ("done", 29, 1)
    assert metric(run, "mae").n == 29
    again = await evaluate(runtime)
    found = await comparison.compare(runtime.sessions, runtime.use_case, run.id, again.id)
    assert found.shared == 29


async def test_so_does_a_drift_run_with_the_features_of_the_record(runtime: Runtime) -> None:
    run = await evaluate(runtime, None, kind="drift", reference=JANUARY, since=JANUARY["until"])
    assert (run.state, run.predicted, run.failed) == ("done", 40, 1)
    assert metric(run, "missing", ("feature=recent_transit_ratio", "")).n == 20


@pytest.mark.parametrize(
    ("task", "good", "bad"),
    [
        ({"TASK": "regression"}, Judged(1.0), Judged("text")),
        ({"TASK": "regression"}, Judged(1.0), Judged(float("nan"))),
        ({"TASK": "regression"}, Judged(1.0), Judged(10**400)),
        ({"TASK": "regression"}, Judged(1.0), Judged(cast(float, [1.0]))),
        ({"TASK": "regression"}, Judged(cast(float, np.float32(1))), Judged(cast(float, None))),
        (CLASSES, shares(1.0), shares(0.5)),
        (CLASSES, Judged(1.0, {1.0: cast(float, np.float32(0.5)), 2.0: np.float64(0.5)}), shares(0.5)),
        (CLASSES, shares(1.0), Judged(1.0, cast(dict[TruthValue, float], [0.5, 0.5]))),
        (CLASSES, shares(1.0), Judged(1.0, cast(dict[TruthValue, float], {1.0: "half", 2.0: None}))),
        (CLASSES, shares(1.0), Judged(1.0, {1.0: 10**400, 2.0: 0.5})),
        (CLASSES, shares(1.0), Judged(1.0, {1.0: float("nan"), 2.0: 0.5})),
        (CLASSES, shares(1.0), Judged(1.0, {1.0: -1.0, 2.0: 2.0})),
        ({"TASK": "binary", "METRICS": (), "HEADLINE": ()}, Judged(1), Judged("maybe")),
        ({"TASK": "binary", "METRICS": (), "HEADLINE": (), "POSITIVE": 1}, Judged(0), Judged(7)),
        ({"TASK": "binary", "METRICS": (), "HEADLINE": ()}, Judged(1, {1: 0.9}), Judged(1, {0: 0.9})),
    ],
)
def test_what_cannot_be_judged_is_told_from_what_can(
    task: dict[str, object], good: Judged, bad: Judged
) -> None:
    use_case = changed(judge=lambda output: bad if output == "bad" else good, **task)
    cases = [Case(truth, output, (), "") for truth, output in [(0, "x"), (1, "bad"), (1, "x"), (0, "bad")]]
    found = judging.faults(use_case, cases)
    assert [*found] == [1, 3]
    assert all(isinstance(error, AppError) for error in found.values())
    judging.judge_all(use_case, [cases[0], cases[2]], use_case.metrics)


def test_what_is_wrong_with_every_truth_is_wrong_with_the_run() -> None:
    three = changed(TASK="binary", METRICS=(), HEADLINE=(), POSITIVE="a", Label=str, judge=Judged)
    with pytest.raises(InvalidInput, match="has two classes"):
        judging.faults(three, [Case(name, "a", (), "") for name in "abc"])


async def test_a_run_of_which_nothing_can_be_judged_fails_with_the_reason(runtime: Runtime) -> None:
    hopeless = changed(judge=lambda output: Judged("text"))
    async with open_runtime(runtime.settings, hopeless) as without:
        run = await evaluate(without)
    assert run.state == "failed"
    assert "must read a finite number" in (run.error or "")
