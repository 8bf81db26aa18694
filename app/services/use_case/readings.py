"""What ``judge`` made of a prediction, and ``model_for`` of an input, checked: they are the user's code."""

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

from app.core.errors import FieldError, InvalidInput, UserCodeError
from app.core.numpy_values import unwrapped
from app.schemas.faults import INPUT
from app.schemas.ids import LEGAL_NAME, is_legal_name
from app.schemas.judged import Judged, TruthValue

SHOWN = 100
"""Characters of what should be a name."""


def checked(read: object) -> Judged:
    """The reading, with numpy's values as Python's own. UserCodeError says what would be right."""
    if not isinstance(read, Judged):
        raise UserCodeError(f"evaluation.judge must return Judged(...), not {type(read).__name__}.")
    value, given = unwrapped(read.value), unwrapped(read.probabilities)
    if not isinstance(value, str | int | float):
        raise UserCodeError(f"evaluation.judge must read a number or a class, not {type(value).__name__}.")
    if given is not None and not _is_by_class(given):
        raise UserCodeError("evaluation.judge must give the probabilities as numbers by class, in a dict.")
    return replace(read, value=value, probabilities=cast(Mapping[TruthValue, float] | None, given))


def _is_by_class(given: object) -> bool:
    if not isinstance(given, Mapping):
        return False
    classes, shares = given.keys(), given.values()
    return all(isinstance(one, str | int | float) for one in classes) and all(map(_is_share, shares))


def _is_share(value: object) -> bool:
    """A float, or an integer that is no larger; NaN and what is out of bounds is told where it is judged."""
    return isinstance(value, float) or (isinstance(value, int) and abs(value) <= 1)


def checked_name(name: object, path: str) -> str | None:
    """The name of a model, or None. InvalidInput, of the input at ``path``, where it is no legal one;
    UserCodeError where it is no text."""
    if name is None:
        return None
    if not isinstance(name, str):
        said = f"must give the name of a model, or None, not {type(name).__name__}"
        raise UserCodeError(f"evaluation.model_for {said}.")
    if not is_legal_name(name):
        fault = f"evaluation.model_for gives it the model {name[:SHOWN]!r}, and a model's name {LEGAL_NAME}"
        raise InvalidInput("The input has no model.", errors=[FieldError(path or INPUT, fault)])
    return name
