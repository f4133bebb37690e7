"""The layer table agrees with the network it describes, and with arithmetic done by hand."""

import re

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from core.config import ConvBlock, DenseLayer, ModelConfig
from core.errors import ArchitectureError
from core.layers import (
    MAX_PARAMETERS,
    LayerRow,
    layer_table,
    total_multiply_adds,
    total_parameters,
)
from core.model import ConvNet, capture
from tests.core.architectures import Case, any_block, any_model, fitting_cases, input_shapes

MNIST = (1, 28, 28)


def outputs_by_name(network: ConvNet, rows: list[LayerRow], images: torch.Tensor):
    with capture(network, [row.name for row in rows]) as outputs:
        network(images)
    return outputs


@settings(max_examples=40, deadline=None)
@given(case=fitting_cases())
def test_every_row_tells_the_shape_and_parameters_of_its_module(case: Case) -> None:
    rows = layer_table(*case)
    network = ConvNet(*case)
    outputs = outputs_by_name(network, rows, torch.randn(2, *case[1]))
    modules = dict(network.named_modules())
    for row in rows:
        assert tuple(outputs[row.name].shape) == (2, *row.output_shape), row
        assert row.parameters == sum(p.numel() for p in modules[row.name].parameters()), row
    assert total_parameters(rows) == sum(p.numel() for p in network.parameters())


@settings(max_examples=40, deadline=None)
@given(case=fitting_cases())
def test_the_table_lists_every_layer_that_does_something(case: Case) -> None:
    network = ConvNet(*case)
    silent = (nn.Dropout, nn.Dropout2d)
    leaves = {
        name
        for name, module in network.named_modules()
        if not list(module.children()) and not (isinstance(module, silent) and module.p == 0)
    } - {"blocks", "dense"}  # empty lists have no children either
    assert {row.name for row in layer_table(*case)} == leaves


@settings(max_examples=40, deadline=None)
@given(case=fitting_cases())
def test_multiply_adds_are_half_of_what_torch_counts(case: Case) -> None:
    network = ConvNet(*case).eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(torch.randn(1, *case[1]))
    assert total_multiply_adds(layer_table(*case)) * 2 == counter.get_total_flops()


def smooth(model: ModelConfig) -> ModelConfig:
    """The same windows, but made so that no gradient can be zero by chance."""
    blocks = tuple(
        block.model_copy(
            update={"activation": "none", "pooling": block.pooling.replace("max", "average")}
        )
        for block in model.blocks
    )
    dense = tuple(layer.model_copy(update={"activation": "none"}) for layer in model.dense)
    return ModelConfig(blocks=blocks, dense=dense)


def influence(output: torch.Tensor, images: torch.Tensor) -> tuple[list[int], list[int]]:
    """Rows and columns of the image that move a scalar: where its gradient is not zero."""
    (gradient,) = torch.autograd.grad(output, images, retain_graph=True)
    moved = gradient[0].abs().sum(0) > 0
    return moved.any(1).nonzero().flatten().tolist(), moved.any(0).nonzero().flatten().tolist()


@settings(max_examples=25, deadline=None)
@given(case=fitting_cases())
def test_fields_are_the_pixels_with_a_gradient(case: Case) -> None:
    model, shape, classes = smooth(case[0]), *case[1:]
    network = ConvNet(model, shape, classes).double()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.abs_().add_(0.1)  # all paths add up, none cancel
    rows = layer_table(model, shape, classes)
    images = torch.rand(1, *shape, dtype=torch.double, requires_grad=True)
    outputs = outputs_by_name(network, rows, images)
    # A later layer's padding stands for pixels that are there but unseen, and a stride wider than
    # its window leaves gaps at the rim: then the field is an upper bound, otherwise exact.
    gaps = any(block.stride > block.kernel_size for block in model.blocks)
    exact = not any(block.padding for block in model.blocks[(0 if gaps else 1) :])
    for row in rows:
        output = outputs[row.name]
        places = [(0, 0), tuple(n - 1 for n in output.shape[2:])] if output.dim() == 4 else [()]
        for place in places:
            found = influence(output[(0, 0, *place)], images)
            pixels = [
                row.fields[axis].pixels(place[axis] if place else 0, shape[1 + axis])
                for axis in (0, 1)
            ]
            for moved, seen in zip(found, pixels, strict=True):
                assert set(moved) <= set(seen), row
                if exact and all(pixels):  # else it lies in the padding beside the image
                    assert (moved[0], moved[-1]) == (seen[0], seen[-1]), row


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        # kernel 3, padding 1: the first value sees one row beyond the rim.
        (ConvBlock(kernel_size=3, padding=1), (3, 1, -1)),
        # 5 wide in steps of 2, then pooled by 3: 5 + 2·2 = 9 wide in steps of 6.
        (ConvBlock(kernel_size=5, stride=2, pooling="max", pool_size=3), (9, 6, 0)),
    ],
)
def test_the_field_of_one_block_by_hand(block: ConvBlock, expected: tuple[int, int, int]) -> None:
    rows = layer_table(ModelConfig(blocks=(block,), dense=()), MNIST, 10)
    last = [row for row in rows if row.name.startswith("blocks")][-1]
    assert [(field.size, field.step, field.start) for field in last.fields] == [expected] * 2
    assert last.receptive_field == expected[0]


