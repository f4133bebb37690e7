"""The layer table: what each layer of a network costs and sees, worked out without running data.

Plain arithmetic, no torch, so that a page can show it while a slider moves. The names are those of
the modules in `core.model.ConvNet`.

Sources: output sizes and receptive fields as in Dumoulin and Visin 2016 (arXiv:1603.07285) and
Araujo et al. 2019 (doi:10.23915/distill.00021).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from core.config import Activation, ConvBlock, DenseLayer, ModelConfig
from core.errors import ArchitectureError
from core.layer_checks import check_kernel, check_pool, check_residual

# Beyond these a slider has slipped: the run would fill the memory or never end.
MAX_PARAMETERS = 50_000_000  # 200 MB of weights, three times that with Adam
MAX_VALUES = 4_000_000  # per image over all layers: 16 MB, so 1 GB for a batch of 64
MAX_MULTIPLY_ADDS = 2_000_000_000  # per image: 0.2 s to learn from one, 3 hours for 55,000

ACTIVATION_TITLES: dict[Activation, str] = {
    "relu": "ReLU",
    "leaky_relu": "leaky ReLU",
    "gelu": "GELU",
    "silu": "SiLU",
    "tanh": "tanh",
    "sigmoid": "sigmoid",
    "none": "none",
}


@dataclass(frozen=True)
class Field:
    """Which input pixels a layer's values depend on, along one axis.

    The value at position ``p`` sees no pixels but the `size` ones from ``start + step * p``. Where
    there is padding a window reaches over the rim, and `start` is negative.
    """

    size: int = 1
    step: int = 1
    start: int = 0

    def through(self, kernel_size: int, stride: int, padding: int = 0) -> "Field":
        """The field after a window of `kernel_size` has moved over the layer's values."""
        return Field(
            size=self.size + (kernel_size - 1) * self.step,
            step=self.step * stride,
            start=self.start - padding * self.step,
        )

    def pixels(self, position: int, length: int) -> range:
        """The pixels of an image `length` long that the value at `position` can depend on."""
        first = self.start + self.step * position
        return range(max(first, 0), min(first + self.size, length))

    def all_of(self, positions: int, length: int) -> "Field":
        """The field of a layer that takes in `positions` values at once, cut at the rim."""
        first, last = self.pixels(0, length), self.pixels(positions - 1, length)
        return Field(size=last.stop - first.start, step=0, start=first.start)


@dataclass(frozen=True)
class LayerRow:
    """One layer of a network.

    Attributes:
        name: the module's name in `ConvNet`, as in ``blocks.0.conv``.
        kind: conv, batch norm, add, activation, pool, dropout, flatten or dense.
        detail: the layer in a few words, as in ``6 filters 3×3``.
        output_shape: without the batch: (channels, height, width), or (units,).
        parameters: how many numbers the layer learns.
        receptive_field: side, in pixels, of the part of the image that one value can depend on;
            never more than the image's longer side.
        multiply_adds: multiplications with an addition for one image, in conv and dense layers;
            what the other layers do is small beside it and counts as 0.
        fields: where exactly a value looks, along (rows, columns).
    """

    name: str
    kind: str
    detail: str
    output_shape: tuple[int, ...]
    parameters: int
    receptive_field: int
    multiply_adds: int
    fields: tuple[Field, Field]


def layer_table(
    model: ModelConfig, input_shape: tuple[int, int, int], num_classes: int
) -> list[LayerRow]:
    """One row a layer, input first, output last.

    Args:
        model: the network.
        input_shape: (channels, height, width) of an image.
        num_classes: units of the output layer.

    Raises:
        ArchitectureError: if a layer cannot follow the one before, or the whole is absurdly
            large; it names the block (counted from 1) and the field to change.
    """
    if min(input_shape) < 1 or num_classes < 1:
        shape = "×".join(map(str, input_shape))
        raise ArchitectureError(
            "data.name",
            f"a network needs images of at least 1×1×1 and at least one class, "
            f"got {shape} and {num_classes} classes",
        )
    table = _Table(input_shape)
    for index, block in enumerate(model.blocks):
        table.add_block(index, block)
    table.flatten()
    for index, layer in enumerate(model.dense):
        table.add_dense(index, layer)
    table.add_linear("output", f"{num_classes} classes", num_classes)
    _check_size(table.rows)
    return table.rows


def total_parameters(rows: Sequence[LayerRow]) -> int:
    """How many numbers the network learns."""
    return sum(row.parameters for row in rows)


def total_multiply_adds(rows: Sequence[LayerRow]) -> int:
    """Multiply-adds of one forward pass for one image; a training step takes about three times."""
    return sum(row.multiply_adds for row in rows)


