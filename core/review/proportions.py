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
    from scipy.stats import fisher_exact

    a, n, b, m = (np.atleast_1d(values) for values in (hits, totals, other_hits, other_totals))
    return np.array(
        [
            fisher_exact([[k, size - k], [j, rest - j]]).pvalue if size and rest else np.nan
            for k, size, j, rest in zip(a, n, b, m, strict=True)
        ],
        dtype=np.float64,
    )


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
