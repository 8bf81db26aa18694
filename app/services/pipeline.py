"""preprocess -> inference -> postprocess for a batch. Knows no database.

A failing item fails alone: where the user's code fails on a batch, it is tried again item by item.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from pydantic import BaseModel, JsonValue

from app.core import strict_json
from app.core.errors import AppError, InvalidInput, Misconfigured, UserCodeError
from app.schemas.hosting.deployments import Deployment
from app.schemas.rows import Row
from app.services.failures.user_code import user_code
from app.services.hosting.outcomes import Inferred
from app.services.inference import Inference
from app.services.use_case import UseCase

T = TypeVar("T")
R = TypeVar("R")
UserFunction: TypeAlias = Callable[[Sequence[T]], Sequence[R]]


CELLS = (str, int, float, bool, type(None), list, dict)
NO_CELL = "a cell is a number, a text, true, false or None."


@dataclass(frozen=True)
class Computed:
    """One item's prediction: the output for callers, the model's own, and where and how fast it came from.

    ``latency_ms`` is the time of the platform call that carried the row.
    """

    output: JsonValue
    raw_output: JsonValue
    revision: str | None
    latency_ms: float
    variant: str | None = None


Outcome: TypeAlias = Computed | AppError


async def run(
    use_case: UseCase,
    inference: Inference,
    deployment: Deployment,
    payloads: Sequence[JsonValue],
    *,
    deadline: float,
) -> list[Outcome]:
    """One outcome per payload, in order. ``deadline`` is a time of the running loop, in seconds.

    Misconfigured if the deployment takes features that preprocess does not make.
    """
    rows = await asyncio.to_thread(to_rows, use_case, payloads, deployment)
    inferred = _spread(rows, await inference.predict(deployment, _good(rows), deadline))
    raw = [outcome.output for outcome in _good(inferred)]
    outputs = _spread(inferred, await asyncio.to_thread(to_outputs, use_case, raw))
    return [_combine(answer, output) for answer, output in zip(inferred, outputs, strict=True)]


def _combine(answer: Inferred | AppError, output: JsonValue | AppError) -> Outcome:
    if isinstance(answer, AppError):
        return answer
    if isinstance(output, AppError):
        return output
    return Computed(output, answer.output, answer.revision, answer.latency_ms, answer.variant)


def _good(values: Sequence[T | AppError]) -> list[T]:
    return [value for value in values if not isinstance(value, AppError)]


def _spread(before: Sequence[T | AppError], after: Sequence[R | AppError]) -> list[R | AppError]:
    """Put the results of the good values back into their places, between the errors of before."""
    results = iter(after)
    return [value if isinstance(value, AppError) else next(results) for value in before]


def require_features(use_case: UseCase, deployment: Deployment) -> None:
    """Misconfigured names the features that the deployment takes and preprocess does not make."""
    if lacking := use_case.lacking(deployment.features):
        what = f"Version {deployment.version!r} of model {deployment.model!r} takes {', '.join(lacking)}"
        raise Misconfigured(
            f"{what}, which preprocess.FEATURES lacks: it has {', '.join(use_case.features)}."
        )


def to_rows(use_case: UseCase, payloads: Sequence[JsonValue], deployment: Deployment) -> list[Row | AppError]:
    """The payloads as the deployment's rows, in order; an error in place of each that cannot be one."""
    require_features(use_case, deployment)
    items = [_parse(use_case, payload) for payload in payloads]
    full = _spread(items, _isolated("preprocess", use_case.preprocess, _good(items)))
    columns = [use_case.features.index(name) for name in deployment.features]
    return [row if isinstance(row, AppError) else _select(use_case, row, columns) for row in full]


def first_fit(use_case: UseCase, payloads: Sequence[JsonValue]) -> JsonValue | AppError:
    """The first payload that fits the present InputObject; where none does, what is wrong with the first."""
    fault: AppError | None = None
    for payload in payloads:
        parsed = _parse(use_case, payload)
        if not isinstance(parsed, AppError):
            return payload
        fault = fault or parsed
    return fault


def _parse(use_case: UseCase, payload: JsonValue) -> BaseModel | AppError:
    try:
        return use_case.parse(payload)
    except AppError as error:
        return error


def _select(use_case: UseCase, row: Row, columns: Sequence[int]) -> Row | AppError:
    names = use_case.features
    if not isinstance(row, list | tuple):
        return UserCodeError(f"preprocess made a row that is no list: {type(row).__name__}.")
    if len(row) != len(names):
        return UserCodeError(f"preprocess made a row of {len(row)} values for {len(names)} FEATURES.")
    for name, cell in zip(names, row, strict=True):
        if not isinstance(cell, CELLS):
            return UserCodeError(f"preprocess made a {type(cell).__name__} of {name}: {NO_CELL}")
    return [row[column] for column in columns]


def to_outputs(use_case: UseCase, raw: Sequence[JsonValue]) -> list[JsonValue | AppError]:
    """What callers get for the model's outputs, in order; an error in place of each that cannot be had."""
    return [_checked(output) for output in _isolated("postprocess", use_case.postprocess, raw)]


def _checked(output: JsonValue | AppError) -> JsonValue | AppError:
    if isinstance(output, AppError):
        return output
    try:
        strict_json.check(output)
    except InvalidInput as error:
        return UserCodeError(f"postprocess made what JSON cannot hold: {error.detail}")
    return output


def _isolated(stage: str, function: UserFunction[T, R], values: Sequence[T]) -> list[R | AppError]:
    if not values:
        return []
    results = _called(stage, function, values)
    if not isinstance(results, AppError):
        return list(results)
    if len(values) == 1:
        return [results]
    return [_isolated(stage, function, [value])[0] for value in values]


def _called(stage: str, function: UserFunction[T, R], values: Sequence[T]) -> Sequence[R] | AppError:
    try:
        with user_code(stage):
            results: object = function([*values])  # a list of its own, which it may empty
    except AppError as error:
        return error
    if not isinstance(results, list | tuple):
        return UserCodeError(f"{stage} must return a list, not {type(results).__name__}.")
    if len(results) != len(values):
        return UserCodeError(f"{stage} returned {len(results)} results for {len(values)} items.")
    return results
