"""Probabilities out of sample for every image of the train file, by k-fold training.

The file is dealt into k folds, and k networks are trained, each on all folds but one; that one it
then answers for. So every image, validation included, gets the answer of a network that has not
learnt it, which is what label errors are found by: a network that has learnt a wrong label
believes it.

The labels can be learnt as a review has decided so far, so that a second look is given by networks
that no longer learn the mistakes found by the first. The folds stay the same: what an image is
asked of still has not learnt it, under no label at all.
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

    from core.datasets.overlay import Overlay

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
        weights: of that network, by name, on the CPU.
    """

    fold: int
    index: NDArray[np.int64]
    probabilities: FloatArray
    accuracy: float
    seconds: float
    weights: dict[str, Tensor]


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


def fold_splits(
    config: RunConfig, dataset: Dataset, num_folds: int, fold: int, overlay: Overlay | None = None
) -> Splits:
    """What the network of a fold learns, as ``train``, and the fold itself, as ``validation``.

    Args:
        config: its ``data.split_seed`` deals the folds; ``data.train_limit`` and the run's own
            validation split have no part in it.
        dataset: whose train file is dealt.
        num_folds: how many folds it is dealt into.
        fold: the one that is left out, from 0.
        overlay: decisions to learn with. Images that it leaves out are not learnt by any network,
            but every one is still answered for. The folds are dealt by the given labels: they are
            the same with and without it.

    Raises:
        ReviewError: if the decisions are about other data, or leave nothing to learn from.
    """
    numbers = fold_numbers(dataset.train_labels.numpy(), num_folds, config.data.split_seed)
    rest, held_out = np.flatnonzero(numbers != fold), np.flatnonzero(numbers == fold)
    given = Splits(dataset, torch.from_numpy(rest), torch.from_numpy(held_out))
    return given if overlay is None else overlay.apply(given)


def train_fold(
    config: RunConfig, dataset: Dataset, num_folds: int, fold: int, overlay: Overlay | None = None
) -> Iterator[tuple[int, int] | FoldResult]:
    """Trains on all folds but one, yielding ``(step, steps)`` on the way and the result at last.

    Network, augmentation, optimizer and epochs are those of the configuration. The arguments are
    those of `fold_splits`.

    Raises:
        ReviewError: if the decisions are about other data, or leave nothing to learn from.
        DivergenceError: if the training blows up.
    """
    splits = fold_splits(config, dataset, num_folds, fold, overlay)
    training = Training.begin(config, dataset, splits)
    yield from learn_fold(training)
    yield answer_fold(training, fold)


def learn_fold(training: Training) -> Iterator[tuple[int, int]]:
    """Trains from where it stands to the last planned epoch, yielding ``(step, steps)``.

    Nothing is measured on the way, and early stopping is off: it would look at the fold that must
    stay unseen. The training's checkpoint may be taken at any step that is yielded; one restored
    from it ends with bitwise the same weights.

    Args:
        training: on `fold_splits`, fresh or restored.

    Raises:
        DivergenceError: if the training blows up.
    """
    training.progress.started = True
    total = training.steps_per_epoch * training.planned_epochs
    while training.epoch < training.planned_epochs:
        for record in learn_epoch(training):
            yield record.step, total


def answer_fold(training: Training, fold: int) -> FoldResult:
    """What a network that has been trained answers for its fold.

    Args:
        training: that `learn_fold` has brought to its end.
        fold: its number, from 0.

    Raises:
        DivergenceError: if the answers are not finite numbers.
    """
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
        training.checkpoint().weights,
    )
