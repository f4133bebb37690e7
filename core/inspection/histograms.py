"""How strongly each channel answers the images of each class."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.errors import UserError
from core.evaluation import IntArray
from core.inspection.lookup import check_index
from core.inspection.passes import BATCH_SIZE, folded, split_outputs

Statistic = Literal["largest", "mean"]

MAX_BINS = 1000


@dataclass(frozen=True, eq=False)  # eq would compare arrays element by element
class ClassHistogram:
    """How one channel's answers are spread, class by class.

    Attributes:
        edges: (bins + 1,) ascending; a bar takes in its lower edge, the last one its upper too.
        counts: (K, bins) images.
        means: (K,) mean answer to each class; NaN where the split has no image of it.
    """

    edges: NDArray[np.float64]
    counts: IntArray
    means: NDArray[np.float64]


def channel_values(
    model: nn.Module,
    images: Tensor,
    mean: Sequence[float],
    std: Sequence[float],
    layer: str,
    statistic: Statistic = "largest",
    batch_size: int = BATCH_SIZE,
) -> NDArray[np.float32]:
    """One number for each image and channel, (N, C) float32: its map's largest value, or mean.

    The largest is what top patches are ranked by. Units of a dense layer are taken as they are.

    Args:
        model: any module.
        images: (N, C, H, W) uint8.
        mean: of each channel, pixels in [0, 1].
        std: likewise.
        layer: `core.inspection.lookup.FilterLayers.response` for filters.
        statistic: largest or mean.
        batch_size: images at a time.

    Raises:
        UserError: if there is no such layer, or there are no images.
    """
    parts = []
    for outputs in split_outputs(model, images, mean, std, [layer], batch_size):
        output = outputs[layer].float()
        largest = statistic == "largest" or output.dim() == 2
        values = folded(output, torch.maximum) if largest else output.mean((2, 3))
        parts.append(values.cpu().numpy())
    return np.concatenate(parts)


def class_histogram(
    values: NDArray[np.float32],
    labels: IntArray,
    channel: int,
    num_classes: int,
    bins: int = 40,
) -> ClassHistogram:
    """The histogram of one channel's values for each class, all with the same bars.

    Args:
        values: (N, C) from `channel_values`.
        labels: (N,) in [0, K).
        channel: from 0.
        num_classes: K.
        bins: bars between the smallest and the largest value, in [1, 1000]. Where all values are
            equal, they lie in the middle of bars 1 wide in all.

    Raises:
        UserError: if there is no such channel, or `bins` is out of range.
    """
    check_index("channel", channel, values.shape[1], "the layer")
    if not 1 <= bins <= MAX_BINS:
        raise UserError(f"bins must lie in [1, {MAX_BINS}], got {bins}")
    own = values[:, channel].astype(float)
    edges = np.histogram_bin_edges(own, bins)
    counts = np.zeros((num_classes, bins), np.int64)
    np.add.at(counts, (labels, _bars(own, edges)), 1)
    images = counts.sum(1)
    sums = np.bincount(labels, weights=own, minlength=num_classes)
    means = np.divide(sums, images, out=np.full(num_classes, np.nan), where=images > 0)
    return ClassHistogram(edges, counts, means)


def images_in_bar(
    values: NDArray[np.float32],
    labels: IntArray,
    channel: int,
    histogram: ClassHistogram,
    bar: int,
    label: int | None = None,
) -> IntArray:
    """Positions in the split of the images that a bar counts, the strongest answer first.

    Args:
        values: (N, C), as the histogram was made from.
        labels: (N,) likewise.
        channel: likewise.
        histogram: from `class_histogram`.
        bar: from 0.
        label: only images of this class; None for all.

    Raises:
        UserError: if there is no such channel or bar.
    """
    check_index("channel", channel, values.shape[1], "the layer")
    check_index("bar", bar, histogram.counts.shape[1], "the histogram")
    own = values[:, channel].astype(float)
    inside = _bars(own, histogram.edges) == bar
    if label is not None:
        inside &= labels == label
    positions = np.flatnonzero(inside)
    return positions[np.argsort(-own[positions], kind="stable")]


def _bars(values: NDArray[np.float64], edges: NDArray[np.float64]) -> IntArray:
    """(N,) the bar that each value falls into."""
    bars = np.searchsorted(edges, values, side="right") - 1
    clipped: IntArray = np.clip(bars, 0, len(edges) - 2)
    return clipped
