"""What differs between two runs only by how predictions are rounded, which makes no version better."""

import numpy as np
from numpy.typing import NDArray

from app.schemas.judged import Task
from app.services.evaluations.statistics.samples import Floats, Sample

PRECISION = 1e-6
"""Share of a number, or of 1 for a probability: models answer in single precision, which has seven digits."""
MOST_DECIMALS = 6
NOISE = 1e-9
"""What is left of a rounded number by arithmetic in double precision, as where shares are made to add up."""


def alike(task: Task, a: Sample, b: Sample) -> NDArray[np.bool_]:
    """For each record of both runs, the same ones in one order, whether they predict the same.

    They do where they agree to ``PRECISION``, and everywhere if all that the one run predicts is what the
    other does, rounded to fewer decimals; a number on the edge may have gone to either side.
    """
    same_value: NDArray[np.bool_] = np.equal(a.predicted, b.predicted)
    if task == "regression":
        size = np.maximum(np.abs(a.predicted), np.abs(b.predicted))
        return _same(a.predicted, b.predicted, PRECISION * size)
    if a.probabilities is None or b.probabilities is None:
        return same_value
    if a.classes != b.classes or a.probabilities.shape != b.probabilities.shape:
        return np.zeros_like(same_value)
    near = np.full_like(a.probabilities, PRECISION)
    same: NDArray[np.bool_] = _same(a.probabilities, b.probabilities, near).all(axis=1)
    return same & same_value


def _same(a: Floats, b: Floats, near: Floats) -> NDArray[np.bool_]:
    difference, steps = np.abs(a - b), (_step(a), _step(b))
    if steps[0] != steps[1] and np.all(difference <= max(steps) / 2 + near):
        return np.ones_like(difference, dtype=np.bool_)
    return np.asarray(difference <= near)


def _step(values: Floats) -> float:
    """The last decimal of numbers that are rounded; 0 where they are not, or whole, as counts are."""
    decimals = (one for one in range(MOST_DECIMALS + 1) if _has_decimals(values, one))
    found = next(decimals, 0)
    return 10.0**-found if found else 0.0


def _has_decimals(values: Floats, most: int) -> bool:
    return np.allclose(np.round(values, most), values, rtol=0, atol=NOISE)
