"""How many networks read an image wrong, and how many would by bad luck alone.

If every network erred on images of its own, independently of the others, the number that are wrong
on one image would follow the Poisson-binomial distribution of their error rates. Images that all
read wrong far more often than that are hard, ambiguous or mislabelled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.errors import ReviewError
from core.evaluation import IntArray

if TYPE_CHECKING:
    import pandas as pd

DIFFERENT = -1  # in `Agreement.answer`: no single wrong answer


@dataclass(frozen=True, eq=False)  # eq would compare arrays element by element
class Agreement:
    """What R networks make of the same N images.

    Attributes:
        wrong: (N,) how many networks read an image wrong.
        answer: (N,) the class that all of those take it for; `DIFFERENT` where they disagree, or
            none is wrong.
        errors: (R,) how many images each network reads wrong.
        alone: (R,) how many of those only this network reads wrong.
        table: one row for each k from 0 to R: ``wrong_in`` (k), ``images`` that exactly k networks
            read wrong, and ``expected``, how many would be by independent errors.
    """

    wrong: IntArray
    answer: IntArray
    errors: IntArray
    alone: IntArray
    table: pd.DataFrame

    @property
    def num_agreed(self) -> int:
        """How many images all networks read wrong, and take for the same class."""
        by_all = self.wrong == len(self.errors)
        return int((by_all & (self.answer != DIFFERENT)).sum())


def agreement(predicted: NDArray[np.integer[Any]], labels: IntArray) -> Agreement:
    """Compares the answers of R networks.

    Args:
        predicted: (R, N) class indices, R at least 1.
        labels: (N,) class indices.

    Raises:
        ReviewError: if there is no network, or the sizes do not agree.
    """
    import pandas as pd

    if predicted.ndim != 2 or not len(predicted) or predicted.shape[1] != len(labels):
        shape = "×".join(map(str, predicted.shape))
        raise ReviewError(
            f"the answers of at least one network on {len(labels):,} images are needed, got {shape}"
        )
    is_wrong = predicted != labels
    wrong, num_images = is_wrong.sum(0), len(labels)
    errors = is_wrong.sum(1)
    counts = np.bincount(wrong, minlength=len(predicted) + 1)
    luck = poisson_binomial(errors / max(num_images, 1))
    return Agreement(
        wrong=wrong.astype(np.int64),
        answer=_common_answer(predicted, is_wrong),
        errors=errors.astype(np.int64),
        alone=(is_wrong & (wrong == 1)).sum(1).astype(np.int64),
        table=pd.DataFrame(
            {"wrong_in": np.arange(len(counts)), "images": counts, "expected": luck * num_images}
        ),
    )


def poisson_binomial(rates: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    """(R + 1,) the chance of 0, 1, … R successes in independent trials with these R rates.

    The product of the generating functions (1 − p + p z), Wang 1993, equation 2.
    """
    chances = np.ones(1)
    for rate in rates:
        chances = np.convolve(chances, (1.0 - rate, rate))
    return chances


def _common_answer(predicted: NDArray[Any], is_wrong: NDArray[np.bool_]) -> IntArray:
    """The wrong answer that all networks share that are wrong; `DIFFERENT` where there is none."""
    values = predicted.astype(np.int64)
    most = np.where(is_wrong, values, DIFFERENT).max(0)
    least = np.where(is_wrong, values, np.iinfo(np.int64).max).min(0)
    return np.where(least == most, most, DIFFERENT)
