"""Drift: statistics of samples whose answer is known, and runs on a real database with a scripted model."""

import math
import sys
from collections.abc import AsyncIterator, Sequence

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import JsonValue, ValidationError
from scipy import stats
from sqlalchemy import text

from app.core.settings import Settings
from app.db.evaluations.runs import Metric
from app.db.tables import EvaluationRow
from app.main import create_app
from app.schemas.evaluations.runs import Evaluation, EvaluationRequest, MetricValue
from app.schemas.records.records import RecordWrite
from app.services.evaluations import drift, runs, two_windows
from app.services.evaluations.drift import Scale
from app.services.evaluations.evaluator import Evaluator
from app.services.evaluations.statistics import drift as drift_statistics
from app.services.evaluations.statistics.drift import ReferenceSample
from app.services.evaluations.statistics.samples import Undefined
from app.services.evaluations.two_windows import Frame
from app.services.predictions.predictor import Answer, Ask
from app.services.records import records
from app.services.runtime import Runtime
from examples.transit import train
from examples.transit.preprocess import FEATURES, preprocess
from tests.support.aws_stub import AwsStub, csv
from tests.support.orders import answer_ten_times, invocations, order, prepare
from tests.support.use_case import TRANSIT

RATIO = "feature=recent_transit_ratio"
EARLY = {"since": "2013-02-01T00:00:00Z", "until": "2013-03-01T00:00:00Z"}
LATE = {"since": "2013-03-01T00:00:00Z", "until": "2013-06-01T00:00:00Z"}

Numbers = st.lists(st.floats(allow_nan=False) | st.sampled_from([0.0, 1.0, math.nan]), min_size=20)
"""Samples with repeated, missing, huge and infinite values."""


def compared(before: Sequence[JsonValue], after: Sequence[JsonValue]) -> dict[str, Metric]:
    """The metrics of one feature, by name."""
    scale, reference, window = Scale(), Frame(), Frame()
    for frame, values in ((reference, before), (window, after)):
        for value in values:
            frame.add("x", "", scale.place(value))
    return {one.metric: one for one in drift.measure({"x": scale}, reference, window)}


def number(found: Metric | MetricValue) -> float:
    """Its value, which must be defined."""
    assert found.value is not None, found.reason
    return found.value


@given(Numbers)
@example([-sys.float_info.max] * 30)
def test_identical_samples_have_not_drifted(values: list[float]) -> None:
    found = compared(values, values)
    assert found["psi"].value in (0.0, None)
    assert found["p_value"].value in (pytest.approx(1.0), None)


@given(Numbers, Numbers, st.randoms())
def test_order_does_not_matter_and_what_is_stored_is_finite(
    before: list[float], after: list[float], random: np.random.RandomState
) -> None:
    found = compared(before, after)
    random.shuffle(before)
    random.shuffle(after)
    assert compared(before, after) == found
    for one in found.values():
        assert (one.value is None) != (one.reason is None)
        assert one.value is None or math.isfinite(one.value)


@given(Numbers, Numbers)
def test_the_p_value_is_that_of_scipy(before: list[float], after: list[float]) -> None:
    found = compared(before, after)["p_value"]
    first, second = ([one for one in values if not math.isnan(one)] for values in (before, after))
    if found.value is not None and found.value > 1e-6:  # less is held up by what an exact test could say
        assert found.value == pytest.approx(stats.ks_2samp(first, second, method="asymp").pvalue)


@given(st.lists(st.floats(-1000, 1000), min_size=200, max_size=300), st.floats(2001, 1e6))
def test_a_shifted_sample_has_drifted(values: list[float], shift: float) -> None:
    found = compared(values, [value + shift for value in values])
    assert number(found["psi"]) > 0.25
    assert number(found["p_value"]) < 0.001


def test_the_index_is_that_of_the_formula() -> None:
    reference = ReferenceSample(np.arange(100.0))
    window = np.concatenate([np.arange(50.0), np.arange(50.0)])  # twice in each lower tenth, none above
    low, high, even = 20.5 / 105, 0.5 / 105, 10.5 / 105
    expected = 5 * (low - even) * math.log(low / even) + 5 * (high - even) * math.log(high / even)
    assert drift_statistics.psi(reference, window, categories=False) == pytest.approx(expected)


@pytest.mark.parametrize("rare", [-1.0, 1.0])
def test_a_rare_number_that_becomes_common_is_seen_on_either_side(rare: float) -> None:
    found = compared([0.0] * 195 + [rare] * 5, [0.0] * 100 + [rare] * 100)
    assert number(found["psi"]) > 0.25


