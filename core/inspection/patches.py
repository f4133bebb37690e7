"""The patches of a data set that excite each channel of a layer most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.errors import UserError
from core.inspection.lookup import check_index, layer_row
from core.inspection.passes import BATCH_SIZE, folded, split_outputs
from core.inspection.receptive_field import flattened_from
from core.model import ConvNet

if TYPE_CHECKING:
    import pandas as pd

Indices = NDArray[np.int64]
Values = NDArray[np.float32]


@dataclass(frozen=True, eq=False)  # eq would compare arrays element by element
class TopPatches:
    """For each channel the images in which it answers most, one place in each image.

    All arrays are (C, k), the largest value first; of equal values the image that comes first in
    the split is first, and in an image the upper row, then the left column.

    Attributes:
        layer: whose channels these are.
        position: row of the split.
        row: of the layer's map; 0 where it has units.
        column: likewise.
        value: the largest of that image.
    """

    layer: str
    position: Indices
    row: Indices
    column: Indices
    value: Values

    def table(self, channel: int) -> pd.DataFrame:
        """One row a patch of a channel: position, row, column, value.

        Raises:
            UserError: if there is no such channel.
        """
        import pandas as pd

        check_index("channel", channel, len(self.position), self.layer)
        names = ("position", "row", "column", "value")
        return pd.DataFrame({name: getattr(self, name)[channel] for name in names})


def top_patches(
    model: nn.Module,
    images: Tensor,
    mean: Sequence[float],
    std: Sequence[float],
    layers: Sequence[str],
    count: int = 9,
    batch_size: int = BATCH_SIZE,
) -> dict[str, TopPatches]:
    """The `count` best patches of every channel of each layer, in one pass over the images.

    Args:
        model: any module.
        images: (N, C, H, W) uint8. With fewer than `count` each is a patch.
        mean: of each channel, pixels in [0, 1].
        std: likewise.
        layers: names of layers; `core.inspection.lookup.FilterLayers.response` for filters.
        count: at least 1.
        batch_size: images at a time.

    Raises:
        UserError: if there is no such layer, there are no images, or `count` is less than 1.
    """
    if count < 1:
        raise UserError(f"the number of patches must be at least 1, got {count}")
    best = {layer: _Best(count) for layer in layers}
    for outputs in split_outputs(model, images, mean, std, layers, batch_size):
        for layer in layers:
            best[layer].add(outputs[layer])
    return {layer: found.patches(layer) for layer, found in best.items()}


def patch_images(model: ConvNet, images: Tensor, patches: TopPatches, channel: int) -> Tensor:
    """The pixels that a channel's top patches saw, (k, C, h, w) uint8, black beyond the image.

    ``h`` and ``w`` are the sides of the layer's receptive field, so all patches are equally large.

    Args:
        model: the network that the patches were found with.
        images: (N, C, H, W) uint8, the same as then.
        patches: from `top_patches`.
        channel: from 0.

    Raises:
        UserError: if there is no such channel, or the layer is gone.
    """
    check_index("channel", channel, len(patches.position), patches.layer)
    fields = layer_row(model, patches.layer).fields
    places = [patches.row[channel], patches.column[channel]]
    if patches.layer == "flatten":
        places = [places[0] + at for at in flattened_from(model, channel)[1:]]
    spans, inside = [], []
    for field, place, length in zip(fields, places, images.shape[2:], strict=True):
        first = field.start + field.step * place
        span = torch.from_numpy(first[:, None] + np.arange(field.size))  # (k, side)
        spans.append(span.clamp(0, length - 1))
        inside.append((span >= 0) & (span < length))
    position = torch.from_numpy(patches.position[channel])[:, None, None]
    cut = images[position, :, spans[0][:, :, None], spans[1][:, None, :]]  # (k, h, w, C)
    visible = inside[0][:, :, None] & inside[1][:, None, :]
    return (cut * visible[..., None]).permute(0, 3, 1, 2).contiguous()


class _Best:
    """The best patches of one layer so far, (C, up to `count`) each."""

    def __init__(self, count: int):
        self._count = count
        self._seen = 0
        self._found: tuple[Values, Indices, Indices] | None = None  # value, position, place
        self._width = 1

    def add(self, output: Tensor) -> None:
        """Takes in the next batch's outputs, (n, C, H, W) or (n, C)."""
        maps = output.float() if output.dim() == 4 else output.float()[:, :, None, None]
        self._width = maps.shape[3]
        value: Values = folded(maps, torch.maximum).T.cpu().numpy()  # (C, n)
        # A stable sort keeps equal values in the order of the split.
        best = np.argsort(-value, axis=1, kind="stable")[:, : self._count]
        # Places are looked up for these few only, and by numpy, which promises the first of equals.
        channels = torch.arange(len(best), device=maps.device)[:, None]
        chosen = maps[torch.from_numpy(best).to(maps.device), channels].flatten(2)
        place = chosen.cpu().numpy().argmax(2)
        new = (np.take_along_axis(value, best, 1), best + self._seen, place)
        self._seen += len(maps)
        self._found = new if self._found is None else self._merged(self._found, new)

    def _merged(
        self, old: tuple[Values, Indices, Indices], new: tuple[Values, Indices, Indices]
    ) -> tuple[Values, Indices, Indices]:
        order = np.argsort(-np.concatenate([old[0], new[0]], 1), axis=1, kind="stable")
        order = order[:, : self._count]

        def join(before: NDArray[Any], after: NDArray[Any]) -> NDArray[Any]:
            return np.take_along_axis(np.concatenate([before, after], 1), order, 1)

        return join(old[0], new[0]), join(old[1], new[1]), join(old[2], new[2])

    def patches(self, layer: str) -> TopPatches:
        """What was found."""
        assert self._found is not None
        value, position, place = self._found
        return TopPatches(layer, position, place // self._width, place % self._width, value)
