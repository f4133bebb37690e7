"""Labels that a network doubts, the most doubtful first.

The probabilities must be out of sample: from a network that has not learnt the images they are
for. Those of validation and test always are; those of the train file come from k-fold training
(`core.training.folds`).
"""

from __future__ import annotations

import warnings
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from core.errors import RunError
from core.evaluation import FloatArray, IntArray, check_probabilities

if TYPE_CHECKING:
    import pandas as pd

Listed = Literal["open", "decided", "all"]


def suspects(
    labels: IntArray, probabilities: FloatArray, index: IntArray, classes: Sequence[str]
) -> pd.DataFrame:
    """One row an image, the one whose label is most in doubt first.

    Columns:

    - index: place in the data set's own file;
    - true: the given label;
    - suggested: the most probable other class;
    - quality: how far the label can be trusted, in [0, 1]: cleanlab's self-confidence, the
      probability of the label. Kuan and Mueller 2022;
    - probability, suggested_probability: of the two classes, in [0, 1];
    - is_issue: whether confident learning holds the label to be wrong (cleanlab's
      ``find_label_issues``, pruned by noise rate).

    Args:
        labels: (N,) given labels.
        probabilities: (N, K) out of sample.
        index: (N,) places in the file.
        classes: K names. With a single class no label can be doubted: there are no rows.

    Raises:
        RunError: if the sizes do not agree, or a probability is not a finite number.
    """
    check_probabilities(labels, probabilities, len(classes))
    if len(index) != len(labels):
        raise RunError(f"there are {len(labels):,} labels, but the places of {len(index):,} images")
    import pandas as pd

    rows = np.arange(len(labels))
    if len(classes) < 2 or not len(labels):
        rows = rows[:0]
        labels, probabilities, index = labels[:0], np.zeros((0, 2), np.float32), index[:0]
    probability = probabilities[rows, labels].astype(np.float64)
    others = probabilities.copy()
    others[rows, labels] = -1.0
    suggested = others.argmax(1)
    suggested_probability = probabilities[rows, suggested].astype(np.float64)
    table = pd.DataFrame(
        {
            "index": index,
            "true": labels,
            "suggested": suggested,
            "quality": _qualities(labels, probabilities),
            "probability": probability,
            "suggested_probability": suggested_probability,
            "is_issue": _issues(labels, probabilities),
        }
    )
    # Half precision makes many labels equally improbable: then the surest other class goes first.
    order = np.lexsort((-suggested_probability, table["quality"]))
    return table.iloc[order].reset_index(drop=True)


def listed(table: pd.DataFrame, decided: Collection[int]) -> dict[Listed, pd.DataFrame]:
    """The labels that are left to decide about, those that are decided, and all; order is kept.

    Left to decide is what confident learning holds to be wrong and has no decision.

    Args:
        table: as of `suspects`.
        decided: indices of images with a decision, in the same file.
    """
    done = table["index"].isin(list(decided))
    return {"open": table[table["is_issue"] & ~done], "decided": table[done], "all": table}


# Of 600 labels planted wrong among MNIST's 60,000, this many are among the first 600 by 3 folds of
# the classic network after 1 epoch, and by 5 folds after 2: self-confidence 92.7 and 95.0 %,
# normalised margin 89.7 and 92.3 %, confidence-weighted entropy 88.2 and 90.8 %.
_METHOD = "self_confidence"


def _qualities(labels: IntArray, probabilities: FloatArray) -> NDArray[np.float64]:
    from cleanlab.rank import get_label_quality_scores

    if not len(labels):
        return np.zeros(0)
    scores: NDArray[np.float64] = get_label_quality_scores(labels, probabilities, method=_METHOD)
    return scores


def _issues(labels: IntArray, probabilities: FloatArray) -> NDArray[np.bool_]:
    """(N,) bool: which labels confident learning holds to be wrong.

    It compares what is said of the images of each class: with one class there is nothing to tell.
    """
    if len(np.unique(labels)) < 2:
        return np.zeros(len(labels), np.bool_)
    from cleanlab.filter import find_label_issues

    with warnings.catch_warnings():
        # Of a class with a single image nothing can be said, and of one without there is nothing.
        warnings.filterwarnings("ignore", "May not flag all label issues", UserWarning)
        # In this process: a pool of others takes longer to start than the work does.
        found: NDArray[np.bool_] = find_label_issues(labels, probabilities, n_jobs=1)
    return found