def test_texts_are_compared_by_their_frequency() -> None:
    before: list[JsonValue] = ["road", "rail"] * 100
    assert compared(before, ["rail", "road"] * 100)["psi"].value == 0
    moved = compared(before, ["rail"] * 150 + ["road"] * 25 + ["air"] * 25)
    assert number(moved["psi"]) > 0.25
    assert number(moved["p_value"]) < 0.001


def test_missing_values_are_a_share_and_a_bin_of_their_own() -> None:
    found = compared([1.0, 2.0] * 100, [1.0, 2.0] * 50 + [None, math.nan] * 50)
    assert found["missing"].value == 0.5
    assert number(found["psi"]) > 0.25
    assert found["p_value"].value == pytest.approx(1.0)
    gone = compared([1.0, 2.0] * 100, [None] * 200)
    assert gone["missing"].value == 1.0
    assert number(gone["psi"]) > 0.25
    assert (gone["p_value"].value, gone["p_value"].reason) == (None, "the window has no values")


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ([], [1.0, 2.0] * 50, "the reference has no rows"),
        ([1.0, 2.0] * 50, [], "the window has no rows"),
        ([1.0, 2.0] * 50, [1.0] * 9, "the window has fewer than 10 rows"),
        ([7.0] * 50, [7.0] * 50, "constant: there is one value only, the same in both"),
        (["a"] * 50, ["a"] * 50, "constant: there is one value only, the same in both"),
        ([1.0] * 50, ["a"] * 50, "the values are numbers and texts"),
        ([[1.0]] * 50, [[1.0]] * 50, "the values are lists or objects"),
    ],
)
def test_what_is_undefined_says_why(before: list[JsonValue], after: list[JsonValue], reason: str) -> None:
    found = compared(before, after)["psi"]
    assert (found.value, found.reason, found.n) == (None, reason, len(after))


def test_the_whole_of_a_constant_feature_that_moved_is_drift() -> None:
    found = compared([7.0] * 50, [6.0] * 50)
    assert number(found["psi"]) > 0.25
    assert number(found["p_value"]) < 0.001


def test_two_small_samples_without_an_overlap_are_unlikely_not_impossible() -> None:
    found = compared([float(one) for one in range(10)], [float(one) for one in range(10, 20)])
    assert number(found["p_value"]) == pytest.approx(2 / math.comb(20, 10))


def test_a_number_beyond_a_float_is_placed_beyond_all() -> None:
    assert (Scale().place(10**400), Scale().place(-(10**400))) == (math.inf, -math.inf)


def test_no_share_of_missing_without_rows() -> None:
    with pytest.raises(Undefined, match="the window has no rows"):
        drift_statistics.missing(np.empty(0))


def test_in_the_sample_the_month_drifts_and_the_carrier_does_not() -> None:
    items = [one.item for one in train.orders()]
    halves: list[list[list[JsonValue]]] = [[], []]
    for item, row in zip(items, preprocess(items), strict=True):
        halves[item.scheduled_at.month > train.LAST_TRAINING_MONTH].append(list(row))
    index = {name: FEATURES.index(name) for name in ("month", "carrier")}
    found = {
        name: compared(*([row[column] for row in half] for half in halves)) for name, column in index.items()
    }
    assert number(found["month"]["psi"]) > 0.25
    assert number(found["month"]["p_value"]) < 0.001
    assert number(found["carrier"]["psi"]) < 0.1


@pytest.fixture
async def runtime(settings: Settings, aws: AwsStub) -> AsyncIterator[Runtime]:
    """A live model, and orders without a truth: March is as February was, April is not, May is short."""
    aws.respond = answer_ten_times
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        runtime: Runtime = app.state.runtime
        await prepare(runtime.predictor)
        shifts = [("02", 60, 0.0), ("03", 60, 0.0), ("04", 60, 100.0), ("05", 5, 0.0)]
        items = [
            RecordWrite(
                id=f"{month}-{index:02}",
                input=order(shift + index, scheduled_at=f"2013-{month}-10T11:00:00Z"),
            )
            for month, many, shift in shifts
            for index in range(many)
        ]
        await records.put_many(runtime.database.transactions, TRANSIT, items)
        yield runtime


async def asked(runtime: Runtime, **fields: JsonValue) -> int:
    """A queued drift run of version 1, against February unless another reference is given."""
    request = EvaluationRequest.model_validate({"kind": "drift", "reference": EARLY} | fields)
    runs.check(TRANSIT, request)
    row = EvaluationRow(
        model_version_id=1, kind=request.kind, filter=request.model_dump(mode="json"), state="queued"
    )
    async with runtime.database.transactions.begin() as session:
        session.add(row)
    return row.id


