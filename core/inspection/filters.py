"""The kernels of a conv layer: their size, their likeness, and which ones do nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.errors import UserError
from core.inspection.lookup import check_conv_layer, check_index
from core.inspection.passes import BATCH_SIZE, folded, split_outputs

if TYPE_CHECKING:
    import pandas as pd

Kernels = NDArray[np.float32]
Array = NDArray[np.float64]

# Cosine from which two filters are called near-duplicates: at most 18° apart. Random 3×3 kernels on
# one channel come that close in 1 of 78,000 pairs, on two channels in 1 of 4 billion.
DUPLICATE_SIMILARITY = 0.95


@dataclass(frozen=True, eq=False)  # eq would compare arrays element by element
class NormHistory:
    """How long each filter was after each epoch.

    Attributes:
        epochs: ascending as given.
        norms: (epochs, out).
    """

    epochs: tuple[int, ...]
    norms: Array


def kernels(weights: Mapping[str, Tensor], layer: str) -> Kernels:
    """The kernels of a conv layer, (out, in, kh, kw) float32.

    Args:
        weights: of a model's ``state_dict()`` or a run's epoch (`core.runs.Run.weights`).
        layer: the conv layer, as in ``blocks.0.conv``.

    Raises:
        UserError: if there is no such conv layer, or none at all.
    """
    known = [
        name.removesuffix(".weight")
        for name, tensor in weights.items()
        if name.endswith(".weight") and tensor.dim() == 4
    ]
    check_conv_layer(layer, known)
    array: Kernels = weights[f"{layer}.weight"].detach().float().contiguous().cpu().numpy()
    return array


def norms(filters: Kernels) -> Array:
    """(out,) the Euclidean norm of each filter over all its input channels."""
    flat = filters.reshape(len(filters), -1).astype(float)
    lengths: Array = np.sqrt((flat**2).sum(1))
    return lengths


def similarity(filters: Kernels) -> Array:
    """(out, out) cosine between filters, in [-1, 1]; 0 with a filter that is all zeros."""
    flat = filters.reshape(len(filters), -1).astype(float)
    lengths = norms(filters)[:, None]
    directions = np.divide(flat, lengths, out=np.zeros_like(flat), where=lengths > 0)
    cosines: Array = np.clip(directions @ directions.T, -1, 1)
    return cosines


def nearest_twins(filters: Kernels, channel: int, count: int = 5) -> pd.DataFrame:
    """The other filters most like one: columns channel, similarity (cosine), the nearest first.

    Args:
        filters: (out, in, kh, kw).
        channel: whose twins are looked for, from 0.
        count: how many, at most.

    Raises:
        UserError: if there is no such channel.
    """
    import pandas as pd

    check_index("channel", channel, len(filters), "the layer")
    cosines = similarity(filters)[channel]
    order = np.argsort(-cosines, kind="stable")
    others = order[order != channel][:count]
    return pd.DataFrame({"channel": others, "similarity": cosines[others]})


def near_duplicates(
    filters: Kernels, threshold: float = DUPLICATE_SIMILARITY
) -> list[tuple[int, int, float]]:
    """Pairs of filters that look for nearly the same: (first, second, cosine), the nearest first.

    Args:
        filters: (out, in, kh, kw). 1×1 kernels on a single channel have nothing but a sign, so
            among them there are no duplicates to speak of.
        threshold: the smallest cosine of a pair, in (0, 1].
    """
    if filters[0].size == 1:
        return []
    cosines = similarity(filters)
    pairs = np.argwhere(np.triu(cosines >= threshold, k=1))
    found = [(int(first), int(second), float(cosines[first, second])) for first, second in pairs]
    return sorted(found, key=lambda pair: -pair[2])


def norm_history(weights: Iterable[tuple[int, Mapping[str, Tensor]]], layer: str) -> NormHistory:
    """Each filter's norm after each epoch.

    Args:
        weights: (epoch, its weights), read one after the other, so a generator will do.
        layer: the conv layer.

    Raises:
        UserError: if there is no such conv layer, or there are no epochs.
    """
    pairs = [(epoch, norms(kernels(tensors, layer))) for epoch, tensors in weights]
    if not pairs:
        raise UserError("this run has no finished epoch whose filters could be looked at")
    epochs, lengths = zip(*pairs, strict=True)
    return NormHistory(epochs, np.stack(lengths))


def filter_activity(
    model: nn.Module,
    images: Tensor,
    mean: Sequence[float],
    std: Sequence[float],
    layer: str,
    batch_size: int = BATCH_SIZE,
) -> pd.DataFrame:
    """What each channel answers on a split; one row a channel or unit.

    Columns: channel; mean, smallest and largest of its values over all images and places;
    active_share, the share of values above 0, in [0, 1]; dead, whether it gives one and the same
    value for every image at every place, as `core.training.measurement` counts dead units. Behind
    a ReLU that is a filter that is never active.

    Args:
        model: any module.
        images: (N, C, H, W) uint8.
        mean: of each channel, pixels in [0, 1].
        std: likewise.
        layer: where to look: `core.inspection.lookup.FilterLayers.response` for a filter.
        batch_size: images at a time.

    Raises:
        UserError: if there is no such layer, or there are no images.
    """
    import pandas as pd

    total, active, low, high = (np.array(start) for start in (0.0, 0.0, np.inf, -np.inf))
    count = 0
    for outputs in split_outputs(model, images, mean, std, [layer], batch_size):
        values = outputs[layer].float()
        spread = [axis for axis in range(values.dim()) if axis != 1]
        total = total + _numbers(values.sum(spread))
        active = active + _numbers((values > 0).float().sum(spread))
        low = np.minimum(low, _numbers(folded(values, torch.minimum).amin(0)))
        high = np.maximum(high, _numbers(folded(values, torch.maximum).amax(0)))
        count += values.numel() // values.shape[1]
    return pd.DataFrame(
        {
            "channel": np.arange(len(low)),
            "mean": total / count,
            "smallest": low,
            "largest": high,
            "active_share": active / count,
            "dead": low == high,
        }
    )


def dead_filters(activity: pd.DataFrame) -> list[int]:
    """The channels that `filter_activity` found dead, ascending."""
    return [int(channel) for channel in activity.loc[activity["dead"], "channel"]]


def _numbers(tensor: Tensor) -> Array:
    array: Array = tensor.double().cpu().numpy()
    return array
