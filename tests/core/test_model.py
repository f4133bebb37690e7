"""The network computes what its configuration says, whichever order it takes."""

import copy
import math
from typing import get_args

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from core.config import Activation, ConvBlock, DenseLayer, ModelConfig
from core.errors import ArchitectureError
from core.layers import layer_table
from core.model import ConvNet, capture, load_weights, set_dropout, without_dropout
from core.presets import PRESETS
from tests.core.architectures import Case, fitting_cases

TINY = ModelConfig(
    blocks=(ConvBlock(channels=3, pooling="max", batch_norm=True, dropout=0.5),),
    dense=(DenseLayer(width=5, dropout=0.5),),
)
SHAPE = (1, 8, 8)


def seeded(config: ModelConfig, seed: int = 0) -> ConvNet:
    torch.manual_seed(seed)
    return ConvNet(config, SHAPE, 4)


def test_one_value_by_hand() -> None:
    model = ModelConfig(
        blocks=(ConvBlock(channels=1, kernel_size=2, padding=0, pooling="max"),), dense=()
    )
    network = ConvNet(model, (1, 3, 3), 2)
    weights = {
        "blocks.0.conv.weight": [[[[1.0, 0.0], [0.0, -1.0]]]],
        "blocks.0.conv.bias": [0.5],
        "output.weight": [[2.0], [-1.0]],
        "output.bias": [0.0, 3.0],
    }
    load_weights(network, {name: torch.tensor(values) for name, values in weights.items()})
    image = torch.tensor([[[[1.0, 2, 3], [0, 0, 4], [9, 1, 0]]]])
    # Differences along the diagonal plus 0.5: [[1.5, -1.5], [-0.5, 0.5]]; ReLU, largest: 1.5.
    assert network(image).tolist() == [[3.0, 1.5]]


def through_one_block(block: ConvBlock, pixels: list[list[float]]) -> list[list[float]]:
    """What a block with one 1×1 filter of weight 1 makes of an image."""
    shape = (1, len(pixels), len(pixels[0]))
    network = ConvNet(ModelConfig(blocks=(block,), dense=()), shape, 2)
    nn.init.ones_(network.blocks[0].conv.weight)
    with capture(network, ["blocks.0"]) as outputs, torch.no_grad():
        network(torch.tensor([[pixels]]))
    return outputs["blocks.0"][0, 0].tolist()


@pytest.mark.parametrize(
    ("name", "of_minus_one", "of_two"),
    [
        ("relu", 0.0, 2.0),
        ("leaky_relu", -0.01, 2.0),
        ("gelu", -0.158655, 1.954500),  # x·Φ(x): Φ(-1) = 0.158655, Φ(2) = 0.977250
        ("silu", -1 / (1 + math.e), 2 / (1 + math.exp(-2))),
        ("tanh", math.tanh(-1), math.tanh(2)),
        ("sigmoid", 1 / (1 + math.e), 1 / (1 + math.exp(-2))),
        ("none", -1.0, 2.0),
    ],
)
def test_each_activation_by_hand(name: str, of_minus_one: float, of_two: float) -> None:
    block = ConvBlock(channels=1, kernel_size=1, activation=name)
    assert through_one_block(block, [[-1.0, 2.0]])[0] == pytest.approx(
        [of_minus_one, of_two], abs=2e-6
    )


@pytest.mark.parametrize(("pooling", "expected"), [("max", 3.0), ("average", 1.5)])
def test_each_pooling_by_hand(pooling: str, expected: float) -> None:
    block = ConvBlock(channels=1, kernel_size=1, pooling=pooling, activation="relu")
    # The fifth column and the third row fill no window and are left out.
    pixels = [[-1.0, 2.0, 0.0, 0.0, 9.0], [3.0, 1.0, 0.0, 0.0, 9.0], [9.0] * 5]
    assert through_one_block(block, pixels) == [[expected, 0.0]]


def test_a_shortcut_adds_the_input_before_the_activation() -> None:
    block = ConvBlock(channels=1, kernel_size=1, residual=True)
    assert through_one_block(block, [[-1.0, 2.0]]) == [[0.0, 4.0]]


