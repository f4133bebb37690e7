"""How one value of a network came to be, number by number, and one map from the maps before it.

The arithmetic is done again here, in float64 and without torch, from what each layer read; that it
agrees with the network is what makes it an explanation.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812  the name the whole field uses
from numpy.typing import NDArray
from torch import Tensor, nn

from core.errors import UserError
from core.inspection.feature_maps import feature_maps
from core.inspection.lookup import (
    INPUT,
    PROBABILITIES,
    check_conv_layer,
    check_index,
    check_position,
    conv_layers,
    layer_row,
)
from core.inspection.steps import (
    Activation,
    Addition,
    Array,
    Normalisation,
    Passing,
    Pooling,
    Position,
    Softmax,
    Step,
    WeightedSum,
)
from core.layers import ACTIVATION_TITLES
from core.model import ConvNet


@dataclass(frozen=True, eq=False)  # eq would compare arrays element by element
class IntermediateMaps:
    """How a conv layer makes one map: each input map through its kernel, then the sum, then bias.

    Attributes:
        source: the layer that is read, or ``input``.
        inputs: (in, H, W) float32.
        kernels: (in, kh, kw) float32.
        results: (in, H', W') float32, one for each input map.
        bias: 0 where the layer has none.
        total: (H', W') float32, ``results`` summed, plus the bias: the layer's own output.
    """

    source: str
    inputs: NDArray[np.float32]
    kernels: NDArray[np.float32]
    results: NDArray[np.float32]
    bias: float
    total: NDArray[np.float32]


def explain_value(
    model: ConvNet, image: Tensor, layer: str, channel: int, row: int = 0, column: int = 0
) -> list[Step]:
    """The steps from the weighted sum that a value starts from, to the value: the last step.

    A value of a pooling layer is followed back through the largest one in its window; for any
    other ask for the layer before. A value of ``flatten`` is followed back into the maps, so its
    steps begin at a conv layer, or at ``flatten`` itself where there is none.

    Args:
        model: the network, as it was after any epoch.
        image: (C, H, W) floating point, normalised: what the network is given.
        layer: a name of the layer table, or ``probabilities``.
        channel: from 0; the unit or the class where the layer has no maps.
        row: of the layer's map, from 0; 0 where it has none.
        column: likewise.

    Raises:
        UserError: if there is no such layer, channel or place, or it is the input, which nothing
            computes, or the image does not fit the network.
    """
    if layer == INPUT:
        raise UserError("the input is what the network is given; no arithmetic lies behind it")
    if layer != PROBABILITIES:
        layer_row(model, layer)
    network = _Network(model, image)
    shape = network.values[layer].shape
    check_position(shape, layer, channel, row, column)
    steps: list[Step] = []
    following: tuple[str, Position] | None = (layer, (channel, row, column)[: len(shape)])
    while following:
        steps.insert(0, network.step(*following))
        following = _before(steps[0])
    return steps


def intermediate_maps(model: ConvNet, image: Tensor, layer: str, channel: int) -> IntermediateMaps:
    """How a conv layer made one of its maps of the image.

    Args:
        model: the network.
        image: (C, H, W) floating point, normalised: what the network is given.
        layer: a conv layer.
        channel: from 0.

    Raises:
        UserError: if there is no such conv layer or channel, or the image does not fit.
    """
    check_conv_layer(layer, conv_layers(model))
    conv = model.get_submodule(layer)
    assert isinstance(conv, nn.Conv2d)
    check_index("channel", channel, conv.out_channels, layer)
    maps = {each.name: each for each in feature_maps(model, image)}
    (source,) = maps[layer].sources
    inputs = maps[source].values
    kernels = conv.weight.detach()[channel].float().cpu()
    assert not isinstance(conv.padding, str)
    with torch.inference_mode():
        results = F.conv2d(
            torch.from_numpy(inputs)[None],
            kernels.unsqueeze(1),
            stride=conv.stride,
            padding=conv.padding,
            groups=len(kernels),
        )[0].numpy()
    bias = _entry(conv.bias, channel)
    total = results.sum(0) + np.float32(bias)
    return IntermediateMaps(source, inputs, kernels.numpy(), results, bias, total)


class _Network:
    """What every layer put out for one image, and the arithmetic of any value of it."""

    def __init__(self, model: ConvNet, image: Tensor):
        maps = feature_maps(model, image)
        self._model = model
        self._layers = {each.name: each for each in maps}
        self.values: dict[str, Array] = {each.name: each.values.astype(float) for each in maps}

    def step(self, layer: str, position: Position) -> Step:
        """The arithmetic of the value at `position`, (channel, row, column) or (unit,)."""
        return self._makers[self._layers[layer].kind](self, layer, position)

    def _about(self, layer: str, position: Position) -> dict[str, Any]:
        """The fields that every step has."""
        read = self._layers[layer]
        return {
            "name": layer,
            "kind": read.kind,
            "position": position,
            "output": float(self.values[layer][position]),
            "source": read.sources[0],
        }

    def _source(self, layer: str) -> Array:
        return self.values[self._layers[layer].sources[0]]

    def _module(self, layer: str) -> Any:
        return self._model.get_submodule(layer)

    def _convolution(self, layer: str, position: Position) -> WeightedSum:
        conv = self._module(layer)
        channel, *place = position
        corner = tuple(
            at * stride - padding
            for at, stride, padding in zip(place, conv.stride, conv.padding, strict=True)
        )
        return WeightedSum(
            **self._about(layer, position),
            values=_window(self._source(layer), corner, conv.kernel_size),
            weights=_numbers(conv.weight[channel]),
            corner=corner,
            bias=_entry(conv.bias, channel),
        )

    def _dense(self, layer: str, position: Position) -> WeightedSum:
        linear = self._module(layer)
        about = self._about(layer, position)
        # What was flattened is shown as the maps that it was.
        if self._layers[about["source"]].kind == "flatten":
            about["source"] = self._layers[about["source"]].sources[0]
        values = self.values[about["source"]]
        weights = _numbers(linear.weight[position[0]]).reshape(values.shape)
        bias = _entry(linear.bias, position[0])
        return WeightedSum(**about, values=values, weights=weights, corner=(0, 0), bias=bias)

    def _normalisation(self, layer: str, position: Position) -> Normalisation:
        norm, channel = self._module(layer), position[0]
        return Normalisation(
            **self._about(layer, position),
            x=float(self._source(layer)[position]),
            mean=_entry(norm.running_mean, channel),
            variance=_entry(norm.running_var, channel),
            epsilon=norm.eps,
            scale=_entry(norm.weight, channel),
            shift=_entry(norm.bias, channel),
        )

    def _addition(self, layer: str, position: Position) -> Addition:
        shortcut = self._layers[layer].sources[1]
        return Addition(
            **self._about(layer, position),
            x=float(self._source(layer)[position]),
            shortcut=float(self.values[shortcut][position]),
            shortcut_source=shortcut,
        )

    def _activation(self, layer: str, position: Position) -> Activation:
        group, index, _ = layer.split(".")
        function = getattr(self._model.config, group)[int(index)].activation
        return Activation(
            **self._about(layer, position),
            x=float(self._source(layer)[position]),
            function=function,
            title=ACTIVATION_TITLES[function],
        )

    def _pooling(self, layer: str, position: Position) -> Pooling:
        block = self._model.config.blocks[int(layer.split(".")[1])]
        size = block.pool_size
        corner = position[1] * size, position[2] * size
        values = _window(self._source(layer)[position[0]][None], corner, (size, size))[0]
        return Pooling(
            **self._about(layer, position), function=block.pooling, values=values, corner=corner
        )

    def _passing(self, layer: str, position: Position) -> Passing:
        source = self._source(layer)
        flat = np.ravel_multi_index(position, self.values[layer].shape)
        origin = tuple(int(index) for index in np.unravel_index(flat, source.shape))
        return Passing(**self._about(layer, position), x=float(source[origin]), origin=origin)

    def _softmax(self, layer: str, position: Position) -> Softmax:
        return Softmax(**self._about(layer, position), logits=self._source(layer))

    _makers: ClassVar[dict[str, Callable[["_Network", str, Position], Step]]] = {
        "conv": _convolution,
        "dense": _dense,
        "batch norm": _normalisation,
        "add": _addition,
        "activation": _activation,
        "pool": _pooling,
        "dropout": _passing,
        "flatten": _passing,
        PROBABILITIES: _softmax,
    }


def _before(step: Step) -> tuple[str, Position] | None:
    """The value that a step's value is followed back to; None where the steps begin."""
    if step.source_position is None or step.source == INPUT:
        return None
    return step.source, step.source_position


def _window(maps: Array, corner: tuple[int, ...], size: tuple[int, int]) -> Array:
    """(C, *size) of the maps (C, H, W) from a corner that may lie outside; zeros outside."""
    window = np.zeros((len(maps), *size))
    spans = [
        range(max(first, 0), min(first + length, limit))
        for first, length, limit in zip(corner, size, maps.shape[1:], strict=True)
    ]
    (top, bottom), (left, right) = ((span.start, max(span.stop, span.start)) for span in spans)
    inside = maps[:, top:bottom, left:right]
    top, left = top - corner[0], left - corner[1]
    window[:, top : top + inside.shape[1], left : left + inside.shape[2]] = inside
    return window


def _numbers(tensor: Tensor) -> Array:
    array: Array = tensor.detach().double().cpu().numpy()
    return array


def _entry(tensor: Tensor | None, index: int) -> float:
    """One number of a tensor; 0 where the layer has none."""
    return 0.0 if tensor is None else float(tensor.detach()[index])
