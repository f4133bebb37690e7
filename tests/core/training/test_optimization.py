"""Schedules by numbers worked out by hand; optimizer state there and back."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from core.config import TrainingConfig
from core.schedules import learning_rate_factor
from core.training.optimization import (
    build_optimizer,
    optimizer_tensors,
    restore_optimizer,
)


@pytest.mark.parametrize(
    ("schedule", "warmup", "progress", "factor"),
    [
        ("constant", None, 0.7, 1.0),
        ("constant", 0.5, 0.25, 0.04 + 0.96 / 2),
        ("step", None, 0.49, 1.0),
        ("step", None, 0.5, 0.1),
        ("step", None, 0.75, 0.01),
        ("cosine", None, 0.0, 1.0),
        ("cosine", None, 0.5, 0.01 + 0.99 / 2),
        ("cosine", None, 1.0, 0.01),
        ("one_cycle", None, 0.0, 0.04),
        ("one_cycle", None, 0.25, 1.0),
        ("one_cycle", None, 0.625, 1 - 0.99 / 2),
        ("one_cycle", None, 1.0, 0.01),
        ("one_cycle", None, 7.0, 0.01),
        ("one_cycle", 0.0, 0.0, 1.0),
    ],
)
def test_schedules(schedule, warmup, progress, factor):
    config = TrainingConfig(schedule=schedule, warmup=warmup)
    assert learning_rate_factor(config, progress) == pytest.approx(factor)


@given(
    st.sampled_from(["constant", "step", "cosine", "one_cycle"]),
    st.none() | st.floats(0, 0.9),
    st.floats(0, 3),
)
def test_the_rate_never_leaves_its_bounds(schedule, warmup, progress):
    factor = learning_rate_factor(TrainingConfig(schedule=schedule, warmup=warmup), progress)
    assert 0.01 - 1e-12 <= factor <= 1


def test_weight_decay_pulls_on_weights_and_leaves_biases_alone():
    layer = nn.Linear(3, 2)
    config = TrainingConfig(optimizer="sgd", learning_rate=0.1, momentum=0, weight_decay=0.5)
    optimizer = build_optimizer(layer, config)
    before = layer.weight.detach().clone(), layer.bias.detach().clone()
    for weight in layer.parameters():
        weight.grad = torch.zeros_like(weight)
    optimizer.step()
    torch.testing.assert_close(layer.weight.detach(), before[0] * (1 - 0.1 * 0.5))
    assert torch.equal(layer.bias.detach(), before[1])


@pytest.mark.parametrize("name", ["sgd", "adam", "adamw", "rmsprop"])
def test_a_restored_optimizer_takes_the_same_step(name):
    def made():
        torch.manual_seed(0)
        net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(16, 2))
        net = net.to(memory_format=torch.channels_last)
        return net, build_optimizer(net, TrainingConfig(optimizer=name, learning_rate=0.01))

    def step(net, optimizer, seed):
        images = torch.randn(5, 3, 4, 4, generator=torch.Generator().manual_seed(seed))
        optimizer.zero_grad()
        net(images).square().sum().backward()
        optimizer.step()

    net, optimizer = made()
    step(net, optimizer, 1)
    other, restored = made()
    other.load_state_dict(net.state_dict())
    restore_optimizer(restored, optimizer_tensors(optimizer))
    step(net, optimizer, 2)
    step(other, restored, 2)
    for one, two in zip(net.parameters(), other.parameters(), strict=True):
        assert torch.equal(one, two)
