"""The code/inference.py of the sample artifacts, in the conventions of the SageMaker inference toolkit.

It runs in the model's container (AWS's multi-model-server or the local endpoint), so it imports nothing of
this project. One row in is one number out, in minutes; an empty cell or a null is a missing value.
"""

import csv
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import xgboost
from sagemaker_inference.errors import GenericInferenceToolkitError  # type: ignore[import-not-found]

Cell = float | str | None
CSV, JSON, JSON_LINES = "text/csv", "application/json", "application/jsonlines"


def model_fn(model_dir: str) -> xgboost.Booster:
    """Load the trees."""
    return xgboost.Booster(model_file=str(Path(model_dir) / "model.ubj"))


def input_fn(body: str | bytes, content_type: str) -> "np.ndarray":
    """Rows as an array of rows x features; 415 for another content type, 400 for rows that are none."""
    text = body if isinstance(body, str) else body.decode()
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in (CSV, JSON, JSON_LINES):
        raise GenericInferenceToolkitError(
            415, f"Content type {kind} is not one of {CSV}, {JSON}, {JSON_LINES}."
        )
    try:
        return np.array(_rows(text, kind), dtype=np.float32, ndmin=2)
    except (ValueError, TypeError) as error:
        raise GenericInferenceToolkitError(400, f"These are no rows of numbers: {error}") from error


def predict_fn(rows: "np.ndarray", booster: xgboost.Booster) -> list[float]:
    """One number of minutes per row."""
    if rows.shape[1] != booster.num_features():
        raise GenericInferenceToolkitError(
            400, f"A row must have {booster.num_features()} values, these have {rows.shape[1]}."
        )
    minutes: list[float] = booster.inplace_predict(rows).tolist()
    return minutes


def output_fn(minutes: Sequence[float], accept: str) -> tuple[str, str]:
    """The body and its content type; 406 for a type that is not known."""
    kind = accept.partition(";")[0].strip().lower()
    if kind == JSON:
        return json.dumps(minutes), kind
    if kind in (CSV, JSON_LINES):
        return "".join(f"{minute}\n" for minute in minutes), kind
    raise GenericInferenceToolkitError(406, f"Accept {kind} is not one of {CSV}, {JSON}, {JSON_LINES}.")


def _rows(text: str, kind: str) -> list[list[Cell]]:
    if kind == CSV:
        return [[cell or None for cell in row] for row in csv.reader(text.splitlines())]
    if kind == JSON_LINES:
        return [json.loads(line) for line in text.splitlines() if line]
    rows: list[list[Cell]] = json.loads(text)
    return rows
