"""From the model's outputs to what callers get.

This file is part of every prediction's key, as preprocess.py is.
"""

from collections.abc import Sequence

from pydantic import JsonValue

from app.core.errors import BadOutput


def postprocess(outputs: Sequence[JsonValue]) -> list[float]:
    """Transit minutes, rounded to a tenth; one per output."""
    return [round(_number(output), 1) for output in outputs]


def _number(output: JsonValue) -> float:
    if isinstance(output, list) and len(output) == 1:  # some containers answer [[1.5], [2.5]]
        output = output[0]
    if isinstance(output, bool) or not isinstance(output, int | float):
        raise BadOutput(f"Expected one number per row, got {type(output).__name__}.")
    return float(output)
