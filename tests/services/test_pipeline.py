"""The pipeline around the user's code, with a stand-in for inference: no network is needed here."""

import asyncio
import itertools
import math
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import cast

import numpy as np
import pytest
from pydantic import JsonValue, field_validator

from app.core.errors import AppError, BadOutput, InvalidInput, Misconfigured, UserCodeError
from app.schemas.hosting.deployments import Deployment
from app.schemas.rows import Row
from app.services import pipeline
from app.services.hosting.outcomes import Inferred
from app.services.inference import Inference
from app.services.pipeline import Computed, Stages
from app.services.use_case import UseCase
from examples.transit.input_object import InputObject
from tests.support.orders import order
from tests.support.use_case import TRANSIT, changed

ALL = TRANSIT.features


class FirstFeature:
    """Answers each row's first value, and keeps the rows. Not a backend: the pipeline must not care."""

    def __init__(self) -> None:
        self.rows: list[Row] = []

    async def predict(
        self, deployment: Deployment, rows: Sequence[Row], deadline: float
    ) -> list[Inferred | AppError]:
        self.rows += rows
        return [Inferred(row[0], "r1", 2.5) for row in rows]


async def run(
    payloads: Sequence[JsonValue],
    features: Sequence[str] = ALL,
    inference: FirstFeature | None = None,
    use_case: UseCase = TRANSIT,
) -> list[pipeline.Outcome]:
    deployment = Deployment(1, "m", "1", "any", {}, tuple(features))
    deadline = asyncio.get_running_loop().time() + 10
    return await pipeline.run(
        *(Stages(use_case), cast(Inference, inference or FirstFeature()), deployment, payloads),
        deadline=deadline,
    )


async def test_a_version_gets_its_features_in_its_order() -> None:
    inference = FirstFeature()
    (outcome,) = await run([order(1.5)], ["recent_transit_ratio", "minute_of_day"], inference)
    assert inference.rows == [[1.5, 667]]
    assert outcome == Computed(1.5, 1.5, "r1", 2.5)


async def test_a_stored_record_that_no_longer_fits_fails_alone() -> None:
    bad, good = await run([{"carrier": "UA"}, order()])
    assert isinstance(bad, InvalidInput)
    assert "origin" in {fault.field for fault in bad.errors}
    assert isinstance(good, Computed)


async def test_what_user_code_raises_names_the_stage_and_spares_the_others() -> None:
    def refuse(items: Sequence[InputObject]) -> list[Row]:
        if any(item.carrier == "XX" for item in items):
            raise KeyError("/home/secret")
        return [[1.0] * len(ALL) for _ in items]

    payloads = [order(), order(carrier="XX"), order()]
    first, second, third = await run(payloads, use_case=changed(preprocess=refuse))
    assert isinstance(first, Computed)
    assert isinstance(third, Computed)
    assert isinstance(second, UserCodeError)
    assert "preprocess raised KeyError" in second.detail
    assert "secret" not in second.detail


async def test_a_bad_model_output_is_not_the_users_fault() -> None:
    class Words(FirstFeature):
        async def predict(
            self, deployment: Deployment, rows: Sequence[Row], deadline: float
        ) -> list[Inferred | AppError]:
            return [Inferred("late", None, 1.0), Inferred([7.25], None, 1.0)]

    bad, good = await run([order(), order()], inference=Words())
    assert isinstance(bad, BadOutput)
    assert isinstance(good, Computed)
    assert (good.output, good.raw_output) == (7.2, [7.25])


@pytest.mark.parametrize("stage", ["preprocess", "postprocess"])
async def test_lengths_are_checked(stage: str) -> None:
    (outcome,) = await run([order()], use_case=changed(**{stage: lambda values: []}))
    assert isinstance(outcome, UserCodeError)
    assert f"{stage} returned 0 results for 1 items" in outcome.detail


async def test_rows_must_have_as_many_values_as_features() -> None:
    (outcome,) = await run([order()], use_case=changed(preprocess=lambda items: [[1.0] for _ in items]))
    assert isinstance(outcome, UserCodeError)
    assert f"a row of 1 values for {len(ALL)} FEATURES" in outcome.detail


@pytest.mark.parametrize("output", [float("nan"), float("inf"), "a\0b", {"k\0": 1}])
async def test_what_json_cannot_hold_never_leaves_postprocess(output: JsonValue) -> None:
    (outcome,) = await run([order()], use_case=changed(postprocess=lambda outputs: [output]))
    assert isinstance(outcome, UserCodeError)


