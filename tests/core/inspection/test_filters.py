"""Filters: norms, likeness and dead ones by hand, and laws that hold for any network."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from core.capture import capture
from core.config import ConvBlock, ModelConfig
from core.errors import UserError
from core.inspection.filters import (
    dead_filters,
    filter_activity,
    kernels,
    near_duplicates,
    nearest_twins,
    norm_history,
    norms,
    similarity,
)
from core.inspection.lookup import FilterLayers, conv_layers, filter_layers, layer_rows
from core.model import ConvNet
from core.preprocessing import network_input
from tests.core.architectures import Case, fitting_cases
from tests.core.inspection.any_networks import built, bytes_for, one_block, without_conv

# Four filters on two channels, 1×1: twins of different length, a third one across, one of zeros.
FOUR = np.array([[3.0, 4.0], [6.0, 8.0], [-4.0, 3.0], [0.0, 0.0]], np.float32).reshape(4, 2, 1, 1)


def statistics(model: ConvNet) -> tuple[list[float], list[float]]:
    channels = model.input_shape[0]
    return [0.5] * channels, [0.25] * channels


def test_norms_and_likeness_by_hand() -> None:
    assert norms(FOUR).tolist() == [5.0, 10.0, 5.0, 0.0]
    np.testing.assert_allclose(
        similarity(FOUR), [[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]], atol=1e-12
    )
    assert near_duplicates(FOUR) == [(0, 1, pytest.approx(1.0))]
    twins = nearest_twins(FOUR, 2, count=2)
    assert twins["channel"].tolist() == [0, 1], "itself is not among them; ties by number"
    assert twins["similarity"].tolist() == pytest.approx([0.0, 0.0], abs=1e-12)


def test_duplicates_come_nearest_first_and_not_below_the_threshold() -> None:
    angles = np.radians([0.0, 10.0, 15.0, 90.0])
    fan = np.stack([np.cos(angles), np.sin(angles)], 1).reshape(4, 2, 1, 1).astype(np.float32)
    assert [pair[:2] for pair in near_duplicates(fan)] == [(1, 2), (0, 1), (0, 2)]
    assert near_duplicates(fan, threshold=math.cos(math.radians(7)))[0][2] == pytest.approx(
        math.cos(math.radians(5)), abs=1e-6
    )
    assert near_duplicates(np.ones((3, 1, 1, 1), np.float32)) == [], "a mere sign is no likeness"


@settings(max_examples=30, deadline=None)
@given(case=fitting_cases())
def test_kernels_are_the_weights_of_every_conv_layer(case: Case) -> None:
    model = built(case)
    names = conv_layers(model)
    assert names == [row.name for row in layer_rows(model) if row.kind == "conv"]
    for name in names:
        filters = kernels(model.state_dict(), name)
        np.testing.assert_array_equal(filters, model.get_submodule(name).weight.detach())
        cosines = similarity(filters)
        np.testing.assert_allclose(cosines, cosines.T, atol=1e-12)
        np.testing.assert_allclose(np.diag(cosines), norms(filters) > 0, atol=1e-12)


def test_norms_over_epochs() -> None:
    weights = [
        (epoch, {"a.weight": torch.full((2, 1, 2, 2), float(epoch)), "a.bias": torch.zeros(2)})
        for epoch in (0, 1, 3)
    ]
    history = norm_history(iter(weights), "a")
    assert history.epochs == (0, 1, 3)
    assert history.norms.tolist() == [[0.0, 0.0], [2.0, 2.0], [6.0, 6.0]]
    with pytest.raises(UserError, match="no finished epoch"):
        norm_history([], "a")


def test_what_is_not_there_gets_a_sentence() -> None:
    weights = one_block([[[[1.0]]]]).state_dict()
    with pytest.raises(UserError, match=r"no conv layer 'output'.*it has blocks\.0\.conv"):
        kernels(weights, "output")
    with pytest.raises(UserError, match="no conv layer, so there are no filters"):
        kernels(without_conv().state_dict(), "blocks.0.conv")
    with pytest.raises(UserError, match="no conv layer, so there are no filters"):
        filter_layers(without_conv(), "blocks.0.conv")
    with pytest.raises(UserError, match=r"channel .* \[0, 3\], got 4"):
        nearest_twins(FOUR, 4)


def test_where_filters_are_looked_at() -> None:
    full = ConvBlock(channels=1, padding=1, batch_norm=True, residual=True, pooling="max")
    bare = ConvBlock(channels=2, activation="none")
    model = ConvNet(ModelConfig(blocks=(full, bare)), (1, 8, 8), 2)
    names = [f"blocks.0.{name}" for name in ("conv", "add", "activation", "pool")]
    assert filter_layers(model, "blocks.0.conv") == FilterLayers(*names)
    assert filter_layers(model, "blocks.1.conv") == FilterLayers(*["blocks.1.conv"] * 4)
    without_shortcut = full.model_copy(update={"residual": False, "pooling": "none"})
    model = ConvNet(ModelConfig(blocks=(without_shortcut,)), (1, 8, 8), 2)
    names = [f"blocks.0.{name}" for name in ("conv", "norm", "activation", "activation")]
    assert filter_layers(model, "blocks.0.conv") == FilterLayers(*names)


def test_dead_by_hand() -> None:
    # Pixels are in [0, 1]: the first filter is off for all of them, the second on, except at 0,
    # the third always the same.
    model = one_block([[[[-1.0]]], [[[1.0]]], [[[0.0]]]], image_side=2)
    model.blocks[0].conv.bias.data.copy_(torch.tensor([-0.5, 0.0, 2.0]))
    images = torch.tensor([[[[0, 51], [102, 255]]], [[[0, 0], [0, 204]]]], dtype=torch.uint8)
    activity = filter_activity(model, images, (0.0,), (1.0,), "blocks.0.activation", batch_size=1)
    assert activity["dead"].tolist() == [True, False, True]
    assert dead_filters(activity) == [0, 2]
    assert activity["active_share"].tolist() == [0.0, 4 / 8, 1.0]
    assert activity["mean"].tolist() == pytest.approx([0.0, (0.2 + 0.4 + 1 + 0.8) / 8, 2.0])
    assert activity["largest"].tolist() == pytest.approx([0.0, 1.0, 2.0])
    assert activity["smallest"].tolist() == [0.0, 0.0, 2.0]


@settings(max_examples=30, deadline=None)
@given(case=fitting_cases(), batch_size=st.integers(1, 4))
def test_activity_is_what_all_images_at_once_give(case: Case, batch_size: int) -> None:
    model = built(case).train()
    images, (mean, std) = bytes_for(model, 3), statistics(model)
    names = [row.name for row in layer_rows(model)]
    with torch.no_grad(), capture(model, names) as outputs:
        model(network_input(images, mean, std))
    for name in names:
        activity = filter_activity(model, images, mean, std, name, batch_size)
        values = outputs[name].transpose(0, 1).flatten(1)
        np.testing.assert_allclose(activity["largest"], values.amax(1), atol=1e-5)
        np.testing.assert_allclose(activity["smallest"], values.amin(1), atol=1e-5)
        np.testing.assert_allclose(activity["mean"], values.mean(1), atol=1e-5)
    assert model.training
    assert not any(module._forward_hooks for module in model.modules())


def test_a_foreign_network_and_no_images() -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 1), nn.ReLU())
    assert conv_layers(network) == ["0"]
    images = torch.zeros(2, 1, 3, 3, dtype=torch.uint8)
    activity = filter_activity(network, images, (0.0,), (1.0,), "0")
    assert activity["dead"].tolist() == [True, True], "a black image is the same everywhere"
    with pytest.raises(UserError, match="no images"):
        filter_activity(network, images[:0], (0.0,), (1.0,), "0")
    with pytest.raises(UserError, match="no layer '4'"):
        filter_activity(network, images, (0.0,), (1.0,), "4")
