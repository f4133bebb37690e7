"""Feature maps are what the layers put out, from the image to the probabilities."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from torch import nn

from core.config import ConvBlock, ModelConfig
from core.errors import UserError
from core.inspection.feature_maps import feature_maps, module_maps
from core.inspection.lookup import layer_rows
from core.model import ConvNet
from tests.core.architectures import Case, fitting_cases
from tests.core.inspection.any_networks import built, image_for, one_block


@settings(max_examples=40, deadline=None)
@given(case=fitting_cases())
def test_every_layer_from_the_image_to_the_probabilities(case: Case) -> None:
    model, rows = built(case), layer_rows(built(case))
    model.train()
    image = image_for(model)
    maps = feature_maps(model, image)
    assert [each.name for each in maps] == ["input", *(row.name for row in rows), "probabilities"]
    assert [each.values.shape for each in maps[1:-1]] == [row.output_shape for row in rows]
    assert all(each.values.dtype == np.float32 for each in maps)
    assert model.training, "the mode is as it was"
    np.testing.assert_array_equal(maps[0].values, image.numpy())
    with torch.no_grad():
        logits = model.eval()(image[None])[0]
    np.testing.assert_allclose(maps[-2].values, logits, atol=1e-6)
    np.testing.assert_allclose(maps[-1].values, logits.softmax(0), atol=1e-6)


def test_sources_by_hand() -> None:
    first = ConvBlock(channels=2, kernel_size=1, batch_norm=True, dropout=0.5)
    second = ConvBlock(channels=2, padding=1, residual=True, pooling="average", activation="none")
    model = ConvNet(ModelConfig(blocks=(first, second), dense=()), (1, 4, 4), 3)
    read = {each.name: each.sources for each in feature_maps(model, image_for(model))}
    assert read == {
        "input": (),
        "blocks.0.conv": ("input",),
        "blocks.0.norm": ("blocks.0.conv",),
        "blocks.0.activation": ("blocks.0.norm",),
        "blocks.0.dropout": ("blocks.0.activation",),
        "blocks.1.conv": ("blocks.0.dropout",),
        "blocks.1.add": ("blocks.1.conv", "blocks.0.dropout"),
        "blocks.1.pool": ("blocks.1.add",),
        "flatten": ("blocks.1.pool",),
        "output": ("flatten",),
        "probabilities": ("output",),
    }


def test_maps_by_hand() -> None:
    model = one_block([[[[-2.0]]]], image_side=2, pooling="max")
    maps = feature_maps(model, torch.tensor([[[1.0, -1.0], [3.0, -2.0]]]))
    assert {each.name: each.values.tolist() for each in maps[1:5]} == {
        "blocks.0.conv": [[[-2.0, 2.0], [-6.0, 4.0]]],
        "blocks.0.activation": [[[0.0, 2.0], [0.0, 4.0]]],
        "blocks.0.pool": [[[4.0]]],
        "flatten": [4.0],
    }


def test_modules_of_a_foreign_network() -> None:
    network = nn.Sequential(nn.Conv2d(1, 1, 1, bias=False), nn.Flatten(), nn.ReLU())
    nn.init.constant_(network[0].weight, -1.0)
    maps = module_maps(network, torch.tensor([[[1.0, -2.0]]]), ["2", "0"])
    assert [(each.name, each.kind, each.values.tolist()) for each in maps] == [
        ("2", "ReLU", [0.0, 2.0]),
        ("0", "Conv2d", [[[-1.0, 2.0]]]),
    ]
    with pytest.raises(UserError, match=r"no layer '7'.*it has 0, 1, 2"):
        module_maps(network, torch.zeros(1, 1, 2), ["7"])


def test_an_image_that_does_not_fit_is_refused() -> None:
    model = one_block([[[[1.0]]]])
    with pytest.raises(UserError, match="takes 1×3×3 images, got 3×32×32"):
        feature_maps(model, torch.zeros(3, 32, 32))
    with pytest.raises(TypeError, match="normalised"):
        feature_maps(model, torch.zeros(1, 3, 3, dtype=torch.uint8))
