"""Activation statistics on a layer small enough to work out by hand."""

import torch
from torch import nn

from core.training import activation_statistics


def test_statistics_by_hand():
    # Two channels of a 1×1 convolution: one doubles the pixel, one is always cut off by the ReLU.
    model = nn.Sequential(nn.Conv2d(1, 2, 1), nn.ReLU())
    with torch.no_grad():
        model[0].weight[:] = torch.tensor([2.0, 1.0]).view(2, 1, 1, 1)
        model[0].bias[:] = torch.tensor([0.0, -100.0])
    images = torch.tensor([1.0, 3.0]).view(2, 1, 1, 1)
    conv, relu = activation_statistics(model, ["0", "1"], images)
    assert (conv.name, relu.name) == ("0", "1")
    # conv: 2, 6, -99, -97; relu: 2, 6, 0, 0
    assert conv.mean == -47.0
    assert conv.dead_share == 0.0
    assert relu.mean == 2.0
    assert relu.std == torch.tensor([2.0, 6.0, 0.0, 0.0]).std().item()
    assert relu.dead_share == 0.5


def test_a_saturated_unit_counts_as_dead():
    model = nn.Sequential(nn.Linear(1, 2), nn.Sigmoid())
    with torch.no_grad():
        model[0].weight[:] = torch.tensor([[1.0], [1.0]])
        model[0].bias[:] = torch.tensor([0.0, 1e6])
    (statistics,) = activation_statistics(model, ["1"], torch.tensor([[0.0], [1.0]]))
    assert statistics.dead_share == 0.5
