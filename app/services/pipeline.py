"""preprocess -> inference -> postprocess for a batch. Knows no database.

A failing item fails alone: where the user's code fails on a batch, it is tried again item by item.
"""

import ast
import asyncio
import hashlib
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from pydantic import JsonValue, ValidationError

from app.core import strict_json
from app.core.errors import AppError, InvalidInput, UserCodeError
from app.core.settings import Settings
from app.schemas import input_object
from app.schemas.faults import field_errors
from app.schemas.hosting.deployments import Deployment
from app.schemas.input_object import InputObject
from app.schemas.rows import Row
from app.services import postprocess, preprocess
from app.services.failures.user_code import user_code
from app.services.hosting.outcomes import Inferred
from app.services.inference import Inference

T = TypeVar("T")
R = TypeVar("R")
UserFunction: TypeAlias = Callable[[Sequence[T]], Sequence[R]]


@dataclass(frozen=True)
class Computed:
    """One item's prediction: the output for callers, the model's own, and where and how fast it came from.

    ``latency_ms`` is the time of the platform call that carried the row.
    """

    output: JsonValue
    raw_output: JsonValue
    revision: str | None
    latency_ms: float


Outcome: TypeAlias = Computed | AppError


def pipeline_version(settings: Settings) -> str:
    """The part of the cache key that changes with the user's code.

    A fingerprint of the syntax trees of input_object.py, preprocess.py and postprocess.py, so that comments
    and formatting do not count. evaluation.py is left out, since it changes no prediction.
    """
    if settings.pipeline_version is not None:
        return settings.pipeline_version
    return fingerprint([inspect.getsource(module) for module in (input_object, preprocess, postprocess)])


def fingerprint(sources: Sequence[str]) -> str:
    """16 hex digits that stay the same while only comments and formatting change."""
    trees = "\n".join(ast.unparse(ast.parse(source)) for source in sources)
    return hashlib.sha256(trees.encode()).hexdigest()[:16]


async def run(
    inference: Inference, deployment: Deployment, payloads: Sequence[JsonValue], *, deadline: float
) -> list[Outcome]:
    """One outcome per payload, in order. ``deadline`` is a time of the running loop, in seconds."""
    rows = await asyncio.to_thread(to_rows, payloads, deployment.features)
    inferred = _spread(rows, await inference.predict(deployment, _good(rows), deadline))
    raw = [outcome.output for outcome in _good(inferred)]
    outputs = _spread(inferred, await asyncio.to_thread(to_outputs, raw))
    return [_combine(answer, output) for answer, output in zip(inferred, outputs, strict=True)]


def _combine(answer: Inferred | AppError, output: JsonValue | AppError) -> Outcome:
    if isinstance(answer, AppError):
        return answer
    if isinstance(output, AppError):
        return output
    return Computed(output, answer.output, answer.revision, answer.latency_ms)


def _good(values: Sequence[T | AppError]) -> list[T]:
    return [value for value in values if not isinstance(value, AppError)]


def _spread(before: Sequence[T | AppError], after: Sequence[R | AppError]) -> list[R | AppError]:
    """Put the results of the good values back into their places, between the errors of before."""
    results = iter(after)
    return [value if isinstance(value, AppError) else next(results) for value in before]


def to_rows(payloads: Sequence[JsonValue], features: Sequence[str]) -> list[Row | AppError]:
    """The payloads as rows of these features, in order; an error in place of each that cannot be one."""
    items = [_parse(payload) for payload in payloads]
    full = _spread(items, _isolated("preprocess", preprocess.preprocess, _good(items)))
    columns = [preprocess.FEATURES.index(name) for name in features]
    return [row if isinstance(row, AppError) else _select(row, columns) for row in full]


def _parse(payload: JsonValue) -> InputObject | AppError:
    try:
        return InputObject.model_validate(payload)
    except ValidationError as error:
        errors = field_errors(error.errors())
        return InvalidInput("The stored record does not fit the present InputObject.", errors=errors)


def _select(row: Row, columns: Sequence[int]) -> Row | AppError:
    if len(row) != len(preprocess.FEATURES):
        return UserCodeError(
            f"preprocess made a row of {len(row)} values for {len(preprocess.FEATURES)} FEATURES."
        )
    return [row[column] for column in columns]


def to_outputs(raw: Sequence[JsonValue]) -> list[JsonValue | AppError]:
    """What callers get for the model's outputs, in order; an error in place of each that cannot be had."""
    return [_checked(output) for output in _isolated("postprocess", postprocess.postprocess, raw)]


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
            results = function(values)
    except AppError as error:
        return error
    if len(results) != len(values):
        return UserCodeError(f"{stage} returned {len(results)} results for {len(values)} items.")
    return results
