"""What `core.model.ConvNet` is made of: a conv block, a dense layer, and their first weights."""

import math

import torch
from torch import Tensor, nn

from core.config import Activation, ConvBlock, DenseLayer

_ACTIVATIONS: dict[Activation, type[nn.Module]] = {
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
}

# max(f(a), f(b)) = f(max(a, b)) for every rising f. These two rise bit by bit as well; of the
# others' vectorised approximations nobody promises that.
_COMMUTES_WITH_MAX = ("relu", "leaky_relu")


# What an activation takes from the spread of its input, the weights before it give back, so that
# values neither die out nor blow up with depth: √2 for the ReLU family (He et al. 2015,
# arXiv:1502.01852), 1 for the others (Glorot and Bengio 2010).
_GAINS: dict[Activation, float] = dict.fromkeys(
    ("relu", "leaky_relu", "gelu", "silu"), math.sqrt(2)
)

# Small, so that an untrained network favours no class and its first loss is ln K.
OUTPUT_GAIN = 0.1


_LANES = 8  # float32 numbers that AVX2 works on at once


class Block(nn.Module):
    """One conv block, (N, C, H, W) to (N, channels, H', W').

    Attributes:
        written_order: run activation before pooling even where the other order gives the same for
            less work, so that a hook sees what the layer's name says.
    """

    norm: nn.BatchNorm2d | None
    add: nn.Module | None
    activation: nn.Module | None
    pool: nn.Module | None

    def __init__(self, config: ConvBlock, in_channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            in_channels,
            config.channels,
            config.kernel_size,
            config.stride,
            config.padding,
            bias=not config.batch_norm,  # the norm's own shift does its work
        )
        initialise(self.conv, _GAINS.get(config.activation, 1.0))
        self.norm = nn.BatchNorm2d(config.channels) if config.batch_norm else None
        self.add = _Add() if config.residual else None
        self.activation = _activation(config.activation)
        self.pool = _pooling(config)
        # Whole channels: neighbouring pixels of a map say nearly the same, so silencing single
        # ones hides little (Tompson et al. 2015, arXiv:1411.4280).
        self.dropout = nn.Dropout2d(config.dropout)
        self.written_order = False
        self._pool_first = config.pooling == "max" and config.activation in _COMMUTES_WITH_MAX

    def forward(self, images: Tensor) -> Tensor:
        maps: Tensor = self.conv(images)
        if self.norm is not None:
            maps = self.norm(maps)
        if self.add is not None:
            maps = self.add(maps, images)
        # Pooled first, a 2×2 window leaves a quarter of the values for the activation.
        pool_first = self._pool_first and not self.written_order
        order = (self.pool, self.activation) if pool_first else (self.activation, self.pool)
        for layer in order:
            if layer is not None:
                maps = layer(maps)
        result: Tensor = self.dropout(maps)
        return result


class Dense(nn.Module):
    """One dense layer, (N, in) to (N, width)."""

    activation: nn.Module | None

    def __init__(self, config: DenseLayer, in_features: int) -> None:
        super().__init__()
        self.linear = nn.Linear(in_features, config.width)
        initialise(self.linear, _GAINS.get(config.activation, 1.0))
        self.activation = _activation(config.activation)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, values: Tensor) -> Tensor:
        values = self.linear(values)
        if self.activation is not None:
            values = self.activation(values)
        result: Tensor = self.dropout(values)
        return result


class _Add(nn.Module):
    """The sum of a block's result and its input: a module, so that it can be looked at."""

    def forward(self, maps: Tensor, images: Tensor) -> Tensor:
        return maps + images


class _MaxPool(nn.MaxPool2d):
    """`nn.MaxPool2d`, for inference on a processor in a sixth of the time where channels are few.

    torch takes eight channels at a time, and what is left over one by one. Whole rows of a map are
    many numbers: the largest of each window's rows first, then of what is left of its columns.
    Where gradients are wanted, and where channels fill the processor's lanes, torch's own is taken.
    """

    def forward(self, maps: Tensor) -> Tensor:
        on_processor = torch.is_inference_mode_enabled() and maps.device.type == "cpu"
        if not on_processor or maps.shape[1] % _LANES == 0:
            return nn.functional.max_pool2d(maps, self.kernel_size)
        side = self.kernel_size
        assert isinstance(side, int)
        height, width = (length // side * side for length in maps.shape[2:])
        rows = maps[:, :, :height:side, :width]
        for row in range(1, side):
            rows = torch.maximum(rows, maps[:, :, row:height:side, :width])
        columns = rows[..., ::side]
        for column in range(1, side):
            columns = torch.maximum(columns, rows[..., column::side])
        return columns


def _activation(name: Activation) -> nn.Module | None:
    return None if name == "none" else _ACTIVATIONS[name]()


def _pooling(config: ConvBlock) -> nn.Module | None:
    if config.pooling == "max":
        return _MaxPool(config.pool_size)
    return nn.AvgPool2d(config.pool_size) if config.pooling == "average" else None


def initialise(layer: nn.Conv2d | nn.Linear, gain: float) -> None:
    """Draws the first weights from N(0, gain² / fan-in) and sets the biases to 0."""
    fan_in = layer.weight[0].numel()
    nn.init.normal_(layer.weight, std=gain / math.sqrt(fan_in))
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
