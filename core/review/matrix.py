"""The confusion matrix as a reviewer reads it: with "don't know", in order, over the epochs.

Rows are true classes, columns predicted ones. Everything is counted from saved predictions and
confidences; no network is asked again. scipy and pandas are imported only where they are needed,
because a training process needs neither.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.errors import UserError
from core.evaluation import IntArray, confusion_matrix

if TYPE_CHECKING:
    import pandas as pd

Cell = tuple[int | None, int | None]  # (true, predicted); None stands for every class

UNLEARNT = 0.1  # a confusion is unlearnt where at most this share of its peak is left
_UNSEEN = 1e-4  # the share that stands for a confusion never made, so that it has a logarithm


@dataclass(frozen=True, eq=False)  # eq would compare arrays element by element
class Answered:
    """What a network answers that says "don't know" below a confidence.

    Attributes:
        threshold: confidence from which on it answers, in [0, 1].
        matrix: (K, K) counts of the images answered.
        unanswered: (K,) counts of the others, by true class.
    """

    threshold: float
    matrix: IntArray
    unanswered: IntArray

    @property
    def num_answered(self) -> int:
        """How many images get an answer."""
        return int(self.matrix.sum())

    @property
    def num_unanswered(self) -> int:
        """How many images get "don't know"."""
        return int(self.unanswered.sum())

    @property
    def num_errors(self) -> int:
        """How many answers are wrong."""
        return self.num_answered - int(self.matrix.trace())

    @property
    def coverage(self) -> float:
        """Share of images that get an answer, in [0, 1]; NaN without images."""
        images = self.num_answered + self.num_unanswered
        return self.num_answered / images if images else math.nan

    @property
    def accuracy(self) -> float:
        """Share of answers that are right, in [0, 1]; NaN without answers."""
        return int(self.matrix.trace()) / self.num_answered if self.num_answered else math.nan


def answered(
    labels: IntArray,
    predicted: NDArray[np.integer[Any]],
    confidence: NDArray[np.floating[Any]],
    num_classes: int,
    threshold: float,
) -> Answered:
    """The confusion matrix of the images whose confidence reaches a threshold.

    A selective classifier by its confidence: Geifman and El-Yaniv 2017. Coverage never grows with
    the threshold; accuracy may move either way.

    Args:
        labels: (N,) true classes in [0, K).
        predicted: (N,) answers in [0, K).
        confidence: (N,) their probabilities, in [0, 1].
        num_classes: K.
        threshold: in [0, 1]; at 0 every image is answered.

    Raises:
        UserError: if the threshold is out of range.
    """
    if not 0 <= threshold <= 1:
        raise UserError(f"the threshold must lie in [0, 1], got {threshold}")
    sure = confidence.astype(np.float64) >= threshold  # half precision would round the threshold
    return Answered(
        threshold=threshold,
        matrix=confusion_matrix(labels[sure], predicted[sure].astype(np.int64), num_classes),
        unanswered=np.bincount(labels[~sure], minlength=num_classes).astype(np.int64),
    )


def shares(
    matrix: IntArray, unanswered: IntArray | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Each count as a share of its row and of its column, (K, K) in [0, 1]; 0 of nothing is 0.

    Args:
        matrix: (K, K) counts.
        unanswered: (K,) images without an answer, by true class: they belong to the row too.
    """
    rows, columns = matrix.sum(1, keepdims=True), matrix.sum(0, keepdims=True)
    if unanswered is not None:
        rows = rows + unanswered[:, None]
    return matrix / np.maximum(rows, 1), matrix / np.maximum(columns, 1)


def similarity_order(matrix: IntArray) -> list[int]:
    """The classes in an order in which those that are confused stand next to each other.

    Average-linkage clustering of −log of the symmetric confusion (the mean of both shares of the
    row), its leaves in the order that makes neighbours most alike: Bar-Joseph et al. 2001. Of the
    two directions the one that begins with the lower class; the given order where nothing is
    confused.

    Args:
        matrix: (K, K) counts.
    """
    size = len(matrix)
    rows, _ = shares(matrix)
    alike = (rows + rows.T) / 2
    np.fill_diagonal(alike, 0.0)
    if size < 3 or not alike.any():
        return list(range(size))
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    distance = -np.log((alike + _UNSEEN) / (1 + _UNSEEN))
    np.fill_diagonal(distance, 0.0)
    tree = linkage(squareform(distance, checks=False), "average", optimal_ordering=True)
    order: list[int] = leaves_list(tree).tolist()
    return order if order[0] < order[-1] else order[::-1]


