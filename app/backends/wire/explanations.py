"""What an explainer says of a row, as numbers of one model that add up."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from pydantic import JsonValue

from app.core.errors import BadOutput, FieldError, InvalidInput
from app.schemas.hosting.explained import Contributions, ExplainedNumber

TOLERANCE, ROUNDING = 1e-4, 1e-6
"""By how much contributions may miss what they add up to; or by which share of it, where it is so large that
single precision does not tell it as well."""

Numbers: TypeAlias = Sequence[float]
"""One for each number that the model gives."""


def explanation(
    explainer: str,
    contributions: Mapping[str, Numbers],
    explains: Numbers,
    base_values: Numbers | None,
    *,
    labels: list[str] | None = None,
    single: bool,
) -> Contributions:
    """``base_values`` None: the explainer does not say, and they are what is left. ``single``: one number is
    no list. BadOutput where it does not add up, or there are not as many contributions as numbers."""
    for name, each in contributions.items():
        if len(each) != len(explains):
            given = f"{len(each)} contributions of {name!r} to {len(explains)} numbers"
            raise BadOutput(f"The explainer answered {given}.")
    sums = [total(each[place] for each in contributions.values()) for place in range(len(explains))]
    if base_values is None:
        base_values = [whole - part for whole, part in zip(explains, sums, strict=True)]
    _require_sum(base_values, sums, explains)
    return Contributions(
        explainer=explainer,
        base_value=_shown(base_values, single),
        contributions={name: _shown(each, single) for name, each in contributions.items()},
        explains=_shown(explains, single),
        labels=labels,
    )


def require_rows() -> None:
    """InvalidInput: what is to be explained has no features."""
    raise InvalidInput(
        "What preprocess makes whole has no features that could contribute anything.",
        errors=[FieldError("explain", "takes a version whose preprocess makes rows")],
    )


def numbers(value: JsonValue, what: str) -> list[float]:
    """A number, or the numbers of a list; BadOutput where there is anything else, or none."""
    found = value if isinstance(value, list) else [value]
    if not found or not all(map(is_number, found)):
        raise BadOutput(f"The explainer's answer has no numbers as {what}.")
    return [float(one) for one in found]  # type: ignore[arg-type]


def is_number(value: JsonValue) -> bool:
    """Whether it is one that a float can hold."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def total(values: Iterable[float]) -> float:
    """BadOutput where the sum is more than a float can hold."""
    try:
        return math.fsum(values)
    except OverflowError as error:
        raise BadOutput("The explainer's contributions are too large to be added up.") from error


def _require_sum(base_values: Numbers, sums: Numbers, explains: Numbers) -> None:
    if len(base_values) != len(explains):
        raise BadOutput(f"The explainer answered {len(base_values)} base values for {len(explains)} numbers.")
    for base, part, whole in zip(base_values, sums, explains, strict=True):
        if not abs(base + part - whole) <= max(TOLERANCE, ROUNDING * abs(whole)):  # nor NaN
            said = f"the base value and the contributions make {base + part:.6g}"
            raise BadOutput(f"The explanation does not add up: {said}, and what they explain is {whole:.6g}.")


def _shown(values: Numbers, single: bool) -> ExplainedNumber:
    return values[0] if single else [*values]