def test_receptive_field_is_never_more_than_the_image() -> None:
    blocks = (ConvBlock(channels=1, kernel_size=11, padding=5),) * 3  # 31 pixels in theory
    rows = layer_table(ModelConfig(blocks=blocks, dense=()), MNIST, 10)
    assert [row.receptive_field for row in rows if row.kind == "conv"] == [11, 21, 28]


def test_classic_by_hand() -> None:
    rows = {row.name: row for row in layer_table(ModelConfig(), MNIST, 10)}
    assert {name: (row.output_shape, row.parameters) for name, row in rows.items()} == {
        "blocks.0.conv": ((6, 26, 26), 6 * 9 + 6),
        "blocks.0.activation": ((6, 26, 26), 0),
        "blocks.0.pool": ((6, 13, 13), 0),
        "blocks.1.conv": ((36, 11, 11), 36 * 6 * 9 + 36),
        "blocks.1.activation": ((36, 11, 11), 0),
        "blocks.1.pool": ((36, 5, 5), 0),
        "flatten": ((900,), 0),
        "dense.0.linear": ((120,), 900 * 120 + 120),
        "dense.0.activation": ((120,), 0),
        "dense.1.linear": ((84,), 120 * 84 + 84),
        "dense.1.activation": ((84,), 0),
        "output": ((10,), 84 * 10 + 10),
    }
    assert rows["blocks.1.conv"].multiply_adds == 36 * 6 * 9 * 11 * 11
    # 3, pooled 4, and 3 more in steps of 2: 8; pooled 10; the 5×5 maps end at 4·4 + 10 = 26.
    fields = [rows[name].receptive_field for name in ("blocks.1.conv", "flatten", "output")]
    assert fields == [8, 10, 26]


def reference_runs(model: ModelConfig, shape: tuple[int, int, int]) -> bool:
    """Whether torch itself can run the blocks: plain layers, none of our arithmetic."""
    maps = torch.zeros(1, *shape)
    for block in model.blocks:
        before = maps
        try:
            maps = nn.Conv2d(
                maps.shape[1], block.channels, block.kernel_size, block.stride, block.padding
            )(maps)
            if block.residual and (maps.shape != before.shape or block.stride != 1):
                return False
            if block.pooling != "none":
                maps = nn.MaxPool2d(block.pool_size)(maps)
        except RuntimeError:
            return False
    return True


@settings(max_examples=150, deadline=None)
@given(model=any_model(), shape=input_shapes())
def test_refuses_exactly_what_torch_cannot_run(
    model: ModelConfig, shape: tuple[int, int, int]
) -> None:
    try:
        layer_table(model, shape, 3)
    except ArchitectureError:
        assert not reference_runs(model, shape)
    else:
        assert reference_runs(model, shape)


