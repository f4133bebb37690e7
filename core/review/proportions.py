"""Shares, their differences, and how sure one can be of them; arrays in, arrays out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

CONFIDENCE = 0.95  # of every interval that nobody asks otherwise

Shares = NDArray[np.float64]


def wilson(
    hits: ArrayLike, totals: ArrayLike, confidence: float = CONFIDENCE
) -> tuple[Shares, Shares]:
    """Score interval of a share, both ends in [0, 1]; NaN where there are none. Wilson 1927.

    Args:
        hits: how many of each total.
        totals: of so many.
        confidence: in (0, 1).
    """
    from scipy.stats import norm

    z = float(norm.ppf((1 + confidence) / 2))
    n = np.asarray(totals, dtype=np.float64)
    share = _divided(hits, n)
    size = np.where(n > 0, n, np.nan)
    middle = share + z**2 / (2 * size)
    reach = z * np.sqrt(share * (1 - share) / size + z**2 / (4 * size**2))
    stretch = 1 + z**2 / size
    # Rounding must not leave 0 outside of an interval around 0 hits.
    low = np.where(share == 0, 0.0, (middle - reach) / stretch)
    high = np.where(share == 1, 1.0, (middle + reach) / stretch)
    missing = np.isnan(share)
    return np.where(missing, np.nan, low), np.where(missing, np.nan, high)


def newcombe(
    hits: ArrayLike,
    totals: ArrayLike,
    other_hits: ArrayLike,
    other_totals: ArrayLike,
    confidence: float = CONFIDENCE,
) -> tuple[Shares, Shares, Shares]:
    """Difference of two independent shares and its interval: (difference, low, high) in [−1, 1].

    The interval is made of Wilson's of both shares, and so holds also for a handful of errors
    (Newcombe 1998, method 10). NaN where one of both groups is empty.
    """
    first, second = _divided(hits, totals), _divided(other_hits, other_totals)
    low, high = wilson(hits, totals, confidence)
    other_low, other_high = wilson(other_hits, other_totals, confidence)
    difference = first - second
    below = np.hypot(first - low, other_high - second)
    above = np.hypot(high - first, second - other_low)
    return difference, difference - below, difference + above


def fisher(
    hits: ArrayLike, totals: ArrayLike, other_hits: ArrayLike, other_totals: ArrayLike
) -> Shares:
    """Two-sided p of Fisher's exact test that two groups have one share; NaN for an empty group."""
    groups = np.broadcast_arrays(*map(np.atleast_1d, (hits, totals, other_hits, other_totals)))
    return np.array([_fisher(*map(int, row)) for row in zip(*groups, strict=True)], np.float64)


def _fisher(hits: int, total: int, other_hits: int, other_total: int) -> float:
    """The chance of all tables with these sums that are no likelier than the one that was found.

    `scipy.stats.fisher_exact` gives the same, but searches for the border of the unlikely tables:
    60 slices of 60,000 images take it a second, and this a few hundredths of one.
    """
    from scipy.special import gammaln

    if not total or not other_total:
        return float("nan")
    all_hits = hits + other_hits
    fewest, most = max(0, all_hits - other_total), min(total, all_hits)
    first = np.arange(fewest, most + 1, dtype=np.float64)
    second = all_hits - first
    cells = (first, total - first, second, other_total - second)
    logs = -sum(gammaln(cell + 1) for cell in cells)  # of the chances, but for a common factor
    chances = np.exp(logs - logs.max())
    # Equally likely tables differ by rounding; R's fisher.test allows as much.
    rare = logs <= logs[hits - fewest] + 1e-7
    return min(float(chances[rare].sum() / chances.sum()), 1.0)


def holm(p_values: ArrayLike) -> Shares:
    """P-values after a correction for their number; NaN stays NaN and counts for nothing.

    Calling those below α significant is wrong even once with a chance of α at most, however the
    comparisons depend on one another (Holm 1979); slices overlap, so they do.
    """
    given = np.asarray(p_values, dtype=np.float64)
    adjusted = np.full(given.shape, np.nan)
    known = np.flatnonzero(~np.isnan(given))
    order = known[np.argsort(given[known], kind="stable")]
    stepped = given[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(stepped), 1.0)
    return adjusted


def _divided(hits: ArrayLike, totals: Any) -> Shares:
    n = np.asarray(totals, dtype=np.float64)
    k = np.asarray(hits, dtype=np.float64)
    share: Shares = np.full(np.broadcast(k, n).shape, np.nan)
    np.divide(k, n, out=share, where=n > 0)
    return share
