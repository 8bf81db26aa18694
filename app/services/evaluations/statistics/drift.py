"""How far one sample of a feature is from another: the population stability index and a two-sample test.

A sample is an array of numbers, or of codes that stand for texts (``categories``); NaN is a missing value.
What is undefined raises Undefined with the reason.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from app.services.evaluations.statistics.samples import Floats, Undefined

FEWEST = 10
"""With fewer rows than bins of a tenth, nothing can be said."""
DECILES = np.arange(0.1, 0.95, 0.1)
HALF_A_ROW = 0.5
"""Added to every bin, so that a bin that is empty on one side has a logarithm."""


@dataclass(frozen=True)
class ReferenceSample:
    """The sample that windows are compared with; what all of them need of it is computed once."""

    sample: Floats

    @cached_property
    def values(self) -> Floats:
        """Those that are there, sorted."""
        return np.sort(self.sample[~np.isnan(self.sample)])

    @cached_property
    def distinct(self) -> Floats:
        return np.unique(self.values)

    @cached_property
    def edges(self) -> Floats:
        """The upper ends of the bins for numbers but the last; an end belongs to its bin."""
        if self.values.size == 0:
            return self.values
        deciles = np.quantile(self.values, DECILES, method="inverted_cdf")
        # A value on two deciles gets a bin of its own: among those below it, rare values would not be seen.
        repeated = deciles[1:][deciles[1:] == deciles[:-1]]
        with np.errstate(over="ignore"):  # below the least float is -inf, which is an edge like any other
            below = np.nextafter(repeated, -np.inf)
        return np.unique(np.concatenate([deciles, below]))

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """Rows per bin for numbers."""
        return _counts(self.edges, self.sample)


def psi(reference: ReferenceSample, window: Floats, *, categories: bool) -> float:
    """Population stability index: the sum over bins of (w - r) * ln(w / r), the shares of rows in each.

    Bins are the reference's deciles for numbers, a bin per text for categories, and one for the missing. Each
    share is (rows + 0.5) / (all rows + 0.5 * bins); bins that are empty on both sides are left out. The usual
    rule of thumb: below 0.1 little has changed, from 0.25 on much has (N. Siddiqi, Credit Risk Scorecards,
    2006). By chance alone it is about (bins - 1) * (1/n + 1/m) for samples of n and m rows (B. Yurdakul,
    Statistical Properties of Population Stability Index, 2018), which for 30 rows is more than 0.25.
    """
    _require_rows(reference.sample, window, "rows")
    if categories:
        counts = _counts_of_texts(reference, window)
    else:
        counts = np.stack([reference.counts, _counts(reference.edges, window)])
    shares = _shares(_used(counts))
    return float(np.sum((shares[1] - shares[0]) * np.log(shares[1] / shares[0])))


def p_value(reference: ReferenceSample, window: Floats, *, categories: bool) -> float:
    """How likely two samples of one distribution are this far apart; missing values are left out.

    Numbers: Kolmogorov-Smirnov, with the p-value of scipy.stats.ks_2samp(method="asymp") (it errs to the
    large side where values repeat, and 0 stands for less than a float can tell). Categories: chi-squared of
    the contingency table (scipy.stats.chi2_contingency). Of many rows even a small difference is significant:
    the index says whether it matters.
    """
    from scipy import special, stats  # 0.4 s, for processes that compute only

    before, after = reference.values, np.sort(window[~np.isnan(window)])
    _require_rows(before, after, "values")
    if categories:
        return float(stats.chi2_contingency(_used(_counts_of_texts(reference, after)[:, :-1])).pvalue)
    if before[0] == before[-1] == after[0] == after[-1]:
        raise Undefined("constant: there is one value only, the same in both")
    # Without any overlap the asymptotic test says 0; of all orders of the rows, two are as far apart.
    least = 2 / special.binom(before.size + after.size, before.size)
    effective = round(before.size * after.size / (before.size + after.size))
    return max(float(least), float(stats.kstwo.sf(_distance(before, after), effective)))


def _distance(before: Floats, after: Floats) -> float:
    """The largest difference of the two sorted samples' distribution functions.

    It is at a value of ``after`` or just below one: in between only the other function moves. ks_2samp sorts
    both samples together, which for every day of a year is most of a run's time.
    """
    sides: tuple[Literal["left"], Literal["right"]] = ("left", "right")
    gaps = [
        np.searchsorted(before, after, side) / before.size - np.searchsorted(after, after, side) / after.size
        for side in sides
    ]
    return float(np.max(np.abs(gaps)))


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


def _counts_of_texts(reference: ReferenceSample, window: Floats) -> NDArray[np.int64]:
    """Rows of both per text, those of missing values last."""
    edges = np.union1d(reference.distinct, window[~np.isnan(window)])
    return np.stack([_counts(edges, reference.sample), _counts(edges, window)])


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
