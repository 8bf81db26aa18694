"""What differs between two runs only by how predictions are rounded, which makes no version better."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from app.schemas.judged import Task
from app.services.evaluations.statistics.samples import Floats, Sample

PRECISION = 1e-6
"""Share of a number, or of 1 for a probability: models answer in single precision, which has seven digits."""
MOST_DECIMALS = 6


def alike(task: Task, a: Sample, b: Sample) -> Sample:
    """b, with a's predictions where they are the same but for rounding; both hold the same records.

    They are where they agree to ``PRECISION``; and all of them are if none differs by more than the last
    decimal of the coarser run: a model whose answers are on the edge falls to one side or the other.
    """
    if task == "regression":
        size = np.maximum(np.abs(a.predicted), np.abs(b.predicted))
        same = _same(a.predicted, b.predicted, PRECISION * size)
        return replace(b, predicted=np.where(same, a.predicted, b.predicted))
    if a.probabilities is None or b.probabilities is None or a.classes != b.classes:
        return b
    same = _same(a.probabilities, b.probabilities, np.asarray(PRECISION))
    same = same.all(axis=1, keepdims=True) & (a.predicted == b.predicted)[:, np.newaxis]
    return replace(b, probabilities=np.where(same, a.probabilities, b.probabilities))


def _same(a: Floats, b: Floats, near: Floats) -> NDArray[np.bool_]:
    difference = np.abs(a - b)
    step = max(_step(a), _step(b))
    if step and np.all(difference <= step * (1 + PRECISION)):
        return np.ones_like(difference, dtype=np.bool_)
    return np.asarray(difference <= near)


def _step(values: Floats) -> float:
    """The last decimal of numbers that are rounded; 0 where they are not, or whole, as counts are."""
    decimals = (one for one in range(MOST_DECIMALS + 1) if np.array_equal(np.round(values, one), values))
    found = next(decimals, 0)
    return 10.0**-found if found else 0.0
