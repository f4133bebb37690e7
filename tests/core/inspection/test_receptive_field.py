"""The receptive field is found by changing pixels; the influence by working it out."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from core.capture import capture
from core.config import ConvBlock, ModelConfig
from core.errors import UserError
from core.inspection.lookup import layer_rows
from core.inspection.receptive_field import ReceptiveField, influence, receptive_field
from core.model import ConvNet
from tests.core.architectures import Case, fitting_cases
from tests.core.inspection.any_networks import built, image_for, one_block, without_conv


def sensitive(case: Case) -> ConvNet:
    """The network with every weight positive: paths add up, so each pixel's change is felt."""
    model, shape, classes = case
    blocks = tuple(
        block.model_copy(
            update={"activation": "none", "pooling": block.pooling.replace("max", "average")}
        )
        for block in model.blocks
    )
    dense = tuple(layer.model_copy(update={"activation": "none"}) for layer in model.dense)
    network = ConvNet(ModelConfig(blocks=blocks, dense=dense), shape, classes).double().eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.abs_().add_(0.1)
    return network


def outputs_of(model: ConvNet, images: Tensor) -> dict[str, Tensor]:
    names = [row.name for row in layer_rows(model)]
    with torch.no_grad(), capture(model, names) as outputs:
        model(images)
    return outputs


def one_pixel_each(shape: tuple[int, int, int]) -> Tensor:
    """(1 + H·W, C, H, W): a black image, then one with one pixel changed for every pixel."""
    _, height, width = shape
    single = torch.eye(height * width, dtype=torch.double).reshape(-1, 1, height, width)
    changed = single.expand(-1, shape[0], -1, -1)
    return torch.cat([torch.zeros(1, *shape, dtype=torch.double), changed])


@settings(max_examples=60, deadline=None)
@given(case=fitting_cases(), data=st.data())
def test_it_is_exactly_the_pixels_whose_change_changes_the_value(
    case: Case, data: st.DataObject
) -> None:
    model = sensitive(case)
    _, height, width = case[1]
    for name, output in outputs_of(model, one_pixel_each(case[1])).items():
        place = tuple(data.draw(st.integers(0, side - 1)) for side in output.shape[1:])
        values = output[(slice(None), *place)]
        moved = ((values[1:] - values[0]).abs() > 1e-12).reshape(height, width)
        field = receptive_field(model, name, *place)
        expected = torch.zeros(height, width, dtype=torch.bool)
        expected[np.ix_(field.rows, field.columns)] = True
        assert torch.equal(moved, expected), (name, place)


@settings(max_examples=30, deadline=None)
@given(case=fitting_cases(), data=st.data())
def test_no_pixel_outside_it_has_influence(case: Case, data: st.DataObject) -> None:
    model = built(case)
    image = image_for(model)
    for name, output in outputs_of(model, image[None]).items():
        place = tuple(data.draw(st.integers(0, side - 1)) for side in output.shape[1:])
        strength = influence(model, image, name, *place)
        assert strength.shape == case[1][1:]
        field = receptive_field(model, name, *place)
        strength[np.ix_(field.rows, field.columns)] = 0
        assert not strength.any()


def test_the_classic_network_by_hand() -> None:
    model = ConvNet(ModelConfig(), (1, 28, 28), 10)
    # conv 3, pool 2, conv 3: 8 wide in steps of 2; pooled again, 10 wide in steps of 4.
    assert receptive_field(model, "blocks.1.conv", 0, 3, 0).box == (6, 14, 0, 8)
    assert receptive_field(model, "blocks.1.pool", 35, 4, 1).box == (16, 26, 4, 14)
    assert receptive_field(model, "flatten", 35 * 25 + 4 * 5 + 1).box == (16, 26, 4, 14)
    for layer in ("dense.0.linear", "output", "probabilities"):
        assert receptive_field(model, layer, 9).box == (0, 26, 0, 26)
    assert receptive_field(model, "input", 0, 5, 7) == ReceptiveField((5,), (7,))


def test_gaps_and_padding_by_hand() -> None:
    blocks = (
        ConvBlock(channels=1, kernel_size=1, stride=2),  # reads rows 0, 2, 4
        ConvBlock(channels=1, kernel_size=2, padding=2),  # -2 and -1; -1 and 0; 0 and 1; …
    )
    model = ConvNet(ModelConfig(blocks=blocks, dense=()), (1, 5, 5), 2)
    assert receptive_field(model, "blocks.1.conv", 0, 2, 1) == ReceptiveField((0, 2), (0,))
    nothing = receptive_field(model, "blocks.1.conv", 0, 0, 3)
    assert (nothing.rows, nothing.columns, nothing.box) == ((), (2, 4), (0, 0, 0, 0))


def test_influence_by_hand() -> None:
    model = one_block([[[[1.0, -2.0], [0.0, 3.0]], [[0.5, 0.0], [0.0, 0.0]]]], image_side=3)
    image = torch.ones(2, 3, 3)
    expected = [[0.0, 0.0, 0.0], [0.0, 1.5, 2.0], [0.0, 0.0, 3.0]]
    assert influence(model, image, "blocks.0.activation", 0, 1, 1).tolist() == expected
    assert not influence(model, -image, "blocks.0.activation", 0, 1, 1).any(), "ReLU is off"
    assert all(parameter.grad is None for parameter in model.parameters())


def test_influence_in_a_foreign_network() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(4, 2))
    network[1].weight.data.copy_(torch.tensor([[1.0, 2.0, 3.0, 4.0], [0.0, -1.0, 0.0, 0.0]]))
    for gradients_off in (torch.no_grad(), torch.inference_mode()):
        with gradients_off:
            strength = influence(network, torch.zeros(1, 2, 2), "1", 1)
        assert strength.tolist() == [[0, 1], [0, 0]]


def test_what_is_not_there_gets_a_sentence() -> None:
    model = without_conv()
    assert receptive_field(model, "output", 2).box == (0, 4, 0, 4)
    for call in (
        lambda *place: receptive_field(model, *place),
        lambda *place: influence(model, image_for(model), *place),
    ):
        with pytest.raises(UserError, match=r"no layer 'blocks\.0\.conv'"):
            call("blocks.0.conv", 0, 0, 0)
        with pytest.raises(UserError, match=r"unit of output must lie in \[0, 2\], got 3"):
            call("output", 3)
