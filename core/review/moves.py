"""Which images have come into some cells of the confusion matrix since another result, or left.

A difference of counts hides them: a cell that gains three images and loses three says 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from core.review.pairing import check_same_examples

if TYPE_CHECKING:
    import pandas as pd

Move = Literal["new", "gone", "kept"]
MOVES: tuple[Move, ...] = get_args(Move)


def moves(
    before: pd.DataFrame, after: pd.DataFrame, was: NDArray[np.bool_], is_now: NDArray[np.bool_]
) -> pd.DataFrame:
    """The images that are or were in a part of the matrix, and which of both.

    Args:
        before: `core.evaluation.examples` of one result.
        after: of the other, on the same N images.
        was: (N,) whether each image was there before.
        is_now: (N,) whether it is there after.

    Returns:
        Rows of `after` with the answer ``before``, its ``before_confidence``, and the ``move``,
        categorical, one of `MOVES`: those that are new first, then those gone, then those kept,
        each by falling confidence.

    Raises:
        ReviewError: if the results are not about the same images with the same labels.
    """
    import pandas as pd

    check_same_examples(before, after)
    there = was | is_now
    codes = np.select([is_now & ~was, was & ~is_now], [0, 1], 2)
    table = after.assign(
        before=before["predicted"].to_numpy(),
        before_confidence=before["confidence"].to_numpy(),
        move=pd.Categorical.from_codes(codes, pd.Index(MOVES), ordered=True),
    )[there]
    order: Any = ["move", "confidence"]
    return table.sort_values(order, ascending=[True, False], kind="stable", ignore_index=True)


def move_counts(table: pd.DataFrame) -> dict[Move, int]:
    """How many images there are of each move."""
    found = np.bincount(table["move"].cat.codes, minlength=len(MOVES))
    return dict(zip(MOVES, found.tolist(), strict=True))
