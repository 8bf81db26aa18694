"""Predictions that come with what their features contributed."""

from collections.abc import Mapping
from typing import TypeAlias, cast

from pydantic import BaseModel, ConfigDict, JsonValue

ExplainedNumber: TypeAlias = float | list[float]
"""One, where a model gives one number; else one for each that it gives, as for classes, in its order."""


class Contributions(BaseModel):
    """What each feature contributed to an output: with ``base_value`` they add up to ``explains``.

    ``explains`` is the model's number, or what it is made from: the margin, or the logit, of a probability.
    """

    model_config = ConfigDict(frozen=True)

    explainer: str
    """What made it."""
    base_value: ExplainedNumber
    """What the model answers where nothing is known: by the explainer's baseline."""
    contributions: Mapping[str, ExplainedNumber]
    """By feature, in the order of the version's."""
    explains: ExplainedNumber
    labels: list[str] | None = None
    """Names of the numbers, where the explainer has some."""


def together(output: JsonValue, explained: Contributions) -> JsonValue:
    """What an explaining backend answers for a row."""
    return {"output": output, "explanation": explained.model_dump(exclude_none=True)}


def parted(answer: JsonValue) -> tuple[JsonValue, JsonValue]:
    """The model's output, and what its features contributed to it."""
    pair = cast(dict[str, JsonValue], answer)
    return pair["output"], pair["explanation"]
