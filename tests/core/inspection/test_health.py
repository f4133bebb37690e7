"""Hints: each rule fires at what it is for, and a healthy run gets none."""

import math

import pytest
import torch

from core.config import ConvBlock, DenseLayer, ModelConfig
from core.inspection.health import hints, mean_slope
from core.records import EpochRecord, LayerStatistics


def network(activation="relu"):
    return ModelConfig(
        blocks=(ConvBlock(channels=4, activation=activation),),
        dense=(DenseLayer(width=8, activation=activation),),
    )


def record(epoch=3, gradient_norm=0.5, train_accuracy=0.9, layers=()):
    return EpochRecord(
        epoch, 0.1, train_accuracy, 0.1, 0.9, 0.1, 0.9, 0.005, 1, 1, 1, gradient_norm, list(layers)
    )


def layer(name="blocks.0.activation", mean=0.5, std=1.0, dead_share=0.0):
    return LayerStatistics(name, mean, std, dead_share)


def found(records, activation="relu", epoch=None):
    return [(hint.problem, hint.where) for hint in hints(records, network(activation), epoch)]


def test_a_healthy_run_gets_no_hint():
    usual = [record(0, math.nan, math.nan, [layer()]), record(1, 3.5, layers=[layer()])]
    usual += [record(2, 0.9, layers=[layer(), layer("output", -3.6, 7.0)])]
    assert found(usual) == []


def test_no_records_give_no_hints():
    assert found([]) == []
    assert found([record(1)], epoch=7) == []


@pytest.mark.parametrize(("share", "expected"), [(0.49, []), (0.5, ["dead"]), (1.0, ["dead"])])
def test_a_layer_is_dead_when_half_of_its_units_are(share, expected):
    given = [record(layers=[layer(dead_share=share)])]
    assert [problem for problem, _ in found(given)] == expected


def test_leaky_relu_is_advised_only_where_there_is_relu():
    given = [record(layers=[layer(dead_share=1.0)])]
    assert "leaky" in hints(given, network("relu"))[0].remedy
    assert "leaky" not in hints(given, network("leaky_relu"))[0].remedy


@pytest.mark.parametrize("function", ["tanh", "sigmoid"])
def test_the_mean_slope_is_that_of_the_function(function):
    x = (2 * torch.randn(1000, generator=torch.Generator().manual_seed(0), dtype=float)).detach()
    x.requires_grad_()
    y = getattr(torch, function)(x)
    y.sum().backward()
    steepest = 1 if function == "tanh" else 0.25
    told = layer(mean=y.mean().item(), std=y.std(unbiased=False).item())
    assert mean_slope(told, function) == pytest.approx(x.grad.mean().item() / steepest)


def test_a_function_at_its_ends_is_saturated():
    # Half the outputs −0.99 and half 0.99: mean 0, deviation 0.99, slope 1 − 0.98 = 0.02.
    given = [record(layers=[layer(mean=0, std=0.99)])]
    assert found(given, "tanh") == [("saturated", "blocks.0.activation")]
    assert "2%" in hints(given, network("tanh"))[0].sentence
    assert found(given, "relu") == []
    # Sigmoid at 0.5 with no spread has its steepest slope: silent, but not saturated.
    given = [record(layers=[layer(mean=0.5, std=0.0)])]
    assert found(given, "sigmoid") == [("silent", "blocks.0.activation")]


def test_activations_that_grow_or_are_no_numbers_explode():
    for std in (2e3, math.inf, math.nan):
        assert found([record(layers=[layer(std=std)])]) == [("exploding", "blocks.0.activation")]


def test_a_gradient_explodes_beyond_the_limit_or_by_a_jump():
    assert found([record(1, 101.0)]) == [("exploding", "gradient")]
    assert found([record(1, math.inf)]) == [("exploding", "gradient")]
    calm = [record(1, 0.1), record(2, 0.2), record(3, 0.1)]
    assert found([*calm, record(4, 1.9)]) == []
    assert found([*calm, record(4, 2.1)]) == [("exploding", "gradient")]


def test_a_flat_gradient_is_a_problem_only_while_little_is_learnt():
    assert found([record(1, 1e-6, 0.1)]) == [("vanishing", "gradient")]
    assert found([record(1, 1e-6, 0.99)]) == []


def test_an_epoch_is_judged_by_itself_and_those_before():
    records = [record(1, 500.0), record(2, 1.0)]
    assert found(records) == []
    assert found(records, epoch=1) == [("exploding", "gradient")]
