"""The pipeline around the user's code, with a stand-in for inference: no network is needed here."""

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import cast

import pytest
from pydantic import JsonValue

from app.core.errors import AppError, BadOutput, InvalidInput, UserCodeError
from app.core.settings import Settings
from app.schemas.hosting.deployments import Deployment
from app.schemas.input_object import InputObject
from app.schemas.rows import Row
from app.services import pipeline, postprocess, preprocess
from app.services.hosting.outcomes import Inferred
from app.services.inference import Inference
from app.services.pipeline import Computed
from tests.support.orders import order

ALL = tuple(preprocess.FEATURES)


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
    payloads: Sequence[JsonValue], features: Sequence[str] = ALL, inference: FirstFeature | None = None
) -> list[pipeline.Outcome]:
    deployment = Deployment(1, "m", "1", "any", {}, tuple(features))
    deadline = asyncio.get_running_loop().time() + 10
    return await pipeline.run(
        cast(Inference, inference or FirstFeature()), deployment, payloads, deadline=deadline
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


async def test_what_user_code_raises_names_the_stage_and_spares_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(items: Sequence[InputObject]) -> list[Row]:
        if any(item.carrier == "XX" for item in items):
            raise KeyError("/home/secret")
        return [[1.0] * len(ALL) for _ in items]

    monkeypatch.setattr(preprocess, "preprocess", refuse)
    first, second, third = await run([order(), order(carrier="XX"), order()])
    assert isinstance(first, Computed)
    assert isinstance(third, Computed)
    assert isinstance(second, UserCodeError)
    assert "preprocess raised KeyError" in second.detail
    assert "secret" not in second.detail


async def test_a_bad_model_output_is_not_the_users_fault(monkeypatch: pytest.MonkeyPatch) -> None:
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
async def test_lengths_are_checked(monkeypatch: pytest.MonkeyPatch, stage: str) -> None:
    monkeypatch.setattr(f"app.services.{stage}.{stage}", lambda values: [])
    (outcome,) = await run([order()])
    assert isinstance(outcome, UserCodeError)
    assert f"{stage} returned 0 results for 1 items" in outcome.detail


async def test_rows_must_have_as_many_values_as_features(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preprocess, "preprocess", lambda items: [[1.0] for _ in items])
    (outcome,) = await run([order()])
    assert isinstance(outcome, UserCodeError)
    assert f"a row of 1 values for {len(ALL)} FEATURES" in outcome.detail


@pytest.mark.parametrize("output", [float("nan"), float("inf"), "a\0b", {"k\0": 1}])
async def test_what_json_cannot_hold_never_leaves_postprocess(
    monkeypatch: pytest.MonkeyPatch, output: JsonValue
) -> None:
    monkeypatch.setattr(postprocess, "postprocess", lambda outputs: [output])
    (outcome,) = await run([order()])
    assert isinstance(outcome, UserCodeError)


def test_the_fingerprint_sees_code_and_not_its_looks() -> None:
    code = "def f(x):\n    return x + 1\n"
    looks = "# why\ndef f(x):  # what\n\n    return (x +\n            1)\n"
    assert pipeline.fingerprint([code]) == pipeline.fingerprint([looks])
    assert pipeline.fingerprint([code]) != pipeline.fingerprint([code.replace("1", "2")])


def test_a_setting_replaces_the_fingerprint() -> None:
    settings = cast(Settings, SimpleNamespace(pipeline_version="mine"))
    assert pipeline.pipeline_version(settings) == "mine"
    assert len(pipeline.pipeline_version(cast(Settings, SimpleNamespace(pipeline_version=None)))) == 16