def in_cells(
    true: IntArray,
    predicted: IntArray,
    cells: Collection[Cell],
    num_classes: int,
) -> NDArray[np.bool_]:
    """Whether each image lies in one of the cells (true, predicted); None stands for every class.

    Args:
        true: (N,) in [0, K).
        predicted: (N,) in [0, K).
        cells: classes that do not exist hold no image.
        num_classes: K.
    """
    found: NDArray[np.bool_] = _table(cells, num_classes)[true, predicted]
    return found


def counts_over(history: IntArray, cells: Collection[Cell]) -> IntArray:
    """How many errors the cells held after each epoch, (E,); all errors where there is no cell.

    Right answers count only where their own cell is among them, not as part of a row or column.

    Args:
        history: (E, K, K) counts.
        cells: as for `in_cells`.
    """
    size = history.shape[1]
    wrong = _table(cells or [(None, None)], size) & ~np.eye(size, dtype=bool)
    single = _table([cell for cell in cells if None not in cell], size)
    counts: IntArray = history[:, wrong | single].sum(1)
    return counts


def _table(cells: Collection[Cell], num_classes: int) -> NDArray[np.bool_]:
    """Which cells of the matrix are meant, (K, K)."""
    chosen = np.zeros((num_classes, num_classes), bool)
    for true, predicted in cells:
        if max(true or 0, predicted or 0) < num_classes:
            row = slice(None) if true is None else true
            chosen[row, slice(None) if predicted is None else predicted] = True
    return chosen


def evenly(epochs: Sequence[int], most: int) -> list[int]:
    """At most `most` of the epochs, evenly chosen; the first and the last are always there."""
    if len(epochs) <= most:
        return list(epochs)
    places = np.linspace(0, len(epochs) - 1, most).round().astype(int)
    return [epochs[place] for place in places]


def confusions(history: IntArray, epochs: Sequence[int]) -> pd.DataFrame:
    """What became of each confusion, up to the last of the epochs; the largest count first.

    The untrained network, epoch 0, guesses, and has no part in it. One row a pair of different
    classes that was confused at least once:

    - true, predicted: class indices;
    - count: after the last epoch;
    - share: of the images of the true class that were answered then, in [0, 1];
    - peak, peak_epoch: the largest count, and the first epoch that had it;
    - unlearnt_since: the epoch from which on at most `UNLEARNT` of the peak was left; NA where more
      of it is left.

    Args:
        history: (E, K, K) counts after each epoch.
        epochs: E epochs, ascending.
    """
    import pandas as pd

    trained = np.asarray(epochs) > 0
    counts, numbers = history[trained], np.asarray(epochs)[trained]
    if not len(numbers):
        counts, numbers = np.zeros((1, *history.shape[1:]), np.int64), np.zeros(1, np.int64)
    peak = counts.max(0)
    true, predicted = np.nonzero((peak > 0) & ~np.eye(len(peak), dtype=bool))
    low = counts <= np.floor(UNLEARNT * peak)
    # How many epochs at the end were low without a break.
    trailing = np.logical_and.accumulate(low[::-1]).sum(0)
    since = numbers[np.minimum(len(numbers) - trailing, len(numbers) - 1)]
    rows, _ = shares(counts[-1])
    table = pd.DataFrame(
        {
            "true": true,
            "predicted": predicted,
            "count": counts[-1][true, predicted],
            "share": rows[true, predicted],
            "peak": peak[true, predicted],
            "peak_epoch": numbers[counts.argmax(0)][true, predicted],
            "unlearnt_since": pd.array(since[true, predicted], dtype="Int64"),
        }
    )
    table.loc[trailing[true, predicted] == 0, "unlearnt_since"] = pd.NA
    return table.sort_values(
        ["count", "share", "peak"], ascending=False, kind="stable", ignore_index=True
    )
