"""The model's code in its container, by the conventions of the SageMaker inference toolkit.

It imports nothing of the project and needs only Python and the toolkit. One row in is one number out, the
probability that the customer leaves; an empty cell or a null is a value that is not known.
"""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import TypedDict

from sagemaker_inference.errors import GenericInferenceToolkitError  # type: ignore[import-not-found]

CSV, JSON, JSON_LINES = "text/csv", "application/json", "application/jsonlines"


class Feature(TypedDict):
    """One column of the rows, and what it adds to the score for each unit above its mean."""

    name: str
    mean: float
    weight: float


class Regression(TypedDict):
    """What model.json holds; the features are in the order of a row."""

    intercept: float
    features: list[Feature]


def model_fn(model_dir: str) -> Regression:
    """Read the weights."""
    model: Regression = json.loads((Path(model_dir) / "model.json").read_text())
    return model


def input_fn(body: str | bytes, content_type: str) -> list[list[float | None]]:
    """Rows of numbers, None where a value is missing; 415 for another type, 400 for what is no rows."""
    kind = _kind(content_type)
    if kind not in (CSV, JSON, JSON_LINES):
        raise _refusal(415, f"Content type {kind or 'none'} is not one of {CSV}, {JSON}, {JSON_LINES}.")
    try:
        text = body if isinstance(body, str) else body.decode()
        return [[_number(cell) for cell in row] for row in _rows(text, kind)]
    except (ValueError, TypeError, OverflowError) as error:
        raise _refusal(400, f"These are no rows of numbers: {error}") from error


def predict_fn(rows: list[list[float | None]], model: Regression) -> list[float]:
    """One probability per row."""
    return [_probability(row, model["intercept"], model["features"]) for row in rows]


def output_fn(probabilities: list[float], accept: str) -> tuple[str, str]:
    """The body and its content type; 406 for a type that is not known."""
    kind = _kind(accept)
    if kind == JSON:
        return json.dumps(probabilities), kind
    if kind in (CSV, JSON_LINES):
        return "".join(f"{probability}\n" for probability in probabilities), kind
    raise _refusal(406, f"Accept {kind} is not one of {CSV}, {JSON}, {JSON_LINES}.")


def _rows(text: str, kind: str) -> list[list[str | float | None]]:
    if kind == CSV:
        return [[*cells] for cells in csv.reader(text.splitlines())]
    rows = json.loads(text) if kind == JSON else [json.loads(line) for line in text.splitlines() if line]
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise ValueError("each row must be a list")
    return rows


def _number(cell: str | float | None) -> float | None:
    if cell is None or cell == "":
        return None
    number = float(cell)
    if not math.isfinite(number):
        raise ValueError(f"{cell} is not a finite number")
    return number


def _probability(row: list[float | None], score: float, features: list[Feature]) -> float:
    if len(row) != len(features):
        names = ", ".join(feature["name"] for feature in features)
        raise _refusal(400, f"A row must have {len(features)} values ({names}), this one has {len(row)}.")
    for value, feature in zip(row, features):  # noqa: B905 - Python 3.9 knows no strict
        if value is not None:  # else it counts as the mean
            score += feature["weight"] * (value - feature["mean"])
    return 1 / (1 + math.exp(-max(-700.0, min(score, 700.0))))  # beyond them exp overflows


def _kind(media_type: str | None) -> str:
    return (media_type or "").partition(";")[0].strip().lower()


def _refusal(status: int, message: str) -> Exception:
    error: Exception = GenericInferenceToolkitError(status, message)
    return error
