"""How far one sample of a feature is from another: the population stability index and a two-sample test.

A sample is an array of numbers, or of codes that stand for texts (``categories``); NaN is a missing value.
What is undefined raises Undefined with the reason.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from app.services.metrics import Floats, Undefined

FEWEST = 10
"""With fewer rows than bins of a tenth, nothing can be said."""
DECILES = np.arange(0.1, 0.95, 0.1)
HALF_A_ROW = 0.5
"""Added to every bin, so that a bin that is empty on one side has a logarithm."""


def psi(reference: Floats, window: Floats, *, categories: bool) -> float:
    """Population stability index: the sum over bins of (w - r) * ln(w / r), the shares of rows in each.

    Bins are the reference's deciles for numbers, a bin per text for categories, and one for the missing. Each
    share is (rows + 0.5) / (all rows + 0.5 * bins); bins that are empty on both sides are left out. The usual
    rule of thumb: below 0.1 little has changed, from 0.25 on much has (N. Siddiqi, Credit Risk Scorecards,
    2006). By chance alone it is about (bins - 1) * (1/n + 1/m) for samples of n and m rows (B. Yurdakul,
    Statistical Properties of Population Stability Index, 2018), which for 30 rows is more than 0.25.
    """
    _require_rows(reference, window, "rows")
    edges = _edges(reference, window, categories=categories)
    counts = np.stack([_counts(edges, reference), _counts(edges, window)])
    shares = _shares(_used(counts))
    return float(np.sum((shares[1] - shares[0]) * np.log(shares[1] / shares[0])))


def p_value(reference: Floats, window: Floats, *, categories: bool) -> float:
    """How likely two samples of one distribution are this far apart; missing values are left out.

    Numbers: Kolmogorov-Smirnov (scipy.stats.ks_2samp, asymptotic; it errs to the large side where values
    repeat, and 0 stands for less than a float can tell). Categories: chi-squared of the contingency table
    (scipy.stats.chi2_contingency). Of many rows even a small difference is significant: the index says
    whether it matters.
    """
    before, after = reference[~np.isnan(reference)], window[~np.isnan(window)]
    _require_rows(before, after, "values")
    if categories:
        edges = _edges(before, after, categories=True)
        counts = _used(np.stack([_counts(edges, before), _counts(edges, after)]))
        return float(stats.chi2_contingency(counts).pvalue)
    if before.min() == before.max() == after.min() == after.max():
        raise Undefined("constant: there is one value only, the same in both")
    # Without any overlap the asymptotic test says 0; of all orders of the rows, two are as far apart.
    least = 2 / special.binom(before.size + after.size, before.size)
    return max(float(least), float(stats.ks_2samp(before, after, method="asymp").pvalue))


def missing(window: Floats) -> float:
    """The share of rows without a value, 0 to 1."""
    if window.size == 0:
        raise Undefined("the window has no rows")
    return float(np.mean(np.isnan(window)))


def _require_rows(reference: Floats, window: Floats, what: str) -> None:
    for name, values in (("reference", reference), ("window", window)):
        if values.size == 0:
            raise Undefined(f"the {name} has no {what}")
        if values.size < FEWEST:
            raise Undefined(f"the {name} has fewer than {FEWEST} {what}")


def _edges(reference: Floats, window: Floats, *, categories: bool) -> Floats:
    """The upper ends of the bins but the last; an end belongs to its bin."""
    if categories:
        both = np.concatenate([reference, window])
        return np.unique(both[~np.isnan(both)])
    present = reference[~np.isnan(reference)]
    if present.size == 0:
        return present
    deciles = np.quantile(present, DECILES, method="inverted_cdf")
    # A value on two deciles gets a bin of its own: among the ones below it, rare values would not be seen.
    repeated = deciles[1:][deciles[1:] == deciles[:-1]]
    return np.unique(np.concatenate([deciles, np.nextafter(repeated, -np.inf)]))


def _counts(edges: Floats, values: Floats) -> NDArray[np.int64]:
    """Rows per bin, those of missing values last."""
    present = values[~np.isnan(values)]
    counts = np.bincount(np.searchsorted(edges, present), minlength=edges.size + 1)
    return np.append(counts, values.size - present.size)


def _used(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """The bins that are not empty on both sides."""
    used = counts[:, counts.any(axis=0)]
    if used.shape[1] < 2:
        raise Undefined("constant: there is one value only, the same in both")
    return used


def _shares(counts: NDArray[np.int64]) -> Floats:
    smoothed = counts + HALF_A_ROW
    return np.asarray(smoothed / smoothed.sum(axis=1, keepdims=True), dtype=np.float64)
