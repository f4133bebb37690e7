"""Probabilities out of sample for every image of the train file, by k-fold training.

The file is dealt into k folds, and k networks are trained, each on all folds but one; that one it
then answers for. So every image, validation included, gets the answer of a network that has not
learnt it, which is what label errors are found by: a network that has learnt a wrong label
believes it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from core.config import RunConfig, with_overrides
from core.datasets import Dataset, Splits
from core.errors import ConfigError, DivergenceError
from core.evaluation import FloatArray, predict
from core.training.loop import learn_epoch
from core.training.state import Training

if TYPE_CHECKING:
    from torch import Tensor

MOST_FOLDS = 20


@dataclass(frozen=True, eq=False)  # eq would compare arrays element by element
class FoldResult:
    """What the network that has not learnt a fold answers for it.

    Attributes:
        fold: its number, from 0.
        index: (n,) int64, ascending, into the train file.
        probabilities: (n, K) float32.
        accuracy: share of the given labels it answers, in [0, 1].
        seconds: time spent training.
    """

    fold: int
    index: NDArray[np.int64]
    probabilities: FloatArray
    accuracy: float
    seconds: float


def fold_numbers(labels: NDArray[Any], num_folds: int, seed: int) -> NDArray[np.int64]:
    """(N,) in [0, num_folds): a fold for each image, at random, equal seeds give equal folds.

    Folds are equal in size, and in the size of each class, to within one.

    Args:
        labels: (N,) integers.
        num_folds: in [2, N].
        seed: of numpy's PCG64.
    """
    random = np.random.Generator(np.random.PCG64(seed))
    shuffled = random.permutation(len(labels))
    # Sorted by class and dealt out like cards: no fold gets a second one before all have one.
    dealt = shuffled[np.argsort(labels[shuffled], kind="stable")]
    numbers = np.empty(len(labels), np.int64)
    numbers[dealt] = np.arange(len(labels)) % num_folds
    return numbers


def check_folds(num_folds: int, epochs: int, num_images: int) -> None:
    """Refuses numbers that no k-fold training can be done with.

    Raises:
        ConfigError: with the allowed range.
    """
    most = min(MOST_FOLDS, num_images)
    if isinstance(num_folds, bool) or not isinstance(num_folds, int) or not 2 <= num_folds <= most:
        sentence = f"num_folds must be a whole number in [2, {most}], got {num_folds!r}"
        raise ConfigError([("num_folds", sentence)])
    with_overrides(RunConfig(), [f"training.epochs={epochs}"])


def train_fold(
    config: RunConfig, dataset: Dataset, num_folds: int, fold: int
) -> Iterator[tuple[int, int] | FoldResult]:
    """Trains on all folds but one, yielding ``(step, steps)`` on the way and the result at last.

    Network, augmentation, optimizer and epochs are those of the configuration; nothing is measured
    on the way, and early stopping is off: it would look at the fold that must stay unseen. Labels
    are learnt as they are given.

    Args:
        config: what is trained, and how. ``data.train_limit`` and the validation split have no
            part in it.
        dataset: whose train file is dealt.
        num_folds: how many folds it is dealt into.
        fold: the one that is left out, from 0.

    Raises:
        DivergenceError: if the training blows up.
    """
    splits = _without(dataset, fold_numbers(
        dataset.train_labels.numpy(), num_folds, config.data.split_seed
    ), fold)  # fmt: skip
    training = Training.begin(config, dataset, splits)
    training.progress.started = True
    total = training.steps_per_epoch * config.training.epochs
    for _ in range(config.training.epochs):
        for record in learn_epoch(training):
            yield record.step, total
    yield _answered(training, fold)


def _without(dataset: Dataset, numbers: NDArray[np.int64], fold: int) -> Splits:
    held_out = numbers == fold
    train, rest = np.flatnonzero(~held_out), np.flatnonzero(held_out)
    return Splits(dataset, torch.from_numpy(train), torch.from_numpy(rest))


def _answered(training: Training, fold: int) -> FoldResult:
    splits, dataset = training.splits, training.dataset
    images: Tensor = splits.images("validation").to(training.device)
    probabilities = predict(training.model, images, dataset.mean, dataset.std)
    if not bool(probabilities.isfinite().all()):
        rate = training.config.training.learning_rate
        raise DivergenceError(
            f"The network of fold {fold + 1} answers with numbers that are not finite, at learning "
            f"rate {rate:.3g}. Try a learning rate of {rate / 10:.1g}, or a gradient clip of 1."
        )
    right = probabilities.argmax(1).eq(splits.labels("validation"))
    return FoldResult(
        fold,
        splits.validation_index.numpy(),
        probabilities.numpy(),
        int(right.sum()) / len(right),
        training.progress.seconds,
    )