@pytest.mark.parametrize(
    ("blocks", "shape", "path", "sentence"),
    [
        (
            (ConvBlock(), ConvBlock(kernel_size=5)),
            (1, 5, 5),
            "model.blocks[1].kernel_size",
            "block 2: a 5×5 kernel does not fit its 3×3 input; make the kernel smaller or pool "
            "less before it",
        ),
        (
            (ConvBlock(kernel_size=9, padding=1),),
            (1, 5, 6),
            "model.blocks[0].kernel_size",
            "block 1: a 9×9 kernel does not fit its 5×6 input with 1 row of padding around it; "
            "make the kernel smaller or add padding",
        ),
        (
            (ConvBlock(pooling="max", pool_size=4),),
            (1, 5, 5),
            "model.blocks[0].pool_size",
            "block 1: 4×4 pooling does not fit its 3×3 maps; make it smaller or shrink the maps "
            "less before it",
        ),
        (
            (ConvBlock(pooling="average"),),
            (1, 3, 3),
            "model.blocks[0].pooling",
            "block 1: 2×2 pooling does not fit its 1×1 maps; turn it off or shrink the maps less "
            "before it",
        ),
        (
            (ConvBlock(channels=8), ConvBlock(channels=16, stride=2, residual=True)),
            (1, 12, 12),
            "model.blocks[1].residual",
            "block 2: its 8×10×10 input cannot be added to its 16×4×4 result; set channels to 8, "
            "stride to 1, padding to 1 or turn residual off",
        ),
        (
            (ConvBlock(channels=1, kernel_size=4, residual=True),),
            (1, 12, 12),
            "model.blocks[0].residual",
            "block 1: its 1×12×12 input cannot be added to its 1×9×9 result; set kernel_size to 3 "
            "and padding to 1 or turn residual off",
        ),
        (
            # As large as its input by chance: each value would meet one of another place.
            (ConvBlock(channels=1, kernel_size=1, stride=2, padding=5, residual=True),),
            (1, 10, 10),
            "model.blocks[0].residual",
            "block 1: its 1×10×10 input cannot be added to its 1×10×10 result; set stride to 1, "
            "padding to 0 or turn residual off",
        ),
    ],
)
def test_what_cannot_exist_is_refused_at_its_field(
    blocks: tuple[ConvBlock, ...], shape: tuple[int, int, int], path: str, sentence: str
) -> None:
    with pytest.raises(ArchitectureError) as caught:
        layer_table(ModelConfig(blocks=blocks, dense=()), shape, 10)
    assert (caught.value.path, str(caught.value)) == (path, sentence)


@settings(max_examples=100, deadline=None)
@given(block=any_block(), channels=st.integers(1, 4))
def test_a_residual_block_is_possible_once_its_remedies_are_followed(
    block: ConvBlock, channels: int
) -> None:
    block = block.model_copy(update={"residual": True, "pooling": "none"})
    shape = (channels, 9, 9)
    try:
        layer_table(ModelConfig(blocks=(block,), dense=()), shape, 2)
    except ArchitectureError as error:
        remedies = re.findall(r"(channels|stride|kernel_size|padding) to (\d+)", str(error))
        block = block.model_copy(update={field: int(value) for field, value in remedies})
        layer_table(ModelConfig(blocks=(block,), dense=()), shape, 2)


@pytest.mark.parametrize(
    ("model", "path", "words"),
    [
        (
            ModelConfig(blocks=(), dense=(DenseLayer(width=4096),) * 4),
            "model.dense[1].width",
            f"53,600,266 parameters, more than the {MAX_PARAMETERS:,} allowed; dense layer 2 has",
        ),
        (
            ModelConfig(blocks=(ConvBlock(channels=512, kernel_size=1, padding=5),) * 5, dense=()),
            "model.blocks[4].channels",
            "values to keep for each image",
        ),
        (
            ModelConfig(blocks=(ConvBlock(channels=512, kernel_size=11, padding=5),) * 2, dense=()),
            "model.blocks[1].channels",
            "24,920,612,864 multiply-adds for each image",
        ),
    ],
)
def test_absurd_sizes_are_refused(model: ModelConfig, path: str, words: str) -> None:
    with pytest.raises(ArchitectureError) as caught:
        layer_table(model, MNIST, 10)
    assert caught.value.path == path
    assert words in str(caught.value)


@pytest.mark.parametrize(("shape", "classes"), [((0, 28, 28), 10), ((1, 28, 0), 10), (MNIST, 0)])
def test_no_image_or_no_class_is_refused(shape: tuple[int, int, int], classes: int) -> None:
    with pytest.raises(ArchitectureError, match="at least one class"):
        layer_table(ModelConfig(), shape, classes)


def test_details_say_what_a_layer_does() -> None:
    block = ConvBlock(
        channels=8, kernel_size=5, stride=2, padding=2, activation="leaky_relu", pooling="average",
        dropout=0.25, batch_norm=True,
    )  # fmt: skip
    model = ModelConfig(blocks=(block,), dense=(DenseLayer(width=7, activation="tanh"),))
    assert [row.detail for row in layer_table(model, MNIST, 10)] == [
        "8 filters 5×5, stride 2, padding 2",
        "per channel",
        "leaky ReLU",
        "average 2×2",
        "25% of the channels",
        "8×7×7 to 392",
        "7 units",
        "tanh",
        "10 classes",
    ]
