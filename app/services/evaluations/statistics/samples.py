"""Judged records as arrays, which metrics are computed from."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from app.core.errors import AppError, InvalidInput, UserCodeError
from app.schemas.judged import Judged, Task, TruthValue

Floats: TypeAlias = NDArray[np.float64]

ROUNDING = 0.01
"""How far a record's probabilities may be from 1 in all: models round them."""


class Undefined(Exception):
    """Why a metric has no value for a sample, in words for the reader of a report."""


@dataclass(frozen=True)
class Sample:
    """Truths and predictions of the same records, in one order, as numbers.

    Of a regression they are the numbers themselves; of a binary task 1 for the positive class, else 0; of a
    multiclass one the places in ``classes``. ``probabilities`` has a column per class that the model knows,
    which come first in ``classes``; of a binary task only the positive one's. None: the model gives none.
    """

    truth: Floats
    predicted: Floats
    probabilities: Floats | None = None
    classes: tuple[str, ...] = ()

    @property
    def n(self) -> int:
        return self.truth.size

    @cached_property
    def errors(self) -> Floats:
        """Prediction less truth."""
        return self.predicted - self.truth

    @property
    def matrix(self) -> Floats:
        """The probabilities, or Undefined."""
        if self.probabilities is None:
            raise Undefined("the model gives no probabilities")
        return self.probabilities

    @property
    def scores(self) -> Floats:
        """The probabilities of a binary task's positive class, or Undefined."""
        return self.matrix[..., 0]

    def take(self, rows: NDArray[np.int64]) -> "Sample":
        """The records at these places, repeats included; an array of samples if ``rows`` has two axes."""
        probabilities = None if self.probabilities is None else self.probabilities[rows]
        return Sample(self.truth[rows], self.predicted[rows], probabilities, self.classes)


def read(
    task: Task, truths: Sequence[JsonValue], judged: Sequence[Judged], *, positive: TruthValue | None
) -> Sample:
    """The sample of these records; InvalidInput or UserCodeError where their values do not fit the task."""
    if task == "regression":
        return _regression(truths, judged)
    classes = [_class(truth) for truth in truths]
    return _binary(classes, judged, positive) if task == "binary" else _multiclass(classes, judged)


def faults(
    task: Task, truths: Sequence[JsonValue], judged: Sequence[Judged], *, positive: TruthValue | None
) -> dict[int, AppError] | None:
    """Why records cannot be read, by their places; None where the truths themselves do not fit the task.

    Reading one by one takes its time: it is for samples that ``read`` refused.
    """
    known = _classes_of(truths, positive) if task == "binary" else set[TruthValue]()
    if known is None:
        return None
    found = dict[int, AppError]()
    for place, (truth, one) in enumerate(zip(truths, judged, strict=True)):
        try:
            if len(known) == 2 and one.value not in known:
                raise UserCodeError("evaluation.judge reads a class from a prediction that no truth is of.")
            read(task, [truth], [one], positive=positive)
        except AppError as error:
            found[place] = error
    return found


def _classes_of(truths: Sequence[JsonValue], positive: TruthValue | None) -> set[TruthValue] | None:
    """The two classes of a binary task as far as its truths tell them; None where they do not fit it."""
    known = {truth for truth in truths if isinstance(truth, str | int | float)}
    try:
        _positive(known, positive)
    except InvalidInput:
        return None
    return {0, 1} if positive is None else known | {positive}


def _class(truth: JsonValue) -> TruthValue:
    if isinstance(truth, str | int | float):
        return truth
    raise InvalidInput("A truth must be a number, a text, true or false to be judged.")


def _regression(truths: Sequence[JsonValue], judged: Sequence[Judged]) -> Sample:
    known = [truth for truth in truths if isinstance(truth, int | float)]
    if len(known) < len(truths):
        raise InvalidInput("A truth must be a number to be judged in a regression.")
    predicted = [one.value for one in judged if isinstance(one.value, int | float)]
    if len(predicted) < len(judged) or not all(map(_is_finite, predicted)):
        raise UserCodeError("evaluation.judge must read a finite number from a prediction of a regression.")
    return Sample(np.asarray(known, dtype=np.float64), np.asarray(predicted, dtype=np.float64))


def _is_finite(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:  # an integer may have more digits than a float can tell
        return False


def _binary(truths: Sequence[TruthValue], judged: Sequence[Judged], positive: TruthValue | None) -> Sample:
    predicted = [one.value for one in judged]
    chosen = _positive({*truths, *predicted}, positive)
    probabilities = None
    if all(one.probabilities is not None for one in judged):
        if any(chosen not in (one.probabilities or ()) for one in judged):
            raise UserCodeError(f"evaluation.judge gives no probability for the positive class {chosen!r}.")
        probabilities = _checked([[(one.probabilities or {})[chosen]] for one in judged], columns=1)
    return Sample(_signs(truths, chosen), _signs(predicted, chosen), probabilities)


def _positive(seen: set[TruthValue], positive: TruthValue | None) -> TruthValue:
    named = ", ".join(sorted(map(repr, seen))[:5])
    if positive is None:
        if seen <= {0, 1}:  # as true and false are
            return True
        raise InvalidInput(f"Which class is positive? There are {named}: set POSITIVE in evaluation.py.")
    if len(seen | {positive}) > 2:
        raise InvalidInput(
            f"A binary task has two classes, POSITIVE in evaluation.py one of them: {positive!r}."
            f" In truths and predictions there are {named}."
        )
    return positive


def _multiclass(truths: Sequence[TruthValue], judged: Sequence[Judged]) -> Sample:
    truth, predicted = [_name(one) for one in truths], [_name(one.value) for one in judged]
    given = [{_name(key): share for key, share in (one.probabilities or {}).items()} for one in judged]
    modelled = sorted({name for shares in given for name in shares})
    classes = (*modelled, *sorted({*truth, *predicted} - set(modelled)))
    probabilities = None
    if all(given):
        rows = [[shares.get(name, 0.0) for name in modelled] for shares in given]
        probabilities = _checked(rows, columns=len(modelled))
        total = probabilities.sum(axis=1, keepdims=True)
        if np.any(np.abs(total - 1) > ROUNDING):
            raise UserCodeError("evaluation.judge gives probabilities whose sum is not 1.")
        probabilities /= total
    return Sample(_places(truth, classes), _places(predicted, classes), probabilities, classes)


def _name(value: TruthValue) -> str:
    """A class by its name: 1.0 is 1, since a model that answers in floats means the same class."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _signs(values: Sequence[TruthValue], positive: TruthValue) -> Floats:
    return np.asarray([value == positive for value in values], dtype=np.float64)


def _places(names: Sequence[str], classes: Sequence[str]) -> Floats:
    places = {name: place for place, name in enumerate(classes)}
    return np.asarray([places[name] for name in names], dtype=np.float64)


def _checked(rows: Sequence[Sequence[float]], *, columns: int) -> Floats:
    shares = np.asarray(rows, dtype=np.float64).reshape(len(rows), columns)
    if not np.all((shares >= -ROUNDING) & (shares <= 1 + ROUNDING)):  # nor does NaN pass
        raise UserCodeError("evaluation.judge gives probabilities that are not between 0 and 1.")
    return np.clip(shares, 0, 1)
