"""Predictions of one record beside its truth."""

from collections.abc import Sequence
from typing import NamedTuple

from pydantic import JsonValue

from app.core.errors import AppError
from app.schemas.judged import TruthValue
from app.services.use_case import UseCase


class AgainstTruth(NamedTuple):
    """A prediction as the use case judges it. ``error`` is how far a number is above the truth, and
    ``is_right`` whether a class is the true one; None where there is no truth, or it cannot be compared."""

    value: TruthValue | None = None
    error: float | None = None
    is_right: bool | None = None


def judge(
    use_case: UseCase, outputs: Sequence[JsonValue], label: JsonValue, *, has_label: bool
) -> tuple[TruthValue | None, list[AgainstTruth]]:
    """The truth as predictions are compared with it, and a verdict for each; it runs the user's code.

    What cannot be judged has no verdict: of what came of older code that is no fault.
    """
    truth = _truth(use_case, label) if has_label else None
    return truth, [_verdict(use_case, output, truth) for output in outputs]


def _truth(use_case: UseCase, label: JsonValue) -> TruthValue | None:
    try:
        found = use_case.truth(label)
    except AppError:
        return None
    return found if isinstance(found, str | int | float) else None


def _verdict(use_case: UseCase, output: JsonValue, truth: TruthValue | None) -> AgainstTruth:
    try:
        value = use_case.judged(output).value
    except AppError:
        return AgainstTruth()
    if truth is None:
        return AgainstTruth(value)
    if use_case.task != "regression":
        return AgainstTruth(value, is_right=value == truth)
    if isinstance(value, str) or isinstance(truth, str):
        return AgainstTruth(value)
    return AgainstTruth(value, error=value - truth)
