"""What preprocess and postprocess may make, item by item: a wrong one costs its neighbours nothing."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import pytest
from pydantic import BaseModel, JsonValue
from sqlalchemy import text

from app.core.errors import UserCodeError
from app.core.settings import Settings
from app.main import create_app
from app.services.predictions.predictor import Answer, Ask
from app.services.records import records
from app.services.runtime import Runtime
from examples.transit.input_object import InputObject
from tests.support.aws_stub import AwsStub
from tests.support.orders import answer_ten_times, invocations, order, prepare
from tests.support.use_case import TRANSIT, changed

WIDTH = len(TRANSIT.features)


ASK = Ask("transit")
GOOD, BAD = ["g0", "g1", "g2"], "bad"


@pytest.fixture
async def runtime(settings: Settings, aws: AwsStub) -> AsyncIterator[Runtime]:
    """A live model, three good records and one on which the user's code is going to fail."""
    aws.respond = answer_ten_times
    service = create_app(settings)
    async with service.router.lifespan_context(service):
        runtime: Runtime = service.state.runtime
        await prepare(runtime.predictor)
        for number, record_id in enumerate([*GOOD, BAD]):
            await records.put(runtime.database.transactions, TRANSIT, record_id, order(number))
        yield runtime


def use(monkeypatch: pytest.MonkeyPatch, runtime: Runtime, **defined: object) -> None:
    flights = runtime.predictor.flights
    monkeypatch.setattr(flights, "_leader", replace(flights._leader, use_case=changed(**defined)))


WRONG = [
    *(datetime(2026, 1, 1, tzinfo=UTC), Decimal("1.5"), {1, 2}, b"x", np.datetime64("2026-01-01")),
    *(np.float32("nan"), float("inf"), np.complex64(1), object(), iter(()), [1, {"a": {2}}]),
]


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: type(wrong).__name__)
@pytest.mark.parametrize("stage", ["preprocess", "postprocess"])
async def test_a_wrong_result_fails_alone_and_frees_its_claim(
    runtime: Runtime, aws: AwsStub, monkeypatch: pytest.MonkeyPatch, stage: str, wrong: object
) -> None:
    def preprocess(items: Sequence[InputObject]) -> list[object]:
        return [[wrong if one.recent_transit_ratio == 3 else np.float32(1)] * WIDTH for one in items]

    def postprocess(outputs: Sequence[JsonValue]) -> list[object]:
        return [wrong if output == 30 else np.float32(float(str(output))) for output in outputs]

    use(monkeypatch, runtime, **{stage: {"preprocess": preprocess, "postprocess": postprocess}[stage]})
    answers = await runtime.predictor.predict_many([*GOOD, BAD], ASK)
    fault = answers[BAD]
    assert isinstance(fault, UserCodeError)
    assert fault.detail.startswith(f"{stage} made ")
    assert all(isinstance(answers[one], Answer) for one in GOOD)
    paid = len(invocations(aws))
    again = await runtime.predictor.predict_many([*GOOD, BAD], ASK)
    assert [one.cached for one in again.values() if isinstance(one, Answer)] == [True] * 3
    assert len(invocations(aws)) == paid
    async with runtime.database.transactions() as session:
        held = await session.scalars(text("select content_hash from content_claims where error is null"))
        assert held.all() == []


def as_array(items: Sequence[InputObject]) -> object:
    return np.array([[one.recent_transit_ratio] * WIDTH for one in items], np.float32)


def one_by_one(items: Sequence[InputObject]) -> object:
    return ([np.int64(one.recent_transit_ratio or 0)] * WIDTH for one in items)


@pytest.mark.parametrize("preprocess", [as_array, one_by_one])
@pytest.mark.parametrize(
    "wrapped",
    [
        lambda outputs: np.array(outputs),
        lambda outputs: iter(outputs),
        lambda outputs: [np.array(one) for one in outputs],
    ],
    ids=["array", "iterator", "arrays"],
)
async def test_arrays_and_generators_are_lists(
    runtime: Runtime,
    monkeypatch: pytest.MonkeyPatch,
    preprocess: Callable[[Sequence[BaseModel]], object],
    wrapped: Callable[[Sequence[JsonValue]], object],
) -> None:
    use(monkeypatch, runtime, preprocess=preprocess, postprocess=wrapped)
    answers = await runtime.predictor.predict_many(GOOD, ASK)
    found = [one.prediction for one in answers.values() if isinstance(one, Answer)]
    assert (found, {type(one) for one in found}) == ([0.0, 10.0, 20.0], {float})
