"""The network that a `ModelConfig` describes, and how it is saved and loaded."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from core.blocks import OUTPUT_GAIN, Block, Dense, initialise
from core.capture import capture
from core.config import ModelConfig
from core.errors import ArchitectureError
from core.layers import layer_table
from core.model_file import ModelMetadata, read_model_file, write_model_file

__all__ = [
    "ConvNet",
    "ModelMetadata",
    "capture",
    "load",
    "load_weights",
    "read_metadata",
    "save",
    "set_dropout",
    "without_dropout",
]


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
            Block(block, before) for block, before in zip(config.blocks, channels, strict=False)
        )
        self.flatten = nn.Flatten()
        widths = [row.output_shape[0] for row in rows if row.name == "flatten"]
        widths += [layer.width for layer in config.dense]
        self.dense = nn.ModuleList(
            Dense(layer, before) for layer, before in zip(config.dense, widths, strict=False)
        )
        self.output = nn.Linear(widths[-1], num_classes)
        initialise(self.output, OUTPUT_GAIN)

    def forward(self, images: Tensor) -> Tensor:
        maps = images
        for block in self.blocks:
            maps = block(maps)
        values = self.flatten(maps)
        for layer in self.dense:
            values = layer(values)
        logits: Tensor = self.output(values)
        return logits


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
    shares = [block.dropout for block in config.blocks] + [layer.dropout for layer in config.dense]
    for layer, share in zip(layers, shares, strict=True):
        dropout = layer.get_submodule("dropout")
        assert isinstance(dropout, nn.Dropout | nn.Dropout2d)
        dropout.p = share
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


def save(
    path: Path | str,
    model: ConvNet,
    *,
    classes: Sequence[str],
    mean: Sequence[float],
    std: Sequence[float],
    dataset: str = "",
    run_id: str = "",
    epoch: int | None = None,
) -> None:
    """Writes the network with all that is needed to use it: one safetensors file.

    The arguments are the fields of `ModelMetadata`.

    Raises:
        ArchitectureError: if classes, mean or std are not as many as the network needs.
        DiskError: if the file cannot be written.
    """
    metadata = ModelMetadata(
        model=model.config,
        input_shape=model.input_shape,
        classes=tuple(classes),
        mean=tuple(mean),
        std=tuple(std),
        dataset=dataset,
        run_id=run_id,
        epoch=epoch,
    )
    _check_lengths(metadata, model.num_classes)
    write_model_file(Path(path), model.state_dict(), metadata)


def load(path: Path | str) -> ConvNet:
    """The network in a file that `save` wrote, on the CPU, in evaluation mode.

    Raises:
        RunError: if the file is missing, foreign or damaged.
        ArchitectureError: if its weights are not those of the network that it describes.
    """
    weights, metadata = read_model_file(Path(path))
    _check_lengths(metadata, len(metadata.classes))
    return with_weights(metadata.model, metadata.input_shape, len(metadata.classes), weights)


def with_weights(
    config: ModelConfig,
    input_shape: tuple[int, int, int],
    num_classes: int,
    weights: Mapping[str, Tensor],
) -> ConvNet:
    """The network with saved weights, on the CPU, in evaluation mode; no random number is drawn.

    Raises:
        ArchitectureError: if the weights are of another network.
    """
    # The first weights are drawn in vain; the meta device would spare that, but its first use in a
    # process imports 1.5 s worth of modules.
    with torch.random.fork_rng(devices=[]):
        model = ConvNet(config, input_shape, num_classes)
    load_weights(model, weights)
    return model.eval()


def read_metadata(path: Path | str) -> ModelMetadata:
    """What a file that `save` wrote is for: layers, classes, mean and std, run and epoch.

    Raises:
        RunError: if the file is missing, foreign or damaged.
    """
    return read_model_file(Path(path))[1]


def _check_lengths(metadata: ModelMetadata, num_classes: int) -> None:
    channels = metadata.input_shape[0]
    for name, values, wanted in (
        ("classes", metadata.classes, num_classes),
        ("mean", metadata.mean, channels),
        ("std", metadata.std, channels),
    ):
        if len(values) != wanted:
            raise ArchitectureError(
                "model", f"{name} must have {wanted} entries for this network, got {len(values)}"
            )
