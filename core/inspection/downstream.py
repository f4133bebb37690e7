"""A `ConvNet` cut in two behind a block: what lies before it, and what follows from its maps."""

import copy
from collections.abc import Iterator, Sequence
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812  the name the whole field uses
from torch import Tensor, nn

from core.blocks import Block, Dense
from core.capture import capture
from core.inspection.silencing import silenced
from core.model import ConvNet

# Two largest logits this close, as a share of the largest one, are a close decision. Rounding
# moves logits by about 1e-6 of that.
CLOSE = 2e-5

CHUNK = 2**19  # values of the layer that reads the filter: 2 MB stay in the processor's cache


def block_of(layer: str) -> int:
    """Which block, from 0, a `ConvNet`'s conv layer is in."""
    return int(layer.split(".")[1])


def upstream(model: ConvNet, inputs: Tensor, block: int) -> Tensor:
    """What a block passes on for a batch of network inputs."""
    maps = inputs
    for each in model.blocks[: block + 1]:
        maps = each(maps)
    return maps


def head(model: ConvNet, maps: Tensor) -> Tensor:
    """The logits (N, K) that follow from what the last block passes on."""
    values: Tensor = model.flatten(maps)
    for layer in model.dense:
        values = layer(values)
    logits: Tensor = model.output(values)
    return logits


class _Given(nn.Module):
    """Stands in for a layer whose result is known already, whatever comes in."""

    def __init__(self) -> None:
        super().__init__()
        self.result = torch.empty(0)

    def forward(self, values: Tensor) -> Tensor:
        return self.result


class Downstream:
    """What follows a block of a `ConvNet`, with the linear layer that reads the block set apart.

    Attributes:
        linear: that layer: the next block's convolution, or after the last block the first dense
            layer, or the output layer.
    """

    def __init__(self, model: ConvNet, block: int) -> None:
        after = model.blocks[block + 1 :]
        dense = (*model.dense, model.output)
        follower: Any
        follower, *others = (*after, model.flatten, *dense) if len(after) else dense
        # A copy, so that the model keeps its own layer.
        follower = copy.deepcopy(follower).eval()
        given = _Given()
        self.linear: nn.Conv2d | nn.Linear
        if isinstance(follower, Block):
            self.linear = follower.conv
            follower.conv = given  # type: ignore[assignment]  # called in the same way
        elif isinstance(follower, Dense):
            self.linear = follower.linear
            follower.linear = given  # type: ignore[assignment]  # called in the same way
        else:
            self.linear, follower = follower, given
        self._given, self._rest = given, nn.Sequential(follower, *others)
        self._negated = self._split(-self.linear.weight.detach(), model, block)

    def _split(self, weight: Tensor, model: ConvNet, block: int) -> Sequence[Tensor]:
        """The part of the linear layer's weights that reads each filter of the block."""
        if isinstance(self.linear, nn.Conv2d):
            parts = torch.split(weight, 1, dim=1)
            return [part.contiguous(memory_format=torch.channels_last) for part in parts]
        filters = model.config.blocks[block].channels
        return weight.view(len(weight), filters, -1).permute(1, 2, 0).contiguous().unbind()

    def result(self, maps: Tensor) -> Tensor:
        """What the linear layer makes of the block's maps (N, F, H, W)."""
        flat = isinstance(self.linear, nn.Linear)
        result: Tensor = self.linear(maps.flatten(1) if flat else maps)
        return result

    def logits(self, maps: Tensor, result: Tensor) -> Tensor:
        """Logits from the linear layer's result; only a shortcut reads the maps as well."""
        self._given.result = result
        logits: Tensor = self._rest(maps)
        return logits

    def subtracted(self, result: Tensor, channel: Tensor, index: int) -> Tensor:
        """The linear layer's result without what it made of one channel (N, H, W)."""
        weight = self._negated[index]
        if isinstance(self.linear, nn.Linear):
            return torch.addmm(result, channel.flatten(1), weight)
        # A copy with one channel is in every memory order; without it the convolution is slower.
        maps = channel.unsqueeze(1).contiguous(memory_format=torch.channels_last)
        conv = self.linear
        assert not isinstance(conv.padding, str)
        return F.conv2d(maps, weight, stride=conv.stride, padding=conv.padding).add_(result)


class Batch:
    """Logits of a `ConvNet` for one batch, as it is and without each filter of a block.

    Attributes:
        logits: (N, K) of the network as it is.
        lowest: (F,) the smallest value that each filter passes on.
        highest: (F,) the largest one.
    """

    def __init__(self, model: ConvNet, inputs: Tensor, block: int, downstream: Downstream) -> None:
        self._model, self._downstream = model, downstream
        self._following = range(block + 1, len(model.blocks))
        self._maps = upstream(model, inputs, block)
        self._result = downstream.result(self._maps)
        self.logits = downstream.logits(self._maps, self._result)
        self.lowest, self.highest = self._maps.amin((0, 2, 3)), self._maps.amax((0, 2, 3))

    def without_each(self) -> Iterator[Tensor]:
        """Logits (N, K) without the first filter, the second, …"""
        for index in range(self._maps.shape[1]):
            # Overwritten and restored: copying all maps would cost as much as a layer.
            channel = self._maps[:, index].clone()
            self._maps[:, index] = 0.0
            logits = self._subtracted(channel, index)
            yield self._full() if self._is_close(logits) else logits
            self._maps[:, index] = channel

    def _subtracted(self, channel: Tensor, index: int) -> Tensor:
        """The logits without a filter whose channel is zeroed in the maps; right but for rounding.

        Args:
            channel: (N, H, W) what was in its place.
            index: which filter it is.
        """
        step = max(1, CHUNK // self._result[0].numel())
        tensors = (self._maps, self._result, channel)
        parts = zip(*(torch.split(tensor, step) for tensor in tensors), strict=True)
        follow = self._downstream
        return torch.cat(
            [
                follow.logits(maps, follow.subtracted(whole, own, index))
                for maps, whole, own in parts
            ]
        )

    def _full(self) -> Tensor:
        """The logits as a full pass computes them from the maps, bit by bit."""
        maps = self._maps
        for index in self._following:
            maps = self._model.blocks[index](maps)
        return head(self._model, maps)

    def _is_close(self, logits: Tensor) -> bool:
        """Whether rounding could turn a decision; also where a logit is not a number."""
        if logits.shape[1] < 2:
            return False
        first, second = logits.topk(2).values.unbind(1)
        scale = torch.maximum(logits.abs().amax(), self.logits.abs().amax())
        return not bool((first - second > CLOSE * scale).all())


class ForeignBatch:
    """The same for any module: a full pass a filter."""

    def __init__(self, model: nn.Module, inputs: Tensor, layer: str) -> None:
        self._model, self._inputs, self._layer = model, inputs, layer
        with capture(model, [layer]) as outputs:
            self.logits: Tensor = model(inputs)
        maps = outputs[layer].transpose(0, 1).flatten(1)
        self.lowest, self.highest = maps.amin(1), maps.amax(1)

    def without_each(self) -> Iterator[Tensor]:
        """Logits (N, K) without the first filter, the second, …"""
        for index in range(len(self.lowest)):
            with silenced(self._model, {self._layer: (index,)}):
                yield self._model(self._inputs)
