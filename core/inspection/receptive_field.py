"""Which pixels of the image a value can depend on, and how strongly it does for one image."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.capture import capture
from core.errors import UserError
from core.inspection.lookup import (
    INPUT,
    PROBABILITIES,
    as_batch,
    check_position,
    layer_row,
    layer_rows,
)
from core.layers import LayerRow
from core.model import ConvNet


@dataclass(frozen=True)
class ReceptiveField:
    """All pixels at the crossing of `rows` and `columns`, in every channel of the image.

    Attributes:
        rows: ascending, inside the image. A stride wider than its window leaves gaps; a window
            that lies in the padding altogether leaves nothing.
        columns: likewise.
    """

    rows: tuple[int, ...]
    columns: tuple[int, ...]

    @property
    def box(self) -> tuple[int, int, int, int]:
        """(top, bottom, left, right), bottom and right excluded: the smallest box around all."""
        if not self.rows or not self.columns:
            return 0, 0, 0, 0
        return self.rows[0], self.rows[-1] + 1, self.columns[0], self.columns[-1] + 1


@dataclass(frozen=True)
class _Window:
    """A window that moves along one axis, `length` long, of a layer's source."""

    size: int
    stride: int
    padding: int
    length: int

    def reads(self, positions: Iterable[int]) -> set[int]:
        """The source's positions that the window reads at any of its own `positions`."""
        firsts = (position * self.stride - self.padding for position in positions)
        read = {first + offset for first in firsts for offset in range(self.size)}
        return read & set(range(self.length))


def receptive_field(
    model: ConvNet, layer: str, channel: int, row: int = 0, column: int = 0
) -> ReceptiveField:
    """Exactly the pixels whose change can change a value, whatever the weights.

    Unlike `core.layers.Field`, which is quick and allows for more, this leaves out what lies in the
    gaps of wide strides and behind the padding of later layers. Araujo et al. 2019
    (doi:10.23915/distill.00021).

    Args:
        model: the network.
        layer: a name of the layer table, ``input`` or ``probabilities``.
        channel: from 0; the unit or the class where the layer has no maps.
        row: of the layer's map, from 0; 0 where it has none.
        column: likewise.

    Raises:
        UserError: if there is no such layer, channel or place.
    """
    shape = _shape(model, layer)
    check_position(shape, layer, channel, row, column)
    if layer == INPUT:
        return ReceptiveField((row,), (column,))
    sides = [_windows(model, layer, axis) for axis in (0, 1)]
    positions: list[Iterable[int]]
    if len(shape) == 3:
        positions = [(row,), (column,)]
    else:
        # A value that was flattened keeps its place; every layer from here on reads all of them.
        positions = (
            [(at,) for at in flattened_from(model, channel)[1:]]
            if layer == "flatten"
            else [range(side) for side in _last_maps(model)[1:]]
        )
    rows, columns = (_through(*pair) for pair in zip(sides, positions, strict=True))
    return ReceptiveField(rows, columns)


def flattened_from(model: ConvNet, unit: int) -> tuple[int, ...]:
    """Where a value of the layer ``flatten`` was before: (channel, row, column) of the maps."""
    return tuple(int(index) for index in np.unravel_index(unit, _last_maps(model)))


def influence(
    model: nn.Module, image: Tensor, layer: str, channel: int, row: int = 0, column: int = 0
) -> NDArray[np.float32]:
    """How strongly each pixel moves a value for this image: ``Σ |∂value / ∂pixel|``, (H, W).

    The sum is over the image's channels. A pixel inside the receptive field may show 0: a unit
    that is off, or a value that pooling dropped, passes nothing on. Luo et al. 2016
    (arXiv:1701.04128) call it the effective receptive field.

    Args:
        model: any module that takes a batch of images.
        image: (C, H, W) floating point, as the network is given it.
        layer: as in ``model.named_modules()``; its output is (N, C, H, W) or (N, units).
        channel: from 0, or the unit.
        row: of the layer's map, from 0; 0 where it has none.
        column: likewise.

    Raises:
        UserError: if there is no such layer, channel or place.
    """
    with torch.inference_mode(False), torch.enable_grad(), capture(model, [layer]) as outputs:
        pixels = as_batch(model, image).detach().clone().requires_grad_()
        model(pixels)
        if layer not in outputs:
            raise UserError(f"layer {layer!r} takes no part in what the network computes")
        output = outputs[layer][0]
        check_position(output.shape, layer, channel, row, column)
        value = output[(channel, row, column)[: output.dim()]]
        (gradient,) = torch.autograd.grad(value, pixels)
    strength: NDArray[np.float32] = gradient[0].abs().sum(0).float().cpu().numpy()
    return strength


def _shape(model: ConvNet, layer: str) -> tuple[int, ...]:
    if layer == INPUT:
        return model.input_shape
    return layer_row(model, "output" if layer == PROBABILITIES else layer).output_shape


def _last_maps(model: ConvNet) -> tuple[int, ...]:
    """The shape of what is flattened."""
    shapes = [row.output_shape for row in layer_rows(model) if len(row.output_shape) == 3]
    return shapes[-1] if shapes else model.input_shape


def _windows(model: ConvNet, layer: str, axis: int) -> list[_Window]:
    """The windows between the image and a layer along one axis, the image's end first."""
    windows, length = [], model.input_shape[1 + axis]
    for row in _up_to(model, layer):
        if row.kind in ("conv", "pool"):
            block = model.config.blocks[int(row.name.split(".")[1])]
            if row.kind == "conv":
                window = _Window(block.kernel_size, block.stride, block.padding, length)
            else:
                window = _Window(block.pool_size, block.pool_size, 0, length)
            windows.append(window)
            length = row.output_shape[1 + axis]
    # An addition reads no more: its convolution, as wide as twice its padding and one, reads the
    # same place and those around it.
    return windows


def _up_to(model: ConvNet, layer: str) -> Iterator[LayerRow]:
    for row in layer_rows(model):
        yield row
        if row.name == layer:
            return


def _through(windows: list[_Window], positions: Iterable[int]) -> tuple[int, ...]:
    for window in reversed(windows):
        positions = window.reads(positions)
    return tuple(sorted(positions))