class _Table:
    """The rows so far, and the shape and field that the next layer starts from."""

    def __init__(self, input_shape: tuple[int, int, int]):
        self.rows: list[LayerRow] = []
        self.image = input_shape[1:]
        self.shape: tuple[int, ...] = input_shape
        self.fields = (Field(), Field())

    def add_block(self, index: int, block: ConvBlock) -> None:
        name, before = f"blocks.{index}", self.shape
        self._convolve(index, block)
        if block.batch_norm:
            self._append(f"{name}.norm", "batch norm", "per channel", 2 * block.channels)
        if block.residual:
            check_residual(index, block, before, self.shape)
            self._append(f"{name}.add", "add", "the block's input")
        if block.activation != "none":
            self._append(f"{name}.activation", "activation", ACTIVATION_TITLES[block.activation])
        if block.pooling != "none":
            self._pool(index, block)
        if block.dropout:
            self._append(f"{name}.dropout", "dropout", f"{block.dropout:.0%} of the channels")

    def _convolve(self, index: int, block: ConvBlock) -> None:
        channels, height, width = self.shape
        check_kernel(index, block, height, width)
        window = (block.kernel_size, block.stride, block.padding)
        self.shape = (block.channels, _slide(height, *window), _slide(width, *window))
        self._widen(*window)
        weights = block.channels * channels * block.kernel_size**2
        # The shift of a batch norm replaces the bias, which it would cancel.
        biases = 0 if block.batch_norm else block.channels
        self._append(
            f"blocks.{index}.conv",
            "conv",
            _describe_convolution(block),
            parameters=weights + biases,
            multiply_adds=weights * self.shape[1] * self.shape[2],
        )

    def _pool(self, index: int, block: ConvBlock) -> None:
        channels, height, width = self.shape
        size = block.pool_size
        check_pool(index, block, height, width)
        self.shape = (channels, height // size, width // size)
        self._widen(size, size)
        self._append(f"blocks.{index}.pool", "pool", f"{block.pooling} {size}×{size}")

    def flatten(self) -> None:
        channels, height, width = self.shape
        self.shape = (channels * height * width,)
        self._append("flatten", "flatten", f"{channels}×{height}×{width} to {self.shape[0]}")
        # Still one place a value; every layer from here on takes in all of them.
        rows, columns = self.fields
        self.fields = (rows.all_of(height, self.image[0]), columns.all_of(width, self.image[1]))

    def add_dense(self, index: int, layer: DenseLayer) -> None:
        name = f"dense.{index}"
        self.add_linear(f"{name}.linear", f"{layer.width} units", layer.width)
        if layer.activation != "none":
            self._append(f"{name}.activation", "activation", ACTIVATION_TITLES[layer.activation])
        if layer.dropout:
            self._append(f"{name}.dropout", "dropout", f"{layer.dropout:.0%} of the units")

    def add_linear(self, name: str, detail: str, units: int) -> None:
        weights = self.shape[0] * units
        self.shape = (units,)
        self._append(name, "dense", detail, parameters=weights + units, multiply_adds=weights)

    def _widen(self, kernel_size: int, stride: int, padding: int = 0) -> None:
        rows, columns = self.fields
        self.fields = (
            rows.through(kernel_size, stride, padding),
            columns.through(kernel_size, stride, padding),
        )

    def _append(
        self, name: str, kind: str, detail: str, parameters: int = 0, multiply_adds: int = 0
    ) -> None:
        sides = zip(self.fields, self.image, strict=True)
        seen = max(min(field.size, side) for field, side in sides)
        self.rows.append(
            LayerRow(name, kind, detail, self.shape, parameters, seen, multiply_adds, self.fields)
        )


def _slide(length: int, kernel_size: int, stride: int, padding: int) -> int:
    """How many positions a window has along one axis."""
    return (length + 2 * padding - kernel_size) // stride + 1


def _describe_convolution(block: ConvBlock) -> str:
    filters = "filter" if block.channels == 1 else "filters"
    parts = [f"{block.channels} {filters} {block.kernel_size}×{block.kernel_size}"]
    parts += [f"stride {block.stride}"] if block.stride > 1 else []
    parts += [f"padding {block.padding}"] if block.padding else []
    return ", ".join(parts)


def _check_size(rows: list[LayerRow]) -> None:
    """Refuses a network that no machine this tool is made for could train."""
    limits = (
        ([row.parameters for row in rows], MAX_PARAMETERS, "parameters"),
        ([_count(row.output_shape) for row in rows], MAX_VALUES, "values to keep for each image"),
        ([row.multiply_adds for row in rows], MAX_MULTIPLY_ADDS, "multiply-adds for each image"),
    )
    for amounts, limit, what in limits:
        if (total := sum(amounts)) > limit:
            largest = rows[amounts.index(max(amounts))]
            path, where = _owner(largest.name)
            raise ArchitectureError(
                path,
                f"the network has {total:,} {what}, more than the {limit:,} allowed; {where} has "
                f"the most, {max(amounts):,}: make it or the maps before it smaller",
            )


def _count(shape: tuple[int, ...]) -> int:
    values = 1
    for length in shape:
        values *= length
    return values


def _owner(name: str) -> tuple[str, str]:
    """The field that sets a layer's size, and the layer in words."""
    group, _, rest = name.partition(".")
    if not rest:
        return "model.blocks", f"the {group} layer"
    index = int(rest.partition(".")[0])
    field, word = ("channels", "block") if group == "blocks" else ("width", "dense layer")
    return f"model.{group}[{index}].{field}", f"{word} {index + 1}"
