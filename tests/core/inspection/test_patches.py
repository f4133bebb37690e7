"""Top patches equal those that a search through every value of every image finds."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from core.capture import capture
from core.config import ModelConfig
from core.errors import UserError
from core.inspection.lookup import layer_rows
from core.inspection.patches import patch_images, top_patches
from core.inspection.receptive_field import flattened_from, receptive_field
from core.model import ConvNet
from core.preprocessing import network_input
from tests.core.architectures import Case, fitting_cases
from tests.core.inspection.any_networks import built, bytes_for, one_block


def by_search(output: torch.Tensor, channel: int, count: int) -> list[tuple[int, int, int, float]]:
    """Every place of every image, each image's best, the best images: written as it is said."""
    maps = output.reshape(*output.shape[:2], *(output.shape[2:] or (1, 1)))
    best = []
    for position, image in enumerate(maps[:, channel].tolist()):
        places = [(-v, r, c) for r, line in enumerate(image) for c, v in enumerate(line)]
        value, row, column = min(places)
        best.append((value, position, row, column))
    return [(position, row, column, -value) for value, position, row, column in sorted(best)][
        :count
    ]


def rounded(model: ConvNet) -> ConvNet:
    """Weights of small whole numbers: sums are exact in any order, and ties abound."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(parameter.mul(3).round().clamp(-2, 2))
            if "norm" in name:
                parameter.copy_(parameter.abs())
    return model


@settings(max_examples=40, deadline=None)
@given(case=fitting_cases(), count=st.integers(1, 7), batch_size=st.integers(1, 6))
def test_they_are_what_a_search_finds_ties_and_all(case: Case, count: int, batch_size: int) -> None:
    blocks = tuple(
        block.model_copy(update={"activation": "relu", "batch_norm": False, "pooling": "none"})
        for block in case[0].blocks
    )
    model = rounded(built((ModelConfig(blocks=blocks, dense=()), *case[1:])))
    images = bytes_for(model, 5) // 128 * 255  # black and white: 0 and 1
    mean, std = [0.0] * len(images[0]), [1.0] * len(images[0])
    names = [row.name for row in layer_rows(model)]
    with torch.no_grad(), capture(model, names) as outputs:
        model(network_input(images, mean, std))
    found = top_patches(model, images, mean, std, names, count, batch_size)
    for name in names:
        for channel in range(outputs[name].shape[1]):
            patches = found[name].table(channel).itertuples(index=False)
            assert list(map(tuple, patches)) == by_search(outputs[name], channel, count)


@settings(max_examples=30, deadline=None)
@given(case=fitting_cases(), data=st.data())
def test_a_patch_shows_every_pixel_that_its_value_depends_on(
    case: Case, data: st.DataObject
) -> None:
    model = built(case)
    images = bytes_for(model, 3)
    mean, std = [0.5] * len(images[0]), [0.25] * len(images[0])
    layer = data.draw(st.sampled_from(layer_rows(model)))
    patches = top_patches(model, images, mean, std, [layer.name], 2)[layer.name]
    channel = data.draw(st.integers(0, layer.output_shape[0] - 1))
    cut = patch_images(model, images, patches, channel)
    rows, columns = layer.fields
    assert cut.shape == (2, case[1][0], rows.size, columns.size)
    for patch, place in zip(cut, patches.table(channel).itertuples(), strict=True):
        field = receptive_field(model, layer.name, channel, place.row, place.column)
        at = (place.row, place.column)
        if layer.kind == "flatten":
            at = flattened_from(model, channel)[1:]
        top, left = rows.start + rows.step * at[0], columns.start + columns.step * at[1]
        seen = images[place.position][:, field.rows][:, :, field.columns]
        shown = patch[:, [row - top for row in field.rows]]
        assert torch.equal(shown[:, :, [column - left for column in field.columns]], seen)


def test_patches_by_hand() -> None:
    model = one_block([[[[1.0, 0.0], [0.0, 1.0]]], [[[0.0, 0.0], [0.0, 0.0]]]], padding=1)
    images = torch.zeros(3, 1, 3, 3, dtype=torch.uint8)
    images[1, 0, 2, 2] = 255
    images[2, 0, 0, 0] = images[2, 0, 1, 1] = 255
    found = top_patches(model, images, (0.0,), (1.0,), ["blocks.0.activation"], count=2)
    patches = found["blocks.0.activation"]
    assert patches.table(0).values.tolist() == [[2, 1, 1, 2.0], [1, 2, 2, 1.0]]
    assert patches.table(1).values.tolist() == [[0, 0, 0, 0.0], [1, 0, 0, 0.0]], "all tied"
    assert patch_images(model, images, patches, 0).tolist() == [
        [[[255, 0], [0, 255]]],
        [[[0, 0], [0, 255]]],
    ]
    # The place (0, 0) looks at the image from one row and column outside: black there.
    white = images | 255
    assert patch_images(model, white, patches, 1)[0].tolist() == [[[0, 0], [0, 255]]]


def test_of_many_equal_images_the_first_ones_are_taken() -> None:
    model = one_block([[[[1.0]]]], image_side=2)
    brightness = torch.arange(900) % 3 * 100  # every third image is as bright as can be
    images = brightness.to(torch.uint8)[:, None, None, None].expand(-1, 1, 2, 2)
    patches = top_patches(model, images, (0.0,), (1.0,), ["blocks.0.conv"], 4, batch_size=400)
    assert patches["blocks.0.conv"].position.tolist() == [[2, 5, 8, 11]]


def test_units_and_foreign_networks() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(4, 1, bias=False))
    nn.init.ones_(network[1].weight)
    images = torch.tensor([10, 30, 20], dtype=torch.uint8).reshape(3, 1, 1, 1).expand(-1, 1, 2, 2)
    patches = top_patches(network, images, (0.0,), (1 / 255,), ["1"], count=9)["1"]
    assert patches.position.tolist() == [[1, 2, 0]]
    np.testing.assert_allclose(patches.value, [[120, 80, 40]], rtol=1e-6)


def test_what_is_not_there_gets_a_sentence() -> None:
    model = one_block([[[[1.0]]]])
    images = bytes_for(model, 2)
    with pytest.raises(UserError, match="at least 1, got 0"):
        top_patches(model, images, (0.0,), (1.0,), ["blocks.0.conv"], count=0)
    with pytest.raises(UserError, match="no layer 'blocks.7.conv'"):
        top_patches(model, images, (0.0,), (1.0,), ["blocks.7.conv"])
    with pytest.raises(UserError, match="no images"):
        top_patches(model, images[:0], (0.0,), (1.0,), ["blocks.0.conv"])
    patches = top_patches(model, images, (0.0,), (1.0,), ["blocks.0.conv"])["blocks.0.conv"]
    with pytest.raises(UserError, match=r"channel .* \[0, 0\], got 1"):
        patch_images(model, images, patches, 1)
