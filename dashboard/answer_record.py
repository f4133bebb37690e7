"""What is kept of an epoch's answers once it has been read, and whose answers it may be. Pure."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.datasets import Dataset
from core.errors import RunError
from core.evaluation import FloatArray, IntArray, check_probabilities
from core.runs import Run


@dataclass(frozen=True, eq=False)  # eq would compare arrays element by element
class Record:
    """A network's answers on a split, six bytes an image however many classes there are.

    Attributes:
        predicted: (N,) class indices.
        confidence: (N,) probability of the predicted class in [0, 1], as it is saved.
        probability: (N,) that of the label's class.
    """

    predicted: NDArray[np.int16]
    confidence: NDArray[np.float16]
    probability: NDArray[np.float16]


def record_of(labels: IntArray, probabilities: FloatArray) -> Record:
    """The record of probabilities (N, K).

    Raises:
        RunError: if one is not a finite number, or the sizes do not agree.
    """
    check_probabilities(labels, probabilities)
    rows, predicted = np.arange(len(labels)), probabilities.argmax(1)
    return Record(
        predicted=predicted.astype(np.int16),
        confidence=probabilities[rows, predicted].astype(np.float16),
        probability=probabilities[rows, labels].astype(np.float16),
    )


def check_version(of: Run, data: Dataset, num_images: int, answers: FloatArray, what: str) -> None:
    """Lets answers pass that a run gave to the images that its data set holds now.

    Args:
        of: whose answers.
        data: the data set, as it is now.
        num_images: how many of its images were asked about.
        answers: what it gave; (N, K) if they belong to it.
        what: the answers are on, as in ``epoch 3, test``.

    Raises:
        RunError: if the data set is another version of the one that the run learnt from.
    """
    seen = of.dataset_info()
    changed = seen is not None and seen.fingerprint != data.fingerprint
    if changed or answers.shape != (num_images, data.num_classes):
        raise RunError(
            f"the answers of run {of.id} belong to another version of {data.title}: the data set "
            f"has changed since ({what}, {len(answers):,} images then, {num_images:,} now)"
        )