async def measured(runtime: Runtime, **fields: JsonValue) -> Evaluation:
    evaluation_id = await asked(runtime, **fields)
    await Evaluator(runtime).run(evaluation_id)
    return await runs.get(runtime.database.transactions, evaluation_id)


def metric(run: Evaluation, name: str, group: str, bucket: str = "") -> MetricValue:
    (found,) = [one for one in run.metrics if (one.metric, one.slice, one.bucket) == (name, group, bucket)]
    return found


async def test_a_run_measures_features_and_predictions_without_truths(
    runtime: Runtime, aws: AwsStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(two_windows, "BATCH", 50)
    run = await measured(runtime, **LATE, bucket="month")
    assert (run.state, run.kind, run.error) == ("done", "drift", None)
    assert (run.records, run.labelled, run.predicted, run.failed) == (185, 0, 185, 0)
    assert {one.slice for one in run.metrics} == {RATIO, "prediction"}
    for group in (RATIO, "prediction"):
        assert metric(run, "psi", group, "2013-03").value == 0
        assert metric(run, "p_value", group, "2013-03").value == pytest.approx(1.0)
        assert number(metric(run, "psi", group, "2013-04")) > 0.25
        assert number(metric(run, "p_value", group, "2013-04")) < 0.001
        few = metric(run, "psi", group, "2013-05")
        assert (few.value, few.reason, few.n, few.small) == (
            None, "the window has fewer than 10 rows", 5, True,
        )  # fmt: skip
        assert number(metric(run, "psi", group)) > 0.25
        assert (metric(run, "missing", group).value, metric(run, "missing", group).n) == (0, 125)
    before = len(invocations(aws))
    again = await measured(runtime, **LATE, bucket="month")
    assert again.metrics == run.metrics
    assert len(invocations(aws)) == before


async def test_a_filter_and_an_empty_window_hold_for_both(runtime: Runtime) -> None:
    run = await measured(runtime, **LATE, where={"carrier": "AA"})
    assert (run.state, run.records) == ("done", 0)
    assert metric(run, "psi", RATIO).reason == "the reference has no rows"
    assert metric(run, "missing", "prediction").reason == "the window has no rows"


async def test_what_cannot_be_predicted_still_has_its_features(runtime: Runtime, aws: AwsStub) -> None:
    aws.respond = lambda request: csv(request.body.decode().replace("7.0", "nan"))
    run = await measured(runtime, **LATE)
    assert run.state == "done"
    assert run.failed > 0
    assert run.predicted + run.failed == run.records
    assert metric(run, "psi", RATIO).n == 125
    assert 0 < metric(run, "psi", "prediction").n < 125


async def test_a_cancelled_run_stops_and_stores_nothing(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluation_id = await asked(runtime, **LATE)
    sessions = runtime.database.transactions
    predict_many = runtime.predictor.predict_many

    async def cancelled_meanwhile(record_ids: Sequence[str], ask: Ask) -> dict[str, Answer | Exception]:
        await runs.cancel(sessions, evaluation_id)
        return dict(await predict_many(record_ids, ask))

    monkeypatch.setattr(runtime.predictor, "predict_many", cancelled_meanwhile)
    await Evaluator(runtime).run(evaluation_id)
    run = await runs.get(sessions, evaluation_id)
    assert (run.state, run.metrics) == ("cancelled", [])


async def test_a_prediction_that_cannot_be_judged_fails_alone(runtime: Runtime) -> None:
    before = await measured(runtime, **LATE)
    async with runtime.database.transactions.begin() as session:
        await session.execute(
            text("""update predictions set output = '{"a": 1}' where record_id = '03-07'""")
        )
    run = await measured(runtime, **LATE)
    assert (run.state, run.predicted, run.failed) == ("done", before.predicted - 1, 1)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"kind": "drift"}, "needs a reference"),
        ({"reference": EARLY}, "only a run of the kind drift or attribution_drift"),
        ({"kind": "drift", "reference": {"since": EARLY["since"]}}, "Field required"),
        ({"kind": "drift", "reference": EARLY | {"until": EARLY["since"]}}, "reference window is empty"),
        ({"kind": "drift", "reference": EARLY, "metrics": ["mae"]}, "takes no slices or metrics"),
        ({"kind": "drift", "reference": EARLY, "slices": []}, "takes no slices or metrics"),
    ],
)
def test_a_request_that_does_not_fit_its_kind_is_refused(fields: dict[str, JsonValue], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        EvaluationRequest.model_validate(fields)
