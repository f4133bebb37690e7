"""How a network reads every slice: which are worse than the rest, and how sure that is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.evaluation import IntArray
from core.review.flips import mcnemar
from core.review.proportions import CONFIDENCE, fisher, holm, newcombe, wilson
from core.review.slices import Bools, Slices

if TYPE_CHECKING:
    from collections.abc import Collection

    import pandas as pd

SMALLEST = 30  # images; the error rate of fewer says little
_ABOUT = ("key", "title", "kind", "rule")


def ranked(
    slices: Slices,
    wrong: Bools,
    smallest: int = SMALLEST,
    confidence: float = CONFIDENCE,
    always: Collection[str] = (),
) -> pd.DataFrame:
    """One row a slice, the largest excess error first, and among equals the larger slice.

    Columns: key, title, kind, rule; images and errors (counts); error_rate of the slice and
    rest_rate of all other images, in [0, 1]; excess, their difference, in [−1, 1], with low and
    high, the ends of its interval; p of Fisher's exact test, and p_adjusted for the number of
    slices in this table (Holm); significant, whether p_adjusted is at most 1 − `confidence`.

    The intervals (Newcombe) are corrected for that number as well (Bonferroni), so that one that
    leaves out 0 says the same as p_adjusted, but where the two are close: Holm's is the sharper
    correction, and has no intervals of its own.

    Args:
        slices: of a split of N images.
        wrong: (N,) whether each image is answered wrongly.
        smallest: slices of fewer images are left out.
        confidence: that all intervals of the table hold at once, in (0, 1).
        always: keys of slices that are listed, and so counted, however few images they have. Those
            without any stay out, and so do those that hold every image: there is no rest to
            compare them with.
    """
    import pandas as pd

    images = slices.members.sum(1)
    errors = slices.members @ wrong.astype(np.float32)  # exact up to 16 million images
    errors = np.rint(errors).astype(np.int64)
    kept = np.array([not {*one.keys}.isdisjoint(always) for one in slices.about], np.bool_)
    large = (images >= smallest) | kept
    rows = np.flatnonzero(large & (images > 0) & (images < len(wrong)))
    images, errors = images[rows], errors[rows]
    rest, rest_errors = len(wrong) - images, int(wrong.sum()) - errors
    each = 1 - (1 - confidence) / max(len(rows), 1)
    excess, low, high = newcombe(errors, images, rest_errors, rest, each)
    p_values = fisher(errors, images, rest_errors, rest)
    adjusted = holm(p_values)
    table = pd.DataFrame(
        {
            **{name: [getattr(slices.about[row], name) for row in rows] for name in _ABOUT},
            "images": images,
            "errors": errors,
            "error_rate": errors / np.maximum(images, 1),
            "rest_rate": rest_errors / np.maximum(rest, 1),
            "excess": excess,
            "low": low,
            "high": high,
            "p": p_values,
            "p_adjusted": adjusted,
            "significant": adjusted <= 1 - confidence,
        }
    )
    return table.sort_values(
        ["excess", "images"], ascending=False, kind="stable", ignore_index=True
    )  # fmt: skip


def metrics(
    slices: Slices, labels: IntArray, predicted: IntArray, num_classes: int
) -> pd.DataFrame:
    """What a network makes of every slice, in their order.

    Columns: key, title, kind, rule; images and errors (counts); accuracy in [0, 1] with low and
    high, the ends of its interval (Wilson); recall and f1, the means over the classes that the
    slice has images of, and precision, the mean over those it has answers of, in [0, 1]. A slice
    without images has NaN.

    Args:
        slices: of a split of N images.
        labels: (N,) in [0, num_classes).
        predicted: (N,) likewise.
        num_classes: K.
    """
    import pandas as pd

    cells = labels * num_classes + predicted
    counts = np.array(
        [np.bincount(cells[among], minlength=num_classes**2) for among in slices.members],
        dtype=np.int64,
    ).reshape(len(slices.about), num_classes, num_classes)
    right = np.diagonal(counts, axis1=1, axis2=2)
    images, correct = counts.sum((1, 2)), right.sum(1)
    low, high = wilson(correct, images)
    true, answered = counts.sum(2), counts.sum(1)
    return pd.DataFrame(
        {
            **{name: [getattr(one, name) for one in slices.about] for name in _ABOUT},
            "images": images,
            "errors": images - correct,
            "accuracy": _ratio(correct, images),
            "low": low,
            "high": high,
            "recall": _mean_known(_ratio(right, true)),
            "precision": _mean_known(_ratio(right, answered)),
            "f1": _mean_known(np.where(true > 0, _ratio(2 * right, true + answered), np.nan)),
        }
    )


def changes(slices: Slices, before: Bools, after: Bools) -> pd.DataFrame:
    """What changes in every slice from one result to another on the same images, in their order.

    Columns: key; fixed and broken (images that only the second, or only the first, answers
    rightly); difference of the accuracies, after less before, in [−1, 1], NaN for a slice without
    images; p of McNemar's exact test, and p_adjusted for the number of slices (Holm).

    Args:
        slices: of a split of N images.
        before: (N,) whether the first result is wrong.
        after: (N,) whether the second one is.
    """
    import pandas as pd

    flipped = np.stack([before & ~after, after & ~before], axis=1).astype(np.float32)
    fixed, broken = np.rint(slices.members @ flipped).astype(np.int64).T
    p_values = [mcnemar(*pair) for pair in zip(fixed.tolist(), broken.tolist(), strict=True)]
    return pd.DataFrame(
        {
            "key": [one.key for one in slices.about],
            "fixed": fixed,
            "broken": broken,
            "difference": _ratio(fixed - broken, slices.members.sum(1)),
            "p": np.array(p_values, dtype=np.float64),
            "p_adjusted": holm(p_values),
        }
    )


def by_measure(values: NDArray[np.float64], wrong: Bools, num_bins: int = 10) -> pd.DataFrame:
    """The error rate along a measure: bins of as equal numbers of images as ties allow, ascending.

    Columns: start and end (the smallest and largest value of the bin), middle (its median), images
    and errors (counts), error_rate in [0, 1] with low and high, the ends of its interval (Wilson).
    Images without a value are in no bin; equal values are always in the same one.

    Args:
        values: (N,) of the measure; NaN where there is none.
        wrong: (N,) whether each image is answered wrongly.
        num_bins: at most so many, at least 1.
    """
    import pandas as pd

    known = ~np.isnan(values)
    numbers, errors = values[known], wrong[known]
    inner = np.arange(1, num_bins) / num_bins
    ends = np.unique(np.quantile(numbers, inner)) if len(numbers) else numbers
    places = np.searchsorted(ends, numbers, side="left")
    grouped = pd.DataFrame({"bin": places, "value": numbers, "wrong": errors}).groupby("bin")
    table = grouped.agg(
        start=("value", "min"), end=("value", "max"), middle=("value", "median"),
        images=("wrong", "size"), errors=("wrong", "sum"),
    ).reset_index(drop=True)  # fmt: skip
    low, high = wilson(table["errors"], table["images"])
    rates = table["errors"] / table["images"]
    return table.assign(error_rate=rates, low=low, high=high)


def _ratio(part: IntArray, whole: IntArray) -> NDArray[np.float64]:
    ratio: NDArray[np.float64] = np.full(whole.shape, np.nan)
    np.divide(part, whole, out=ratio, where=whole > 0)
    return ratio


def _mean_known(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean of each row's numbers; NaN for a row without any."""
    known = ~np.isnan(values)
    return _ratio(np.where(known, values, 0).sum(1), known.sum(1))
