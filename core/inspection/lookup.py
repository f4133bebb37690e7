"""Finding what is to be inspected: a layer, a channel of it, an image; a sentence where it fails.

Layers go by the names of `core.layers.layer_table`. Two more things can be looked at: what the
network is given, ``input``, and what the logits mean, ``probabilities``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from core.errors import UserError
from core.layers import LayerRow, layer_table
from core.model import ConvNet

INPUT, PROBABILITIES = "input", "probabilities"


@dataclass(frozen=True)
class FilterLayers:
    """The layers at which one conv layer's filters are looked at.

    Attributes:
        conv: the conv layer itself, whose kernels they are.
        before_activation: the last layer before the activation function: conv, batch norm or add.
            What maximises it maximises the activation too, and its gradient does not vanish.
        response: the last layer before pooling: what the filters answer, place by place.
        output: what the block passes on, after pooling.
    """

    conv: str
    before_activation: str
    response: str
    output: str


def layer_rows(model: ConvNet) -> list[LayerRow]:
    """The model's layer table, input first."""
    return layer_table(model.config, model.input_shape, model.num_classes)


def layer_row(model: ConvNet, layer: str) -> LayerRow:
    """One layer's row.

    Raises:
        UserError: if the network has no such layer; it lists those there are.
    """
    rows = {row.name: row for row in layer_rows(model)}
    if layer not in rows:
        raise UserError(f"there is no layer {layer!r} in this network; it has {', '.join(rows)}")
    return rows[layer]


def sources(rows: Sequence[LayerRow]) -> dict[str, tuple[str, ...]]:
    """What each layer reads: one name, or for an addition two, the block's input second."""
    read: dict[str, tuple[str, ...]] = {}
    before = block_input = INPUT
    for row in rows:
        if row.kind == "conv":
            block_input = before
        read[row.name] = (before, block_input) if row.kind == "add" else (before,)
        before = row.name
    return read


def conv_layers(model: nn.Module) -> list[str]:
    """The names of all 2-D conv layers, in the order of the model's modules."""
    return [name for name, module in model.named_modules() if isinstance(module, nn.Conv2d)]


def filter_layers(model: ConvNet, conv: str) -> FilterLayers:
    """Where to look at the filters of a conv layer.

    Raises:
        UserError: if the network has no such conv layer, or none at all.
    """
    check_conv_layer(conv, conv_layers(model))
    block = conv.removesuffix("conv")
    names = {row.kind: row.name for row in layer_rows(model) if row.name.startswith(block)}
    before = names.get("add", names.get("batch norm", conv))
    response = names.get("activation", before)
    return FilterLayers(conv, before, response, names.get("pool", response))


def check_conv_layer(layer: str, known: Sequence[str]) -> None:
    """Refuses a layer that is not among the conv layers `known`.

    Raises:
        UserError: it lists them, or says that there are none.
    """
    if not known:
        raise UserError("this network has no conv layer, so there are no filters to look at")
    if layer not in known:
        raise UserError(
            f"there is no conv layer {layer!r} in this network; it has {', '.join(known)}"
        )


def check_index(what: str, index: int, count: int, where: str) -> None:
    """Refuses an index outside [0, count).

    Raises:
        UserError: as in ``channel of blocks.0.conv must lie in [0, 5], got 6``.
    """
    if not 0 <= index < count:
        raise UserError(f"{what} of {where} must lie in [0, {count - 1}], got {index}")


def check_position(shape: Sequence[int], layer: str, channel: int, row: int, column: int) -> None:
    """Refuses a place that a layer with outputs of this shape does not have.

    Args:
        shape: (C, H, W), or (units,), where row and column must be 0.
        layer: its name, for the sentence.
        channel: in [0, C), or the unit.
        row: in [0, H).
        column: in [0, W).

    Raises:
        UserError: naming the index, its range and the value.
    """
    check_index("channel" if len(shape) == 3 else "unit", channel, shape[0], layer)
    height, width = shape[1:] if len(shape) == 3 else (1, 1)
    check_index("row", row, height, layer)
    check_index("column", column, width, layer)


def as_batch(model: nn.Module, image: Tensor) -> Tensor:
    """One normalised image (C, H, W) as the model takes it: (1, C, H, W), its type and device.

    Raises:
        UserError: if the network takes images of another shape.
        TypeError: if the image is not floating point: bytes are not what the network is given.
    """
    if not image.is_floating_point():
        raise TypeError(f"the image must be normalised, floating point; got {image.dtype}")
    expected = getattr(model, "input_shape", tuple(image.shape))
    if tuple(image.shape) != tuple(expected):
        wanted, got = ("×".join(map(str, shape)) for shape in (expected, image.shape))
        raise UserError(f"this network takes {wanted} images, got {got}")
    parameter = next(model.parameters(), torch.empty(()))
    return image.to(parameter.device, parameter.dtype).unsqueeze(0)
