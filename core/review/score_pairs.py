"""Two results' scores with and without what a reviewer has decided: did the decisions help?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from core.review.flips import interval, mcnemar
from core.review.pairing import check_same_examples
from core.review.scores import Variant, scores_of, variants

if TYPE_CHECKING:
    import pandas as pd

    from core.review.annotations import Decision


def paired_scores(
    before: pd.DataFrame, after: pd.DataFrame, decisions: Mapping[int, Decision]
) -> pd.DataFrame:
    """Scores of two results, A and B, as labelled and as decided; one row a way to count.

    Columns: name and images; errors, accuracy, low and high of each, with ``_a`` and ``_b`` behind
    the name, as `core.review.scores.scores_of`; and of B less A, on the images that count:

    - difference: of the accuracies, in [−1, 1]; 0 where no image counts;
    - difference_low, difference_high: its interval, as of `core.review.flips.interval`;
    - p_value: of McNemar's exact test.

    Args:
        before: A's `core.evaluation.examples`.
        after: B's, on the same images.
        decisions: by place in the images' file.

    Raises:
        ReviewError: if the tables are not about the same images with the same labels.
    """
    import pandas as pd

    check_same_examples(before, after)
    kept = ["errors", "accuracy", "low", "high"]
    one, other = scores_of(before, decisions), scores_of(after, decisions)
    pairs = zip(variants(before, decisions), variants(after, decisions), strict=True)
    return pd.concat(
        [
            one[["name", "images"]],
            one[kept].add_suffix("_a"),
            other[kept].add_suffix("_b"),
            pd.DataFrame([_compared(a, b) for a, b in pairs]),
        ],
        axis=1,
    )


def _compared(a: Variant, b: Variant) -> dict[str, Any]:
    was, is_now = a.right[a.counted], b.right[b.counted]
    fixed, broken = int((is_now & ~was).sum()), int((was & ~is_now).sum())
    low, high = interval(fixed, broken, len(was))
    return {
        "difference": (fixed - broken) / max(len(was), 1),
        "difference_low": low,
        "difference_high": high,
        "p_value": mcnemar(fixed, broken),
    }
