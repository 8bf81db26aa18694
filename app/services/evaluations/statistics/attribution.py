"""How far the ranking of features by what they contribute is from another one."""

import numpy as np

from app.services.evaluations.statistics.samples import Floats, Undefined


def shares(contributed: Floats) -> Floats:
    """Each feature's part in all contributions, which are means of absolute values; their sum is 1."""
    total = contributed.sum()
    if not total > 0:
        raise Undefined("no feature contributes anything")
    return np.asarray(contributed / total, dtype=np.float64)


def ndcg(reference: Floats, window: Floats) -> float:
    """Normalised discounted cumulative gain of the window's ranking: 1 where it is the reference's.

    A feature's gain is what it contributes in the reference, discounted by log2(place + 1) of its place in
    the window; features that contribute the same share their places (sklearn.metrics.ndcg_score). It is what
    SageMaker Clarify's monitor measures drift of feature attributions by, with an alert below 0.9 (developer
    guide, "Feature attribution drift for models in production").
    """
    if not reference.sum() > 0:
        raise Undefined("no feature contributes anything in the reference")
    discounts = 1 / np.log2(np.arange(2, reference.size + 2))
    ideal = np.sort(reference)[::-1] @ discounts
    order = np.argsort(-window, kind="stable")
    _, tied = np.unique(-window[order], return_inverse=True)
    shared = np.bincount(tied, weights=discounts) / np.bincount(tied)
    return float(reference[order] @ shared[tied] / ideal)
