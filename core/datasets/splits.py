"""Train, validation and test: which image belongs where, stratified and the same for a seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.datasets.catalog import num_held_out
from core.errors import DatasetError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from core.config import DataConfig
    from core.datasets.dataset import Dataset
    from core.datasets.overlay import Overlay

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True, eq=False)  # eq would compare tensors element by element
class Splits:
    """The three splits of a data set.

    Attributes:
        dataset: what is split.
        train_index: (n,) int64, ascending, into ``dataset.train_images``.
        validation_index: (v,) int64, ascending, into ``dataset.train_images``; disjoint from train.
        learnt_labels: (N,) int64, the train file's labels as they are learnt where decisions of a
            review have put some right; None where they are the given ones.
    """

    dataset: Dataset
    train_index: Tensor
    validation_index: Tensor
    learnt_labels: Tensor | None = None

    @property
    def train_labels(self) -> Tensor:
        """(N,) int64 labels of the whole train file, as they are learnt."""
        learnt = self.learnt_labels
        return self.dataset.train_labels if learnt is None else learnt

    @property
    def sizes(self) -> dict[str, int]:
        """The number of images of each split."""
        return {split: len(self.index(split)) for split in SPLITS}

    def index(self, split: str) -> Tensor:
        """(n,) int64: each image's position in the original file (train or test) of its split."""
        import torch

        if split == "train":
            return self.train_index
        if split == "validation":
            return self.validation_index
        _check_name(split)
        return torch.arange(len(self.dataset.test_labels))

    def images(self, split: str) -> Tensor:
        """(n, C, H, W) uint8. For train and validation a copy: ask once, not for each image."""
        if split == "test":
            return self.dataset.test_images
        return self.dataset.train_images.index_select(0, self.index(split))

    def labels(self, split: str) -> Tensor:
        """(n,) int64 in [0, K): train as it is learnt, validation and test as they are given."""
        if split == "test":
            return self.dataset.test_labels
        if split == "train":
            return self.train_labels.index_select(0, self.train_index)
        return self.dataset.train_labels.index_select(0, self.index(split))


def split(dataset: Dataset, config: DataConfig, overlay: Overlay | None = None) -> Splits:
    """The splits that a configuration asks for; equal seeds give equal splits.

    Validation images are drawn from the training file, each class in proportion to its size.
    ``train_limit`` then keeps the first so many of the rest; it never touches validation, so runs
    on fewer images are measured on the same ones. Nor do decisions of a review: the splits are
    drawn from the given labels, and what an overlay changes is only what is learnt.

    Raises:
        DatasetError: if so many images are held out that a class could have none to learn from.
        ReviewError: if the overlay is of another data set, or leaves nothing to learn from.
    """
    import torch

    num_train = len(dataset.train_labels)
    size = num_held_out(config.validation_size, dataset.title, num_train, dataset.num_classes)
    held_out = stratified(dataset.train_labels.numpy(), size, config.split_seed)
    train = np.flatnonzero(~held_out)
    if config.train_limit:
        train = train[: config.train_limit]
    validation = np.flatnonzero(held_out)
    given = Splits(dataset, torch.from_numpy(train), torch.from_numpy(validation))
    return given if overlay is None else overlay.apply(given)


def stratified(labels: NDArray[Any], size: int, seed: int) -> NDArray[np.bool_]:
    """(N,) bool: `size` examples drawn at random, of each class a share equal to within one.

    Args:
        labels: (N,) integers.
        size: how many are drawn, in [0, N].
        seed: of numpy's PCG64.
    """
    random = np.random.Generator(np.random.PCG64(seed))
    chosen = np.zeros(len(labels), np.bool_)
    values, counts = np.unique(labels, return_counts=True)
    for value, quota in zip(values, _quotas(counts, size), strict=True):
        chosen[random.permutation(np.flatnonzero(labels == value))[:quota]] = True
    return chosen


def _quotas(counts: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """`size` divided in proportion to `counts`: rounded down, then the largest remainders get one.

    The method of Hamilton; in integers, so no rounding error decides, and ties go to the first.
    """
    quotas, remainders = np.divmod(counts * size, counts.sum())
    order = np.argsort(-remainders, kind="stable")
    quotas[order[: size - quotas.sum()]] += 1
    return quotas


def _check_name(split: str) -> None:
    if split not in SPLITS:
        raise DatasetError(f"a split must be one of {', '.join(SPLITS)}, got {split!r}")