async def test_features_that_preprocess_no_longer_makes_are_named() -> None:
    with pytest.raises(Misconfigured) as caught:
        await run([order()], ["weekday", "wind"])
    said = caught.value.detail
    assert said.startswith(
        "Version '1' of model 'm' takes wind, which preprocess.FEATURES lacks: it has origin_"
    )


async def generated(values: Sequence[object]) -> list[object]:
    return [*values]


def emptied(items: list[InputObject]) -> list[Row]:
    rows: list[Row] = []
    while items:
        items.pop()
        rows.append([1.0] * len(ALL))
    return rows


def stopped(values: Sequence[object]) -> list[Row]:
    raise SystemExit(3)


async def test_a_function_may_empty_its_list() -> None:
    first, second = await run([order(), order()], use_case=changed(preprocess=emptied))
    assert isinstance(first, Computed)
    assert isinstance(second, Computed)


@pytest.mark.filterwarnings("ignore:coroutine")
@pytest.mark.parametrize("stage", ["preprocess", "postprocess"])
@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda values: None, "must return a list, not NoneType"),
        (lambda values: itertools.repeat(1.0), "returned 2 results for 1 items"),
        (lambda values: iter(()), "returned 0 results for 1 items"),
        (lambda values: np.float64(1), "must return a list, not float64"),
        (lambda values: np.array(1.0), "must return a list, not ndarray"),
        (lambda values: {1: 2}, "must return a list, not dict"),
        (lambda values: "a" * len(values), "must return a list, not str"),
        (generated, "must return a list, not coroutine"),
        (stopped, "raised SystemExit"),
    ],
)
async def test_a_function_that_returns_no_list_is_told(stage: str, function: object, said: str) -> None:
    (outcome,) = await run([order()], use_case=changed(**{stage: function}))
    assert isinstance(outcome, UserCodeError)
    assert f"{stage} {said}" in outcome.detail


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("ab", "a row that is no list: str"),
        (None, "a row that is no list: NoneType"),
        ({"a": 1}, "a row that is no list: dict"),
        ([{1}] * len(ALL), "a set of origin_lat: a cell is a number"),
        ([Decimal(1)] * len(ALL), "a Decimal of origin_lat"),
        ([datetime(2026, 1, 1)] * len(ALL), "a datetime of origin_lat"),
        (np.array(["2026-01-01"] * len(ALL), "datetime64[ns]"), "a row that is no list: ndarray"),
        ([np.datetime64("2026-01-01")] * len(ALL), "a datetime64 of origin_lat"),
        ([np.timedelta64(1, "s")] * len(ALL), "a timedelta64 of origin_lat"),
        ([math.nan] * len(ALL), "what cannot be sent: origin_lat: a number must be finite"),
        ([np.float32("inf")] * len(ALL), "what cannot be sent: origin_lat: a number must be finite"),
        ([[1, {2}]] * len(ALL), "what cannot be sent: origin_lat[1]: must be a JSON value, not set"),
    ],
)
async def test_what_is_no_row_is_told(row: object, said: str) -> None:
    (outcome,) = await run([order()], use_case=changed(preprocess=lambda items: [row for _ in items]))
    assert isinstance(outcome, UserCodeError)
    assert said in outcome.detail


@pytest.mark.parametrize("output", [{1, 2}, {1: "a"}, order, b"x", [Decimal(1)], np.timedelta64(1)])
async def test_a_result_that_is_no_json_is_told(output: object) -> None:
    (outcome,) = await run([order()], use_case=changed(postprocess=lambda outputs: [output]))
    assert isinstance(outcome, UserCodeError)
    assert "postprocess made what JSON cannot hold" in outcome.detail


async def test_a_validator_that_breaks_is_the_users_code_and_fails_alone() -> None:
    class Strict(InputObject):
        @field_validator("recent_transit_ratio")
        @classmethod
        def _divides(cls, ratio: float) -> float:
            return ratio / (ratio - 13)

    payloads = [order(1.0), order(13.0)]
    good, bad = await run(payloads, use_case=changed(InputObject=Strict))
    assert isinstance(good, Computed)
    assert isinstance(bad, UserCodeError)
    assert bad.detail == "InputObject raised ZeroDivisionError; the log has the rest."
