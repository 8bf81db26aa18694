"""Whether features contribute as they did: by a scripted Clarify whose baseline gives 5."""

from collections.abc import AsyncIterator

import numpy as np
import pytest
from pydantic import JsonValue
from sklearn.metrics import ndcg_score

from app.core.errors import InvalidInput
from app.core.settings import Settings
from app.schemas.evaluations.runs import Evaluation, EvaluationRequest, MetricValue
from app.schemas.models import NewVersion
from app.schemas.records.records import RecordWrite
from app.services.evaluations import runs
from app.services.evaluations.evaluator import Evaluator
from app.services.evaluations.statistics import attribution
from app.services.evaluations.statistics.samples import Undefined
from app.services.models import versions
from app.services.records import records
from app.services.runtime import Runtime, open_runtime
from tests.support.aws_stub import Answer, AwsStub, Request, reply
from tests.support.clarify import OPTIONS, explaining, explains
from tests.support.orders import answer_ten_times, order
from tests.support.use_case import TRANSIT

FEATURES = ["recent_transit_ratio", "great_circle_km"]
EARLY: dict[str, JsonValue] = {"since": "2013-02-01T00:00:00Z", "until": "2013-03-01T00:00:00Z"}
LATE: dict[str, JsonValue] = {"since": "2013-03-01T00:00:00Z", "until": "2013-05-01T00:00:00Z"}


def test_the_example_of_the_reference() -> None:
    """Three features whose order is reversed, and which features were ranked above is what matters."""
    before, after = np.array([0.70, 0.50, 0.05]), np.array([0.10, 0.20, 0.70])
    assert attribution.ndcg(before, after) == pytest.approx(0.69, abs=0.005)
    assert attribution.ndcg(before, before) == 1


@pytest.mark.parametrize("seed", range(20))
def test_it_is_scikit_learns(seed: int) -> None:
    chance = np.random.default_rng(seed)
    before, after = chance.random(6), chance.integers(0, 4, 6).astype(float)  # with features on one place
    assert attribution.ndcg(before, after) == pytest.approx(ndcg_score([before], [after]))


def test_nothing_is_no_ranking() -> None:
    nothing, something = np.zeros(3), np.ones(3)
    with pytest.raises(Undefined, match="in the reference"):
        attribution.ndcg(nothing, something)
    with pytest.raises(Undefined, match="no feature contributes"):
        attribution.shares(nothing)
    assert attribution.ndcg(something, nothing) == 1


def by_month(request: Request) -> Answer:
    """Until March the ratio makes most of an answer, later the distance. The ratio says which it is."""
    if "invocations" not in request.path:
        return answer_ten_times(request)
    ratios = [float(row.split(",")[0]) for row in request.body.decode().splitlines()]
    each: list[JsonValue] = [
        [{"attributions": [{"attribution": [one]}]} for one in ((3.0, -1.0) if ratio < 10 else (0.5, -1.5))]
        for ratio in ratios
    ]
    return reply(
        {
            "version": "1.0",
            "predictions": {"content_type": "text/csv", "data": "\n".join(map(str, ratios))},
            "explanations": {"kernel_shap": each} if explains(request) else {},
        }
    )


@pytest.fixture
async def runtime(settings: Settings, aws: AwsStub) -> AsyncIterator[Runtime]:
    """Version 1 is explained, version 2 is not; orders of three months, which differ by their ratios."""
    aws.respond = by_month
    async with open_runtime(settings, TRANSIT) as runtime:
        for version, options in (("1", OPTIONS), ("2", {"endpoint_name": "transit"})):
            new = NewVersion(version=version, backend="sagemaker", options=options, features=FEATURES)
            await versions.register(runtime.sessions, TRANSIT, runtime.inference, "transit", new)
        items = [
            RecordWrite(
                id=f"{month}-{number}",
                input=order(10 * late + number / 10, scheduled_at=f"2013-0{month}-10T11:00:00Z"),
            )
            for month, late in ((2, 0), (3, 0), (4, 1))
            for number in range(4)
        ]
        await records.put_many(runtime.sessions, TRANSIT, items)
        yield runtime


async def measured(runtime: Runtime, **fields: JsonValue) -> Evaluation:
    given: dict[str, JsonValue] = {"kind": "attribution_drift", "reference": EARLY, "version": "1"}
    request = EvaluationRequest.model_validate(given | fields)
    run = await runs.ask(runtime.sessions, TRANSIT, request, default_model="transit")
    await Evaluator(runtime).run(run.id)
    return await runs.get(runtime.sessions, run.id)


def metric(run: Evaluation, name: str, group: str = "", bucket: str = "") -> MetricValue:
    [found] = [one for one in run.metrics if (one.metric, one.slice, one.bucket) == (name, group, bucket)]
    return found


async def test_a_run_tells_where_other_features_count(runtime: Runtime, aws: AwsStub) -> None:
    run = await measured(runtime, **LATE, bucket="month")
    assert (run.state, run.kind, run.error) == ("done", "attribution_drift", None)
    assert (run.records, run.predicted, run.failed) == (12, 12, 0)
    assert metric(run, "ndcg", bucket="2013-03").value == 1
    april = metric(run, "ndcg", bucket="2013-04")
    assert april.value == pytest.approx((1 + 3 / np.log2(3)) / (3 + 1 / np.log2(3)))
    assert (april.n, april.small) == (4, True)
    ratio = "feature=recent_transit_ratio"
    assert metric(run, "attribution_share", ratio, "2013-03").value == pytest.approx(0.75)
    assert metric(run, "attribution_share", ratio, "2013-04").value == pytest.approx(0.25)
    assert metric(run, "attribution_change", ratio, "2013-04").value == pytest.approx(-0.5)
    before = len(explaining(aws))
    again = await measured(runtime, **LATE, bucket="month")
    assert again.metrics == run.metrics
    assert len(explaining(aws)) == before


async def test_an_empty_window_is_undefined(runtime: Runtime) -> None:
    run = await measured(runtime, since="2014-01-01T00:00:00Z")
    assert run.state == "done"
    assert {(one.metric, one.value, one.reason) for one in run.metrics} == {
        (name, None, "the window has no explained predictions")
        for name in ("ndcg", "attribution_share", "attribution_change")
    }


async def test_a_version_without_an_explainer_is_refused_when_it_is_asked_for(runtime: Runtime) -> None:
    with pytest.raises(InvalidInput) as raised:
        await measured(runtime, version="2")
    assert [fault.field for fault in raised.value.errors] == ["kind"]
