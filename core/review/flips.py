"""From result A to result B on the same images: what is fixed, what is broken, and is B better?

A flip is an image that one of them answers right and the other wrong. Only flips tell the two
apart: fixed − broken is the difference in right answers, and if neither were better, each flip
would be a fair coin. That is McNemar's test (1947), here in its exact form.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from core.review.pairing import check_same_examples
from core.review.proportions import CONFIDENCE

if TYPE_CHECKING:
    import pandas as pd

Outcome = Literal["fixed", "broken", "both wrong", "both right"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)


@dataclass(frozen=True, eq=False)  # eq would compare tables element by element
class Flips:
    """Two results, A and B, on the same images.

    Attributes:
        table: B's `core.evaluation.examples`, with A's answer as ``before`` and its confidence as
            ``before_confidence``, the ``outcome``, categorical, one of `OUTCOMES`, and as
            ``wrong_confidence`` the larger confidence of a wrong answer of the two, 0 where both
            are right.
        counts: images of each outcome.
        difference: right answers of B less those of A, which is fixed less broken.
        p_value: of McNemar's exact test, two-sided.
        low, high: 95 % interval of the difference as a share of the images, as of `interval`.
    """

    table: pd.DataFrame
    counts: dict[Outcome, int]
    difference: int
    p_value: float
    low: float
    high: float

    @property
    def num_flips(self) -> int:
        """Images that one answers right and the other wrong."""
        return self.counts["fixed"] + self.counts["broken"]


def flips(before: pd.DataFrame, after: pd.DataFrame) -> Flips:
    """What changes from one table of `core.evaluation.examples`, A, to another, B.

    Raises:
        ReviewError: if they are not about the same images with the same labels.
    """
    import pandas as pd

    check_same_examples(before, after)
    was, is_now = before["correct"].to_numpy(dtype=bool), after["correct"].to_numpy(dtype=bool)
    codes = np.select([is_now & ~was, was & ~is_now, ~is_now], [0, 1, 2], 3)
    counts = dict(zip(OUTCOMES, np.bincount(codes, minlength=4).tolist(), strict=True))
    table = after.assign(
        before=before["predicted"].to_numpy(),
        before_confidence=before["confidence"].to_numpy(),
        outcome=pd.Categorical.from_codes(codes, pd.Index(OUTCOMES)),
        wrong_confidence=np.maximum(
            np.where(was, 0.0, before["confidence"]), np.where(is_now, 0.0, after["confidence"])
        ),
    )
    fixed, broken = counts["fixed"], counts["broken"]
    low, high = interval(fixed, broken, len(table))
    return Flips(table, counts, fixed - broken, mcnemar(fixed, broken), low, high)


def mcnemar(fixed: int, broken: int) -> float:
    """The chance of a split at least as uneven as this among flips that are fair coins, in (0, 1].

    1 where nothing flips.
    """
    from scipy.stats import binomtest

    num_flips = fixed + broken
    return float(binomtest(fixed, num_flips).pvalue) if num_flips else 1.0


def class_flips(table: pd.DataFrame, num_classes: int) -> pd.DataFrame:
    """One row a class, in class order: its index as ``true``, images, and each outcome's count.

    Args:
        table: of `Flips`.
        num_classes: K; a class without an image has a row of zeros.
    """
    import pandas as pd

    codes, true = table["outcome"].cat.codes.to_numpy(), table["true"].to_numpy()
    flat = np.bincount(true * len(OUTCOMES) + codes, minlength=num_classes * len(OUTCOMES))
    counts = pd.DataFrame(flat.reshape(num_classes, len(OUTCOMES)), columns=list(OUTCOMES))
    counts.insert(0, "images", counts.sum(axis=1))
    counts.insert(0, "true", range(num_classes))
    return counts


def interval(fixed: int, broken: int, num_images: int) -> tuple[float, float]:
    """Score interval of the difference as a share of the images, both ends in [−1, 1].

    The differences that a score test of paired shares does not reject (Tango 1998); that of no
    difference at all is McNemar's test without a correction. 0, 0 without images.
    """
    if not num_images:
        return 0.0, 0.0
    return _lower(fixed, broken, num_images), -_lower(broken, fixed, num_images)


def _lower(fixed: int, broken: int, num_images: int) -> float:
    """The smallest difference that is not rejected."""
    from scipy.optimize import brentq
    from scipy.stats import norm

    z, found = norm.ppf((1 + CONFIDENCE) / 2), (fixed - broken) / num_images

    def excess(difference: float) -> float:
        """How far the found difference is beyond `z` standard errors above this one."""
        error = np.sqrt(num_images * _variance(difference, fixed, broken, num_images))
        return float((found - difference) * num_images - z * error)

    # Just below what was found: there itself it is 0 as well where nothing varies.
    return float(brentq(excess, -1.0, found - 1e-12)) if found > -1 else -1.0


def _variance(difference: float, fixed: int, broken: int, num_images: int) -> float:
    """Of one image's difference in right answers, as likely as can be where that is the mean."""
    linear = (2 * num_images - fixed + broken) * difference - fixed - broken
    constant = -broken * difference * (1 - difference)
    root = np.sqrt(max(linear**2 - 8 * num_images * constant, 0.0))
    share_broken = (root - linear) / (4 * num_images)
    return float(max(2 * share_broken + difference * (1 - difference), 0.0))