def answer_and_gradients(network: ConvNet, images: torch.Tensor) -> list[torch.Tensor]:
    """Logits, then the gradients of a function of them at the images and all parameters."""
    torch.manual_seed(0)  # the same channels drop out
    copied = images.clone().requires_grad_()
    network.zero_grad()
    logits = network(copied)
    logits.square().sum().backward()
    gradients = [copied.grad, *(parameter.grad for parameter in network.parameters())]
    return [logits.detach(), *gradients]


def in_written_order(network: ConvNet) -> ConvNet:
    written = copy.deepcopy(network)
    for block in written.blocks:
        block.written_order = True
    return written


@pytest.mark.parametrize("pooling", ["max", "average"])
@pytest.mark.parametrize("activation", get_args(Activation))
def test_either_order_of_pooling_is_bitwise_the_same(activation: str, pooling: str) -> None:
    torch.manual_seed(0)
    block = ConvBlock(channels=4, activation=activation, pooling=pooling)
    network = ConvNet(ModelConfig(blocks=(block, block), dense=()), (2, 20, 20), 3)
    images = 2 * torch.randn(8, 2, 20, 20)
    ours = answer_and_gradients(network, images)
    theirs = answer_and_gradients(in_written_order(network), images)
    assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


@settings(max_examples=30, deadline=None)
@given(case=fitting_cases(), training=st.booleans())
def test_either_order_is_bitwise_the_same_in_any_network(case: Case, training: bool) -> None:
    network = ConvNet(*case).train(training)
    images = torch.randn(5, *case[1])
    ours = answer_and_gradients(network, images)
    theirs = answer_and_gradients(in_written_order(network), images)
    assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from((1, 3, 6, 8, 12)), st.integers(2, 4), st.integers(4, 11), st.integers(4, 11),
    st.booleans(), st.integers(0, 99),
)  # fmt: skip
def test_pooling_for_inference_is_torchs_own(channels, side, height, width, last, seed) -> None:
    config = ConvBlock(channels=channels, kernel_size=1, pooling="max", pool_size=side)
    pool = ConvNet(ModelConfig(blocks=(config,), dense=()), (1, height, width), 2).blocks[0].pool
    torch.manual_seed(seed)
    maps = torch.randn(3, channels, height, width).round()  # rounded: some are equal
    maps[0, 0, 0, 0], maps[1, 0, 1, 1] = torch.nan, -torch.inf
    if last:
        maps = maps.contiguous(memory_format=torch.channels_last)
    before = maps.clone()
    with torch.inference_mode():
        found = pool(maps)
    torch.testing.assert_close(
        found, nn.functional.max_pool2d(maps, side), rtol=0, atol=0, equal_nan=True
    )
    torch.testing.assert_close(maps, before, rtol=0, atol=0, equal_nan=True)
    assert torch.equal(pool(maps.nan_to_num()), nn.functional.max_pool2d(maps.nan_to_num(), side))


def test_where_it_is_the_same_the_activation_sees_only_what_was_pooled() -> None:
    """The point of the reordering: a quarter of the values goes through the activation."""
    seen = {}
    for activation in ("relu", "leaky_relu", "gelu"):
        block = ConvBlock(channels=1, kernel_size=1, activation=activation, pooling="max")
        network = ConvNet(ModelConfig(blocks=(block,), dense=()), (1, 8, 8), 2)
        sizes = seen.setdefault(activation, [])
        network.blocks[0].activation.register_forward_hook(
            lambda module, inputs, output, sizes=sizes: sizes.append(output.numel())
        )
        network(torch.zeros(1, 1, 8, 8))
    assert seen == {"relu": [16], "leaky_relu": [16], "gelu": [64]}


@settings(max_examples=30, deadline=None)
@given(case=fitting_cases())
def test_layers_follow_one_another_in_the_written_order(case: Case) -> None:
    """Replaying the table's rows one by one, each on the output before, gives the logits."""
    network = ConvNet(*case).eval()
    images = torch.randn(3, *case[1])
    rows = layer_table(*case)
    with capture(network, [row.name for row in rows]) as outputs, torch.no_grad():
        network(images)
    values = block_input = images
    for row in rows:
        if row.kind in ("conv", "flatten"):
            block_input = values
        module = network.get_submodule(row.name)
        arguments = (values, block_input) if row.kind == "add" else (values,)
        with torch.no_grad():
            values = module(*arguments)
        assert torch.equal(values, outputs[row.name]), row.name
    assert torch.equal(values, network(images))


