"""How every image of a split fared over a run's epochs: one word and two numbers an image.

The verdicts are those of `core.inspection.biography.Biography`, for all images at once. The
untrained network, epoch 0, guesses, and has no part in them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
from numpy.typing import NDArray

from core.errors import RunError
from core.evaluation import IntArray
from core.inspection.biography import Verdict

if TYPE_CHECKING:
    import pandas as pd

VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
Flags = NDArray[np.bool_]


def biographies(
    epochs: Sequence[int], predicted: NDArray[np.integer], labels: IntArray
) -> pd.DataFrame:
    """One row an image, in the split's order.

    Columns:

    - position: row in the split;
    - verdict: categorical, one of `VERDICTS`, as `Biography.verdict`;
    - learnt: the trained epoch from which on it is right to the end, NA where it is wrong there
      (nullable integer);
    - times_forgotten: how often it went from right to wrong from one trained epoch to the next;
      forgetting events, Toneva et al. 2019, counted by epoch.

    Args:
        epochs: (E,) ascending; 0 is the untrained network.
        predicted: (E, N) class indices.
        labels: (N,) class indices.

    Raises:
        RunError: if the sizes do not agree.
    """
    import pandas as pd

    if predicted.shape != (len(epochs), len(labels)):
        shape = "×".join(map(str, predicted.shape))
        raise RunError(
            f"{len(epochs)} epochs of {len(labels):,} images need as many answers, got {shape}"
        )
    trained = np.asarray(epochs, dtype=np.int64) > 0
    right = predicted[trained] == labels
    forgotten = (right[:-1] & ~right[1:]).sum(0)
    return pd.DataFrame(
        {
            "position": np.arange(len(labels)),
            "verdict": pd.Categorical.from_codes(_codes(right, forgotten), pd.Index(VERDICTS)),
            "learnt": _learnt(np.asarray(epochs)[trained], right),
            "times_forgotten": forgotten.astype(np.int64),
        }
    )


def learnt_counts(table: pd.DataFrame, epochs: Sequence[int]) -> pd.DataFrame:
    """How many images are right for good since each trained epoch: epoch, images."""
    import pandas as pd

    trained = [epoch for epoch in epochs if epoch > 0]
    counts = table["learnt"].value_counts().reindex(trained, fill_value=0)
    return pd.DataFrame({"epoch": trained, "images": counts.to_numpy(dtype=np.int64)})


def forgotten_counts(table: pd.DataFrame) -> pd.DataFrame:
    """How many images were forgotten how often, from 0 to the most: times, images."""
    import pandas as pd

    counts = np.bincount(table["times_forgotten"].to_numpy(), minlength=1)
    return pd.DataFrame({"times": np.arange(len(counts)), "images": counts})


def verdict_counts(table: pd.DataFrame) -> dict[Verdict, int]:
    """How many images have each verdict, in the order of `VERDICTS`, none left out."""
    counts = table["verdict"].value_counts()
    return {verdict: int(counts[verdict]) for verdict in VERDICTS}


def _codes(right: Flags, forgotten: IntArray) -> NDArray[np.int8]:
    """(N,) positions in `VERDICTS`; the first case that holds names the verdict."""
    if not len(right):
        return np.full(right.shape[1], VERDICTS.index("untrained"), np.int8)
    cases: dict[Verdict, Any] = {
        "never right": ~right.any(axis=0),
        "forgotten": ~right[-1],
        "always right": right.all(axis=0),
        "unsteady": forgotten > 0,
    }
    codes = [VERDICTS.index(verdict) for verdict in cases]
    return np.select(list(cases.values()), codes, VERDICTS.index("learnt")).astype(np.int8)


def _learnt(epochs: IntArray, right: Flags) -> pd.Series:
    """(N,) the epoch behind the last one that is wrong; NA where that is the last of all."""
    import pandas as pd

    # Backwards, argmax finds the last wrong epoch; where there is none, it is right from the first.
    wrong = ~right[::-1]
    streak = (
        np.where(wrong.any(0), wrong.argmax(0), len(right))
        if len(right)
        else np.zeros(right.shape[1], np.int64)
    )
    learnt = pd.Series(pd.NA, index=range(right.shape[1]), dtype="Int64")
    known = streak > 0
    learnt[known] = epochs[len(epochs) - streak[known]]
    return learnt
