"""From the model's outputs to what callers get.

This file is part of every prediction's key, as preprocess.py is.
"""

from collections.abc import Sequence

from pydantic import JsonValue

from app.core.errors import BadOutput


def postprocess(outputs: Sequence[JsonValue]) -> list[JsonValue]:
    """The likelier label and the probabilities of both; the model answers that of "left"."""
    return [_prediction(_probability(output)) for output in outputs]


def _prediction(left: float) -> JsonValue:
    label = "left" if left >= 0.5 else "stayed"
    return {"label": label, "probabilities": {"left": round(left, 6), "stayed": round(1 - left, 6)}}


def _probability(output: JsonValue) -> float:
    if isinstance(output, list) and len(output) == 1:  # some containers answer [[0.2], [0.7]]
        output = output[0]
    if isinstance(output, bool) or not isinstance(output, int | float) or not 0 <= output <= 1:
        raise BadOutput("Expected one probability per row, a number from 0 to 1.")
    return float(output)