def test_equal_seeds_give_equal_weights_and_others_do_not() -> None:
    first, again, other = (seeded(TINY, seed).state_dict() for seed in (3, 3, 4))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["output.weight"], other["output.weight"])


def test_first_weights_keep_the_size_of_the_values() -> None:
    """Deep in an untrained network without batch norm values neither die out nor blow up."""
    torch.manual_seed(0)
    block = ConvBlock(channels=32, kernel_size=3, padding=1)
    network = ConvNet(ModelConfig(blocks=(block,) * 8, dense=()), (1, 16, 16), 10)
    names = [f"blocks.{index}.conv" for index in range(8)]
    with capture(network, names) as outputs, torch.no_grad():
        network(torch.randn(8, 1, 16, 16))
    spreads = [outputs[name].std().item() for name in names]
    assert all(0.5 < spread < 3 for spread in spreads), spreads


@pytest.mark.parametrize("name", PRESETS)
def test_untrained_presets_are_undecided(name: str) -> None:
    """The first loss is near ln 10 = 2.30: no class is favoured with confidence."""
    torch.manual_seed(0)
    network = ConvNet(PRESETS[name].config.model, (1, 28, 28), 10)
    with torch.no_grad():
        logits = network(torch.randn(64, 1, 28, 28))
    loss = nn.functional.cross_entropy(logits, torch.arange(64) % 10).item()
    assert abs(loss - math.log(10)) < 0.1


def test_batch_norm_takes_the_place_of_the_bias() -> None:
    network = seeded(TINY)
    assert network.blocks[0].conv.bias is None
    plain = seeded(ModelConfig(blocks=(ConvBlock(channels=3),), dense=()))
    assert plain.blocks[0].conv.bias is not None


def test_dropout_changes_live_and_shows_in_training_only() -> None:
    network = seeded(without_dropout(TINY)).train()
    images = torch.randn(16, *SHAPE)
    quiet = network(images)
    assert torch.equal(network(images), quiet)
    set_dropout(network, TINY)
    assert network.config == TINY
    assert not torch.equal(network(images), network(images))
    network.eval()
    assert torch.equal(network(images), network(images))


def test_dropout_in_a_block_silences_whole_channels() -> None:
    network = seeded(TINY).train()
    seen = []
    network.blocks[0].dropout.register_forward_hook(lambda *call: seen.append(call[2]))
    network(torch.randn(64, *SHAPE))
    (maps,) = seen
    silent = (maps == 0).flatten(2).all(2)
    assert 0.3 < silent.float().mean() < 0.7


def test_set_dropout_refuses_another_network() -> None:
    network = seeded(TINY)
    wider = TINY.model_copy(update={"dense": (DenseLayer(width=6),)})
    with pytest.raises(ArchitectureError, match="only dropout can change"):
        set_dropout(network, wider)
    assert network.config == TINY


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"output.bias": torch.zeros(3)}, "output.bias is 3 float32 in the file and 4 float32"),
        ({"output.bias": torch.zeros(4).double()}, "output.bias is 4 float64 in the file"),
        ({"output.bias": None}, "output.bias is missing in the file"),
        ({"zusatz": torch.tensor(1)}, "zusatz is one number int64 in the file and missing in"),
    ],
)
def test_weights_of_another_architecture_are_refused_whole(
    change: dict[str, torch.Tensor | None], words: str
) -> None:
    network = seeded(TINY)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    merged = {name: tensor + 1 for name, tensor in before.items()} | change
    weights = {name: tensor for name, tensor in merged.items() if tensor is not None}
    with pytest.raises(ArchitectureError, match=words):
        load_weights(network, weights)
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


def test_an_impossible_network_is_refused_before_it_is_built() -> None:
    with pytest.raises(ArchitectureError, match="block 1: a 9×9 kernel"):
        seeded(ModelConfig(blocks=(ConvBlock(kernel_size=9),)))
