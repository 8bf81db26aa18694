"""Shapley values by their definition: over all coalitions of the features (L. Shapley, 1953).

What Kernel SHAP estimates from samples where there are many features (S. Lundberg and S.-I. Lee, 2017) is
exact for a few; either way the values add up to the difference from the baseline.
"""

from itertools import product
from math import factorial

import numpy as np
from numpy.typing import NDArray

from app.local.endpoint.clarify.records import Cells

MOST_FEATURES = 10
"""A row of so many takes 1,024 others for each row of the baseline."""


def synthetic(row: Cells, baseline: list[Cells]) -> list[Cells]:
    """The rows to ask the model about: for each coalition, in the order of its bits, one per baseline row,
    with the row's own values where the coalition has the feature."""
    return [
        [own if known else other for own, other, known in zip(row, base, coalition, strict=True)]
        for coalition in product((False, True), repeat=len(row))
        for base in baseline
    ]


def values(answers: "NDArray[np.float64]", features: int, baselines: int) -> "NDArray[np.float64]":
    """What each feature contributed to each number of a row's output: features x numbers.

    ``answers`` are those to the synthetic rows: rows x numbers.
    """
    worth = answers.reshape(2**features, baselines, -1).mean(axis=1)
    coalitions = np.arange(2**features)
    found = np.zeros((features, worth.shape[1]))
    for feature in range(features):
        bit = 1 << (features - 1 - feature)
        without = coalitions[coalitions & bit == 0]
        sizes = [int(one).bit_count() for one in without]
        weights = [factorial(size) * factorial(features - size - 1) / factorial(features) for size in sizes]
        found[feature] = np.asarray(weights) @ (worth[without | bit] - worth[without])
    return found
