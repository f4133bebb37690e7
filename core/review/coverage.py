"""Answering only when sure enough: what share is answered, and what share of that is right.

The trade between coverage and risk of a network that may say "don't know" (Chow 1970; Geifman and
El-Yaniv 2017): it answers an image if its confidence is at least the threshold.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.errors import RunError

if TYPE_CHECKING:
    import pandas as pd

_DIGITS = 4  # of a threshold as people name it


def coverage_curve(confidence: NDArray[np.float64], correct: NDArray[np.bool_]) -> pd.DataFrame:
    """One row a distinct confidence, the strictest threshold first, all images answered last.

    Columns:

    - threshold: the least confidence that is answered, in [0, 1];
    - answered, errors: counts of the images answered, and of the wrong ones among them;
    - coverage: answered images as a share of all, in (0, 1], ascending;
    - accuracy: right answers as a share of the answered, in [0, 1];
    - risk: 1 − accuracy.

    Without images there are no rows.

    Args:
        confidence: (N,) probability of each answer, in [0, 1].
        correct: (N,) whether the answer is right.

    Raises:
        RunError: if the sizes do not agree.
    """
    import pandas as pd

    if len(confidence) != len(correct):
        raise RunError(f"there are {len(confidence):,} confidences, but {len(correct):,} answers")
    order = np.argsort(-confidence, kind="stable")
    descending = confidence[order]
    # The last image of each confidence: equal ones are answered together.
    ends = np.flatnonzero(np.append(descending[1:] != descending[:-1], True)[: len(order)])
    answered = ends + 1
    errors = np.cumsum(~correct[order])[ends]
    return pd.DataFrame(
        {
            "threshold": descending[ends],
            "answered": answered,
            "errors": errors,
            "coverage": answered / max(len(order), 1),
            "accuracy": 1 - errors / answered,
            "risk": errors / answered,
        }
    )


def rounded_down(threshold: float) -> float:
    """The name of a threshold, in four digits: from it on, whoever is that sure is answered."""
    near = round(threshold, _DIGITS)
    return near if near <= threshold else round(near - 10**-_DIGITS, _DIGITS)


def named(curve: pd.DataFrame) -> pd.DataFrame:
    """The rows of a curve that can be named, each with `rounded_down` as its threshold.

    Confidences of one name are answered together.
    """
    names = curve.assign(threshold=curve["threshold"].map(rounded_down))
    return names.drop_duplicates("threshold", keep="last", ignore_index=True)


def at_threshold(curve: pd.DataFrame, threshold: float) -> pd.Series | None:
    """The row of a curve for any threshold: who answers less strictly answers as many at least.

    None if no image is that sure.
    """
    found = int((curve["threshold"] >= threshold).sum())
    return None if found == 0 else curve.iloc[found - 1]


def at_coverage(curve: pd.DataFrame, coverage: float) -> pd.Series | None:
    """The row with the strictest threshold that answers at least this share of the images.

    Its ``risk`` is the risk at that coverage. None if there are no images.

    Args:
        curve: as `coverage_curve` gives it.
        coverage: in [0, 1].
    """
    if curve.empty:
        return None
    total = int(curve["answered"].iloc[-1])
    # 0.07 is no exact binary number: 0.07 · 100 is a little more than 7, and must not become 8.
    wanted = min(math.ceil(coverage * total - 1e-6), total)
    return curve.iloc[int(np.searchsorted(curve["answered"], wanted))]


def at_accuracy(curve: pd.DataFrame, accuracy: float) -> pd.Series | None:
    """The row that answers most images while at least this share of its answers is right.

    None if no threshold is that good.

    Args:
        curve: as `coverage_curve` gives it.
        accuracy: in [0, 1].
    """
    good = np.flatnonzero(curve["accuracy"] >= accuracy)
    return curve.iloc[int(good[-1])] if len(good) else None
