"""The second argument of preprocess and postprocess: what a prediction is made for."""

import asyncio
from collections.abc import Sequence
from typing import cast

import pytest
from pydantic import JsonValue

from app.core.errors import AppError, BadOutput, UserCodeError
from app.schemas.context import Context
from app.schemas.hosting.deployments import Deployment
from app.schemas.rows import Row
from app.services import pipeline
from app.services.hosting.outcomes import Inferred
from app.services.inference import Inference
from app.services.pipeline import Computed, Stages
from app.services.use_case import UseCase
from examples.transit.input_object import InputObject
from tests.support.orders import order
from tests.support.use_case import changed

ENCODERS = {"1": {"UA": 1.0, "AA": 2.0}, "2": {"UA": 20.0, "AA": 10.0}}
"""An encoder per version."""


class Echo:
    """Answers each row's first value; a negative one is refused."""

    async def predict(
        self, deployment: Deployment, rows: Sequence[Row], deadline: float
    ) -> list[Inferred | AppError]:
        refused = BadOutput("A negative one.")
        return [refused if cast(float, row[0]) < 0 else Inferred(row[0], None, 1.0) for row in rows]


async def run(use_case: UseCase, payloads: Sequence[JsonValue], version: str = "1") -> list[pipeline.Outcome]:
    deployment = Deployment(7, "fares", version, "any", {}, ("fare",))
    deadline = asyncio.get_running_loop().time() + 10
    return await pipeline.run(
        Stages(use_case), cast(Inference, Echo()), deployment, payloads, deadline=deadline
    )


def encoded(items: Sequence[InputObject], context: Context[InputObject]) -> list[Row]:
    assert [*context.inputs] == [*items]
    return [[ENCODERS[context.version].get(item.carrier, -1.0)] for item in items]


def named(outputs: Sequence[JsonValue], context: Context[InputObject]) -> list[JsonValue]:
    about = f"{context.model} {context.version} {'+'.join(context.features)}"
    return [f"{about}: {one.carrier} {output}" for one, output in zip(context.inputs, outputs, strict=True)]


BOTH = changed(FEATURES=("fare",), preprocess=encoded, postprocess=named)


@pytest.mark.parametrize(("version", "made"), [("1", "1.0"), ("2", "20.0")])
async def test_both_are_told_the_version_and_postprocess_the_inputs(version: str, made: str) -> None:
    (outcome,) = await run(BOTH, [order()], version)
    assert isinstance(outcome, Computed)
    assert outcome.output == f"fares {version} fare: UA {made}"


async def test_each_output_has_its_own_input_whatever_failed_beside_it() -> None:
    unfit: JsonValue = {"carrier": "UA"}
    refused = order(carrier="??")
    outcomes = await run(BOTH, [unfit, order(carrier="AA"), refused, order(carrier="UA")])
    outputs = [None if isinstance(one, AppError) else one.output for one in outcomes]
    assert outputs == [None, "fares 1 fare: AA 2.0", None, "fares 1 fare: UA 1.0"]


async def test_one_that_fails_alone_is_given_its_own_input() -> None:
    def careful(outputs: Sequence[JsonValue], context: Context[InputObject]) -> list[JsonValue]:
        if any(one.carrier == "AA" for one in context.inputs):
            raise ValueError("not for AA")
        return named(outputs, context)

    use_case = changed(FEATURES=("fare",), preprocess=encoded, postprocess=careful)
    bad, good = await run(use_case, [order(carrier="AA"), order(carrier="UA")])
    assert isinstance(bad, UserCodeError)
    assert isinstance(good, Computed)
    assert good.output == "fares 1 fare: UA 1.0"


async def test_preprocess_may_empty_its_list_and_keep_the_inputs() -> None:
    def emptied(items: list[InputObject], context: Context[InputObject]) -> list[Row]:
        items.clear()
        return [[ENCODERS[context.version][one.carrier]] for one in context.inputs]

    use_case = changed(FEATURES=("fare",), preprocess=emptied, postprocess=named)
    (outcome,) = await run(use_case, [order()])
    assert isinstance(outcome, Computed)


@pytest.mark.parametrize("stage", ["preprocess", "postprocess"])
@pytest.mark.parametrize(
    "function",
    [
        lambda: [],
        lambda items, context, more: [],
        lambda items, scale=2.0: [],
        lambda *items: [],
        lambda items, **options: [],
        lambda items, *, context: [],
    ],
)
def test_another_form_is_refused_when_the_service_starts(stage: str, function: object) -> None:
    with pytest.raises(ValueError, match=rf"{stage}\n.*must take one argument, or a second one"):
        changed(**{stage: function})


class Caller:
    def __call__(self, items: Sequence[InputObject], *, quick: bool = False) -> list[Row]:
        return [[1.0] for _ in items]


async def test_what_has_no_context_is_called_as_before() -> None:
    use_case = changed(FEATURES=("fare",), preprocess=Caller(), postprocess=list)
    (outcome,) = await run(use_case, [order()])
    assert isinstance(outcome, Computed)
    assert outcome.output == 1.0
