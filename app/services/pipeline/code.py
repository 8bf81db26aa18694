"""The user's code on a batch: payloads to rows, and outputs to what callers get."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import TypeAlias, TypeVar, cast

from pydantic import BaseModel, JsonValue

from app.core import strict_json
from app.core.errors import AppError, InvalidInput, Misconfigured, UserCodeError
from app.core.numpy_values import is_array, unwrapped
from app.schemas.hosting.deployments import Deployment
from app.schemas.payloads import Payload, Sendable
from app.schemas.rows import Row
from app.services.failures.user_code import user_code
from app.services.pipeline.good import good, spread
from app.services.use_case import UseCase

T = TypeVar("T")
R = TypeVar("R")
UserFunction: TypeAlias = Callable[[Sequence[T]], Sequence[R]]

CELLS = (str, int, float, bool, type(None), list, dict)
NO_CELL = "a cell is a number, a text, true, false or None."
NO_RESULT = "A result is a number, a text, true, false or None, or lists and dicts of those."


def require_features(use_case: UseCase, deployment: Deployment) -> None:
    """Misconfigured names the features that the deployment takes and preprocess does not make."""
    if lacking := use_case.lacking(deployment.features):
        what = f"Version {deployment.version!r} of model {deployment.model!r} takes {', '.join(lacking)}"
        raise Misconfigured(
            f"{what}, which preprocess.FEATURES lacks: it has {', '.join(use_case.features)}."
        )


def to_rows(
    use_case: UseCase, payloads: Sequence[JsonValue], deployment: Deployment
) -> list[Sendable | AppError]:
    """The payloads as the deployment's rows, in order; an error in place of each that cannot be one."""
    require_features(use_case, deployment)
    items = [_parse(use_case, payload) for payload in payloads]
    full = spread(items, _isolated("preprocess", use_case.preprocessing(deployment), good(items)))
    columns = [use_case.features.index(name) for name in deployment.features if use_case.features]
    return [_sendable(use_case, one, columns) for one in full]


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


def _sendable(use_case: UseCase, made: Sendable | AppError, columns: Sequence[int]) -> Sendable | AppError:
    """What preprocess made, checked: a payload as it is, of a row the version's columns."""
    if isinstance(made, AppError):
        return made
    if not isinstance(made, Payload):
        return _select(use_case, made, columns)
    fault = made.fault()
    return made if fault is None else UserCodeError(f"preprocess made a payload, and {fault}.")


def _select(use_case: UseCase, made: Row, columns: Sequence[int]) -> Row | AppError:
    names = use_case.features
    try:
        with user_code("preprocess"):  # a row may be of a class of its own
            row = unwrapped(made)
    except AppError as error:
        return error
    if isinstance(row, bytes | bytearray | memoryview):
        return UserCodeError("preprocess made bytes: a Payload carries them, with their content type.")
    if not isinstance(row, list):
        return UserCodeError(f"preprocess made a row that is no list: {type(row).__name__}.")
    if len(row) != len(names):
        return UserCodeError(f"preprocess made a row of {len(row)} values for {len(names)} FEATURES.")
    for name, cell in zip(names, row, strict=True):
        if fault := _cell_fault(name, cell):
            return UserCodeError(f"preprocess made {fault}")
    return [row[column] for column in columns]


def _cell_fault(name: str, cell: object) -> str | None:
    if not isinstance(cell, CELLS):
        return f"a {type(cell).__name__} of {name}: {NO_CELL}"
    try:
        strict_json.check(cell, name)
    except InvalidInput as error:
        return f"what cannot be sent: {error.detail}"
    return None


def to_outputs(
    use_case: UseCase, raw: Sequence[tuple[JsonValue, JsonValue]], deployment: Deployment
) -> list[JsonValue | AppError]:
    """What callers get for the model's outputs, in order; an error in place of each that cannot be had.

    An output comes with the payload that it is of, which is read again only if postprocess wants to see it.
    """
    if use_case.reads_inputs_again:
        made = _with_inputs(use_case, raw, deployment)
    else:
        made = _isolated("postprocess", use_case.postprocess, [output for output, _ in raw])
    return [_checked(output) for output in made]


def _with_inputs(
    use_case: UseCase, raw: Sequence[tuple[JsonValue, JsonValue]], deployment: Deployment
) -> list[JsonValue | AppError]:
    items = [_parse(use_case, payload) for _, payload in raw]
    pairs = [
        item if isinstance(item, AppError) else (output, item)
        for item, (output, _) in zip(items, raw, strict=True)
    ]
    return spread(pairs, _isolated("postprocess", use_case.postprocessing(deployment), good(pairs)))


def _checked(output: JsonValue | AppError) -> JsonValue | AppError:
    if isinstance(output, AppError):
        return output
    try:
        with user_code("postprocess"):  # what it made may be a class of its own
            plain = unwrapped(output)
            strict_json.check(plain)
    except InvalidInput as error:
        return UserCodeError(f"postprocess made what JSON cannot hold: {error.detail} {NO_RESULT}")
    except AppError as error:
        return error
    return cast(JsonValue, plain)


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
            # A list of its own, which it may empty.
            results = _listed(function([*values]), len(values))
            results = [*results] if isinstance(results, list | tuple) else results
    except AppError as error:
        return error
    if not isinstance(results, list | tuple):
        return UserCodeError(f"{stage} must return a list, not {type(results).__name__}.")
    if len(results) != len(values):
        return UserCodeError(f"{stage} returned {len(results)} results for {len(values)} items.")
    return results


def _listed(results: object, expected: int) -> object:
    """The results as a list, where they are an array's or come one by one, perhaps without an end."""
    if is_array(results) and results.ndim:
        return [*results]
    return [*islice(results, expected + 1)] if isinstance(results, Iterator) else results
