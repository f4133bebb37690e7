"""The arithmetic shown is the network's own: the same numbers come out, to 1e-5."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.config import ConvBlock, ModelConfig
from core.errors import UserError
from core.inspection.arithmetic import explain_value, intermediate_maps
from core.inspection.feature_maps import feature_maps
from core.inspection.steps import Addition, Normalisation, Pooling, WeightedSum
from core.model import ConvNet
from tests.core.architectures import Case, fitting_cases
from tests.core.inspection.any_networks import built, image_for, one_block, without_conv


def agree(value: float, output: float) -> bool:
    return abs(value - output) <= 1e-5 * max(1.0, abs(output))


@settings(max_examples=50, deadline=None)
@given(case=fitting_cases(), data=st.data(), seed=st.integers(0, 9))
def test_every_step_comes_to_what_the_network_put_out(
    case: Case, data: st.DataObject, seed: int
) -> None:
    model = built(case, seed)
    image = image_for(model, seed)
    for layer in feature_maps(model, image)[1:]:
        position = tuple(data.draw(st.integers(0, side - 1)) for side in layer.values.shape)
        steps = explain_value(model, image, layer.name, *position)
        assert (steps[-1].name, steps[-1].position) == (layer.name, position)
        assert steps[-1].output == pytest.approx(layer.values[position])
        for step in steps:
            assert agree(step.value, step.output), step
            assert step.formula.strip()
        for before, after in zip(steps, steps[1:], strict=False):
            assert (after.source, after.source_position) == (before.name, before.position)
        reads_image_flat = not case[0].blocks and layer.name == "flatten"
        assert isinstance(steps[0], WeightedSum) or reads_image_flat


@settings(max_examples=30, deadline=None)
@given(case=fitting_cases(), data=st.data())
def test_intermediate_results_sum_to_the_map(case: Case, data: st.DataObject) -> None:
    model = built(case)
    image = image_for(model)
    for maps in feature_maps(model, image):
        if maps.kind == "conv":
            channel = data.draw(st.integers(0, len(maps.values) - 1))
            made = intermediate_maps(model, image, maps.name, channel)
            assert (made.source,) == maps.sources
            np.testing.assert_allclose(made.total, maps.values[channel], atol=1e-5)
            np.testing.assert_allclose(made.results.sum(0) + made.bias, made.total, atol=1e-5)
            row, column = (data.draw(st.integers(0, n - 1)) for n in made.total.shape)
            (step,) = explain_value(model, image, maps.name, channel, row, column)
            np.testing.assert_allclose(made.results[:, row, column], step.partial_sums, atol=1e-5)
            np.testing.assert_array_equal(made.kernels, step.weights.astype(np.float32))


def full_block() -> ConvNet:
    """Two 1×1 maps-to-maps channels through every layer that a block can have."""
    model = one_block(
        [[[[2.0]], [[0.0]]], [[[1.0]], [[-1.0]]]],
        image_side=2, padding=0, batch_norm=True, residual=True, pooling="max",
    )  # fmt: skip
    norm = model.blocks[0].norm
    norm.eps = 0.0
    for tensor, values in (
        (norm.running_mean, [1.0, 0.0]), (norm.running_var, [4.0, 1.0]),
        (norm.weight, [3.0, 1.0]), (norm.bias, [-1.0, 0.0]),
    ):  # fmt: skip
        tensor.data.copy_(torch.tensor(values))
    return model


def test_a_whole_block_by_hand() -> None:
    image = torch.tensor([[[1.0, 2.0], [0.0, -1.0]], [[0.5, 0.5], [0.5, 0.5]]])
    steps = explain_value(full_block(), image, "blocks.0.pool", 0, 0, 0)
    assert [step.kind for step in steps] == ["conv", "batch norm", "add", "activation", "pool"]
    conv, norm, add, activation, pool = steps
    # The largest value of the map is where the image is 2: 2·2 = 4, then (4−1)/2·3 − 1 = 3.5.
    assert conv.position == (0, 0, 1)
    assert conv.values.tolist() == [[[2.0]], [[0.5]]]
    assert conv.products.tolist() == [[[4.0]], [[0.0]]]
    assert (norm.value, add.value, activation.value, pool.value) == (3.5, 5.5, 5.5, 5.5)
    assert isinstance(norm, Normalisation)
    assert norm.formula == "(4 − 1) / √(4 + 0) × 3 − 1 = 3.5"
    assert isinstance(add, Addition)
    assert (add.formula, add.shortcut_source) == ("3.5 + 2 = 5.5", "input")
    assert activation.formula == "ReLU(5.5) = 5.5"
    assert isinstance(pool, Pooling)
    # Elsewhere: 2−1=1 → 0.5 + 1; −1 → −2.5 + 0 < 0; −3 → −5.5 − 1 < 0.
    assert pool.values.tolist() == [[1.5, 5.5], [0.0, 0.0]]
    assert (pool.corner, pool.source_position) == ((0, 0), (0, 0, 1))


def test_a_window_that_reaches_into_the_padding() -> None:
    model = one_block([[np.arange(9.0).reshape(3, 3).tolist()]], padding=2, stride=2)
    image = torch.arange(1.0, 10.0).reshape(1, 3, 3)
    (step,) = explain_value(model, image, "blocks.0.conv", 0, 0, 1)
    assert isinstance(step, WeightedSum)
    assert step.corner == (-2, 0)
    # Two rows of padding, then the image's first row under the kernel's last: 6·1 + 7·2 + 8·3.
    assert step.values.tolist() == [[[0.0] * 3, [0.0] * 3, [1.0, 2.0, 3.0]]]
    assert step.value == 44.0


def test_a_dense_unit_reads_maps_as_maps() -> None:
    model = one_block([[[[1.0]]], [[[-1.0]]]], image_side=2, activation="none")
    model.output.weight.data.copy_(torch.arange(16.0).reshape(2, 8))
    model.output.bias.data.copy_(torch.tensor([0.0, 1.0]))
    image = torch.tensor([[[1.0, 2.0], [3.0, 4.0]]])
    (step,) = explain_value(model, image, "output", 1)
    assert isinstance(step, WeightedSum)
    assert step.source == "blocks.0.conv"
    assert step.weights.tolist() == [[[8.0, 9.0], [10.0, 11.0]], [[12.0, 13.0], [14.0, 15.0]]]
    # 8 + 18 + 30 + 44 = 100 and 12 + 26 + 42 + 60 = 140.
    assert step.partial_sums.tolist() == [100.0, -140.0]
    assert (step.value, step.formula) == (-39.0, "100 − 140 + 1 = −39")


def test_softmax_by_hand() -> None:
    model = without_conv()
    model.output.weight.data.zero_()
    model.output.bias.data.copy_(torch.tensor([1000.0, 1000.0, 0.0]))
    steps = explain_value(model, image_for(model), "probabilities", 1)
    assert [step.name for step in steps] == ["output", "probabilities"]
    assert (steps[1].value, steps[1].formula) == (0.5, "1 / 2 = 0.5")


@pytest.mark.parametrize("function", ["sigmoid", "silu", "tanh"])
@pytest.mark.parametrize("size", [-1e4, 1e4])
def test_large_numbers_do_not_overflow(function: str, size: float) -> None:
    model = one_block([[[[size]]]], image_side=1, activation=function)
    step = explain_value(model, torch.ones(1, 1, 1), "blocks.0.activation", 0)[-1]
    assert agree(step.value, step.output)


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        (("input", 0, 0, 0), "no arithmetic lies behind it"),
        (("blocks.3.conv", 0, 0, 0), r"no layer 'blocks\.3\.conv'.*it has blocks\.0\.conv"),
        (("blocks.0.conv", 2, 0, 0), r"channel of blocks\.0\.conv must lie in \[0, 1\], got 2"),
        (("blocks.0.conv", -1, 0, 0), r"channel .* got -1"),
        (("blocks.0.conv", 0, 3, 0), r"row of blocks\.0\.conv must lie in \[0, 2\], got 3"),
        (("blocks.0.conv", 0, 0, 3), r"column .* \[0, 2\], got 3"),
        (("output", 2, 0, 0), r"unit of output must lie in \[0, 1\], got 2"),
        (("output", 0, 1, 0), r"row of output must lie in \[0, 0\], got 1"),
    ],
)
def test_what_is_not_there_gets_a_sentence(place: tuple[str, int, int, int], sentence: str) -> None:
    model = one_block([[[[1.0]]], [[[-1.0]]]])
    with pytest.raises(UserError, match=sentence):
        explain_value(model, image_for(model), *place)


def test_a_network_without_conv_layers_has_no_intermediate_maps() -> None:
    model = without_conv()
    with pytest.raises(UserError, match="no conv layer"):
        intermediate_maps(model, image_for(model), "blocks.0.conv", 0)
    network = ConvNet(ModelConfig(blocks=(ConvBlock(channels=2),), dense=()), (1, 5, 5), 3)
    with pytest.raises(UserError, match=r"no conv layer 'output'.*it has blocks\.0\.conv"):
        intermediate_maps(network, image_for(network), "output", 0)
    with pytest.raises(UserError, match=r"\[0, 1\], got 2"):
        intermediate_maps(network, image_for(network), "blocks.0.conv", 2)
