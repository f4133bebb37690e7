"""A score with and without what a reviewer has decided about images: tables with intervals.

Decisions change what the same answers are counted against, never the answers: an image that is
marked as mislabelled is left out or counted against the label that it should have, an ambiguous one
is left out; the others count as they did. What changes is then told apart from chance by resampling
the images.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.evaluation import IntArray
from core.review.proportions import CONFIDENCE

if TYPE_CHECKING:
    import pandas as pd

    from core.review.annotations import Decision

NUM_RESAMPLES = 10_000
SEED = 0  # the same images and decisions always give the same interval

AS_LABELLED = "as labelled"
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Variant:
    """A way to count: which images, and which answers are right.

    Attributes:
        name: as the table calls it.
        counted: (N,) whether an image counts.
        right: (N,) whether its answer is right.
    """

    name: str
    counted: Flags
    right: Flags


def scores_of(table: pd.DataFrame, decisions: Mapping[int, Decision]) -> pd.DataFrame:
    """The score as labelled and as decided; one row a way to count.

    Rows: ``as labelled``, ``without ambiguous``, ``without mislabelled``, ``with labels put
    right`` (mislabelled images count against the label they should have) and ``without all
    marked``. Columns:

    - name: the way to count;
    - images, errors: how many count, and how many of them are answered wrong;
    - accuracy: share of right answers in [0, 1]; NaN where no image counts;
    - low, high: percentile bootstrap interval of the accuracy, images drawn with replacement
      (Efron 1979). Where nothing is wrong it has no width: it cannot tell more than it saw;
    - difference: accuracy less that as labelled;
    - difference_low, difference_high: its paired interval: both are counted on the same draw.

    Args:
        table: columns index, true and predicted, as of `core.evaluation.examples`.
        decisions: by place in the images' file; those of images that are not here change nothing.
    """
    import pandas as pd

    found = variants(table, decisions)
    return pd.DataFrame([_row(variant, found[0].right) for variant in found])


def variants(table: pd.DataFrame, decisions: Mapping[int, Decision]) -> list[Variant]:
    """The ways to count, in the order of the rows of `scores_of`, with its arguments."""
    index, true, predicted = (table[name].to_numpy() for name in ("index", "true", "predicted"))
    mislabelled = _marked(index, decisions, "mislabelled")
    ambiguous = _marked(index, decisions, "ambiguous")
    marked = mislabelled | ambiguous | _marked(index, decisions, "left out")
    target = true.copy()
    new = [decisions[place].label for place in index[mislabelled].tolist()]
    target[mislabelled] = np.asarray(new, dtype=np.int64)
    right, everyone = predicted == true, np.ones(len(true), np.bool_)
    return [
        Variant(AS_LABELLED, everyone, right),
        Variant("without ambiguous", ~ambiguous, right),
        Variant("without mislabelled", ~mislabelled, right),
        Variant("with labels put right", everyone, predicted == target),
        Variant("without all marked", ~marked, right),
    ]


def _marked(index: IntArray, decisions: Mapping[int, Decision], kind: str) -> Flags:
    """(N,) which images are decided to be of a kind."""
    wanted = [place for place, decision in decisions.items() if decision.kind == kind]
    return np.isin(index, np.asarray(wanted, dtype=np.int64))


def _row(variant: Variant, base: Flags) -> dict[str, Any]:
    images = int(variant.counted.sum())
    correct = int((variant.counted & variant.right).sum())
    accuracy = correct / images if images else np.nan
    here, there = _resampled(variant, base)
    low, high = _interval(here)
    difference_low, difference_high = _interval(here - there)
    return {
        "name": variant.name,
        "images": images,
        "errors": images - correct,
        "accuracy": accuracy,
        "low": low,
        "high": high,
        "difference": accuracy - base.mean() if images else np.nan,
        "difference_low": difference_low,
        "difference_high": difference_high,
    }


def _resampled(variant: Variant, base: Flags) -> tuple[NDArray[Any], NDArray[Any]]:
    """Accuracy of a way to count and as labelled, in the same `NUM_RESAMPLES` draws.

    Images differ only in whether they count and are right here and there: eight kinds. Drawing N
    images with replacement is drawing the kinds' counts from a multinomial distribution, which
    takes milliseconds for any N.
    """
    if not len(base):
        nothing = np.full(NUM_RESAMPLES, np.nan)
        return nothing, nothing
    kinds = np.stack([variant.counted, variant.counted & variant.right, base]).astype(np.int64)
    counts = np.bincount(np.array([4, 2, 1]) @ kinds, minlength=8)
    random = np.random.Generator(np.random.PCG64(SEED))
    draws = random.multinomial(len(base), counts / len(base), size=NUM_RESAMPLES)
    counted, right, right_there = (draws @ (np.arange(8) >> bit & 1) for bit in (2, 1, 0))
    with np.errstate(invalid="ignore"):  # a draw in which no image counts has no accuracy
        return right / counted, right_there / len(base)


def _interval(values: NDArray[Any]) -> tuple[float, float]:
    """The middle `CONFIDENCE` of the values that are numbers; NaN where there are none."""
    known = values[np.isfinite(values)]
    if not len(known):
        return np.nan, np.nan
    low, high = np.quantile(known, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)
