"""The network that a `ModelConfig` describes, and how it is saved and loaded."""

import math
from collections.abc import Mapping

from torch import Tensor, nn

from core.capture import capture
from core.config import Activation, ConvBlock, DenseLayer, ModelConfig
from core.errors import ArchitectureError
from core.layers import layer_table

__all__ = ["ConvNet", "capture", "load_weights", "set_dropout"]

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


class ConvNet(nn.Module):
    """Logits (N, K) from normalised images (N, C, H, W).

    Blocks of convolution, batch norm, addition of the input, activation, pooling and dropout,
    then dense layers, then the output layer; each part where the configuration asks for it, under
    the name that `core.layers.layer_table` lists. Equal global seeds of torch give equal weights.

    Attributes:
        config: what was built.
        input_shape: (C, H, W).
        num_classes: K.

    Raises:
        ArchitectureError: as `layer_table` does.
    """

    def __init__(
        self, config: ModelConfig, input_shape: tuple[int, int, int], num_classes: int
    ) -> None:
        rows = layer_table(config, input_shape, num_classes)
        super().__init__()
        self.config = config
        self.input_shape = input_shape
        self.num_classes = num_classes
        channels = (input_shape[0], *(block.channels for block in config.blocks))
        self.blocks = nn.ModuleList(
            _Block(block, before) for block, before in zip(config.blocks, channels, strict=False)
        )
        self.flatten = nn.Flatten()
        widths = [row.output_shape[0] for row in rows if row.name == "flatten"]
        widths += [layer.width for layer in config.dense]
        self.dense = nn.ModuleList(
            _Dense(layer, before) for layer, before in zip(config.dense, widths, strict=False)
        )
        self.output = nn.Linear(widths[-1], num_classes)
        _initialise(self.output, "none")

    def forward(self, images: Tensor) -> Tensor:
        maps = images
        for block in self.blocks:
            maps = block(maps)
        values = self.flatten(maps)
        for layer in self.dense:
            values = layer(values)
        logits: Tensor = self.output(values)
        return logits


class _Block(nn.Module):
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
        _initialise(self.conv, config.activation)
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


class _Dense(nn.Module):
    """One dense layer, (N, in) to (N, width)."""

    activation: nn.Module | None

    def __init__(self, config: DenseLayer, in_features: int) -> None:
        super().__init__()
        self.linear = nn.Linear(in_features, config.width)
        _initialise(self.linear, config.activation)
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


def _activation(name: Activation) -> nn.Module | None:
    return None if name == "none" else _ACTIVATIONS[name]()


def _pooling(config: ConvBlock) -> nn.Module | None:
    if config.pooling == "max":
        return nn.MaxPool2d(config.pool_size)
    return nn.AvgPool2d(config.pool_size) if config.pooling == "average" else None


def _initialise(layer: nn.Conv2d | nn.Linear, activation: Activation) -> None:
    """Weights from N(0, gain² / fan-in), biases 0, so that values keep their size with depth.

    The gain makes up for what the activation that follows takes away: √2 for the ReLU family
    (He et al. 2015, arXiv:1502.01852), 1 where nothing follows (LeCun et al. 1998).
    """
    fan_in = layer.weight[0].numel()
    gain = math.sqrt(2) if activation in ("relu", "leaky_relu", "gelu", "silu") else 1.0
    nn.init.normal_(layer.weight, std=gain / math.sqrt(fan_in))
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


def set_dropout(model: ConvNet, config: ModelConfig) -> None:
    """Gives the model the dropout shares of `config`, for the next forward pass.

    Raises:
        ArchitectureError: if `config` differs from the model's in anything but dropout.
    """
    if without_dropout(config) != without_dropout(model.config):
        raise ArchitectureError(
            "model", "only dropout can change in a model that exists; start a new run for the rest"
        )
    layers = (*model.blocks, *model.dense)
    for layer, wanted in zip(layers, (*config.blocks, *config.dense), strict=True):
        dropout = layer.get_submodule("dropout")
        assert isinstance(dropout, nn.Dropout | nn.Dropout2d)
        dropout.p = wanted.dropout
    model.config = config


def without_dropout(config: ModelConfig) -> ModelConfig:
    """The same network with every dropout share at 0: equal for models with the same weights."""
    quiet = {"dropout": 0.0}
    return ModelConfig(
        blocks=tuple(block.model_copy(update=quiet) for block in config.blocks),
        dense=tuple(layer.model_copy(update=quiet) for layer in config.dense),
    )


def load_weights(model: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Puts saved weights into a model, all or none.

    Raises:
        ArchitectureError: if a tensor is missing, superfluous or of another shape or type.
    """
    expected = model.state_dict()
    for name in sorted(expected.keys() | weights.keys()):
        ours, theirs = (_describe(tensors.get(name)) for tensors in (expected, weights))
        if ours != theirs:
            raise ArchitectureError(
                "model",
                f"the weights are of another architecture: {name} is {theirs} in the file and "
                f"{ours} in the model",
            )
    model.load_state_dict(weights)


def _describe(tensor: Tensor | None) -> str:
    if tensor is None:
        return "missing"
    shape = "×".join(map(str, tensor.shape)) or "one number"
    return f"{shape} {str(tensor.dtype).removeprefix('torch.')}"
