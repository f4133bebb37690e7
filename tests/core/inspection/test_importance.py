"""The sheet of all filters: the counts of full passes, without the full passes."""

from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import nn

from core.config import ConvBlock, DenseLayer, ModelConfig
from core.errors import UserError
from core.evaluation import predict
from core.inspection import downstream
from core.inspection.importance import ImportanceSheet, importance
from core.model import ConvNet
from tests.core.architectures import Case, fitting_cases
from tests.core.inspection.networks import naive, restless, some_images

NOTHING = {f"blocks.{index}.conv": () for index in range(4)}


def complete(model, images, labels, layer, batch_size=4) -> ImportanceSheet:
    channels = images.shape[1]
    *_, sheet = importance(
        model, images, labels, [0.3] * channels, [0.2] * channels, layer, batch_size
    )
    return sheet


def check_against_full_passes(model: ConvNet, images: torch.Tensor, block: int) -> ImportanceSheet:
    layer = f"blocks.{block}.conv"
    mean, std = [0.3] * images.shape[1], [0.2] * images.shape[1]
    labels = np.arange(len(images)) % model.num_classes
    sheet = complete(model, images, labels, layer)
    assert sheet.is_complete
    support = np.bincount(labels, minlength=model.num_classes)
    np.testing.assert_array_equal(sheet.support, support)
    for index in range(-1, model.blocks[block].conv.out_channels):
        filters = NOTHING if index < 0 else {**NOTHING, layer: [index]}
        answers = naive(model, images, mean, std, filters, 4)
        right = labels[answers.argmax(1) == labels]
        counts = np.bincount(right, minlength=model.num_classes)
        found, loss = (
            (sheet.correct, sheet.loss)
            if index < 0
            else (sheet.correct_without[index], sheet.loss_without[index])
        )
        np.testing.assert_array_equal(found, counts)
        expected = -np.log(answers[np.arange(len(labels)), labels].clip(1e-30)).sum()
        if expected < 60:  # beyond it probabilities underflow
            np.testing.assert_allclose(loss, expected, rtol=1e-3, atol=1e-3)
    return sheet


@st.composite
def placed(draw: st.DrawFn) -> tuple[Case, int]:
    """A network with a block or more, and which one is looked at."""
    case = draw(fitting_cases().filter(lambda case: case[0].blocks))
    return case, draw(st.integers(0, len(case[0].blocks) - 1))


RESIDUAL = ConvBlock(
    channels=3, padding=1, batch_norm=True, residual=True, pooling="average", activation="tanh"
)


@settings(max_examples=80, deadline=None)
@given(placed(), st.integers(0, 99), st.sampled_from([1, 2**19]))
@example(((ModelConfig(blocks=(RESIDUAL, RESIDUAL), dense=()), (3, 9, 8), 4), 0), 1, 700)
@example(((ModelConfig(blocks=(RESIDUAL, RESIDUAL), dense=()), (3, 9, 8), 4), 1), 1, 1)
def test_counts_are_those_of_full_passes(place, seed, chunk) -> None:
    (config, shape, num_classes), block = place
    model = restless(ConvNet(config, shape, num_classes), seed)
    with patch.object(downstream, "CHUNK", chunk):
        check_against_full_passes(model, some_images(10, shape, seed), block)


def test_what_rounding_would_decide_is_decided_as_in_a_full_pass() -> None:
    """Both logits are the same sum, in opposite order: they differ by rounding, if at all."""
    config = ModelConfig(blocks=(ConvBlock(channels=4),), dense=(DenseLayer(width=64),))
    model = restless(ConvNet(config, (1, 8, 8), 2), 3)
    for tensor in (model.dense[0].linear.weight.data, model.dense[0].linear.bias.data):
        tensor[32:] = tensor[:32].flip(0)
    model.output.weight.data[1] = model.output.weight.data[0].flip(0)
    model.output.bias.data.zero_()
    images = some_images(100, (1, 8, 8), 4)
    check_against_full_passes(model, images, 0)
    with patch.object(downstream, "CLOSE", -1.0), pytest.raises(AssertionError):
        check_against_full_passes(model, images, 0)


def test_logits_that_are_no_numbers_are_counted_as_in_a_full_pass() -> None:
    model = restless(ConvNet(ModelConfig(dense=()), (1, 12, 12), 3), 0)
    model.output.weight.data[1, 0] = float("nan")
    images = some_images(6, (1, 12, 12), 4)
    answers = predict(model, images, (0.3,), (0.2,), 4).numpy()
    sheet = complete(model, images, np.array([0, 1, 2, 0, 1, 2]), "blocks.1.conv")
    assert sheet.correct.tolist() == np.bincount(
        answers.argmax(1)[answers.argmax(1) == [0, 1, 2, 0, 1, 2]], minlength=3
    ).tolist()  # fmt: skip


def by_hand() -> ConvNet:
    """Logits (relu(p), relu(2p), relu(−p)) of a single pixel p ≥ 0; the last filter is dead."""
    block = ConvBlock(channels=3, kernel_size=1)
    model = ConvNet(ModelConfig(blocks=(block,), dense=()), (1, 1, 1), 3)
    model.blocks[0].conv.weight.data.copy_(torch.tensor([1.0, 2.0, -1.0]).view(3, 1, 1, 1))
    model.output.weight.data.copy_(torch.eye(3))
    return model


def test_a_sheet_by_hand() -> None:
    images = torch.tensor([1, 2, 3, 4], dtype=torch.uint8).view(4, 1, 1, 1)
    labels = np.array([1, 1, 1, 0])
    *_, sheet = importance(by_hand(), images, labels, (0.0,), (1 / 255,), "blocks.0.conv", 3)
    table = sheet.table(["a", "b", "c"])
    # All are read as class 1; without the second filter all as class 0.
    assert table["filter"].tolist() == [0, 1, 2]
    assert table["accuracy"].tolist() == [0.75, 0.25, 0.75]
    assert table["accuracy_lost"].tolist() == [0.0, 0.5, 0.0]
    assert table["class_hurt"].tolist() == ["", "b", ""]
    assert table["recall_lost"].tolist() == [0.0, 1.0, 0.0]
    assert table["dead"].tolist() == [False, False, True]
    assert table["duplicate_of"].isna().all()  # a 1×1 kernel on one channel has but a sign
    assert table["loss_added"][2] == 0
    before, after = (
        np.log(np.exp(logits).sum(1)).sum() - picked
        for logits, picked in (
            (np.array([[p, 2 * p, 0] for p in (1, 2, 3, 4)]), 2 * (1 + 2 + 3) + 4),
            (np.array([[p, 0, 0] for p in (1, 2, 3, 4)]), 4),
        )
    )
    np.testing.assert_allclose(table["loss_added"][1], (after - before) / 4, rtol=1e-5)


def test_each_batch_gives_the_sheet_so_far() -> None:
    images = torch.tensor([1, 2, 3, 4], dtype=torch.uint8).view(4, 1, 1, 1)
    labels = np.array([1, 1, 1, 0])
    model = by_hand().train()
    looked = []
    for sheet in importance(model, images, labels, (0.0,), (1 / 255,), "blocks.0.conv", 3):
        looked.append((sheet.num_images, sheet.total, sheet.is_complete))
        assert model.training  # whoever shows progress may use the model
        assert not torch.is_inference_mode_enabled()
    assert looked == [(3, 4, False), (4, 4, True)]


def test_a_filter_without_which_the_network_is_better_lost_less_than_nothing() -> None:
    images = torch.ones(2, 1, 1, 1, dtype=torch.uint8)
    table = complete(by_hand(), images * 200, np.array([0, 0]), "blocks.0.conv").table("abc")
    assert table["accuracy_lost"].tolist() == [0, -1, 0]
    assert table["class_hurt"].tolist() == ["", "", ""]


def test_near_duplicates_are_flagged_both_ways() -> None:
    model = restless(ConvNet(ModelConfig(), (1, 12, 12), 3), 0)
    weights = model.blocks[1].conv.weight.data
    weights[20] = 3 * weights[4]
    table = complete(model, some_images(4, (1, 12, 12), 0), np.arange(4) % 3, "blocks.1.conv")
    expected = pd.Series([pd.NA] * 36, dtype="Int64")
    expected[4], expected[20] = 20, 4
    pd.testing.assert_series_equal(table.table("abc")["duplicate_of"], expected, check_names=False)


def test_a_foreign_network_has_a_sheet_too() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(1, 2, bias=False), nn.ReLU())
    model[1].weight.data.copy_(torch.tensor([[1.0], [2.0]]))
    images = torch.tensor([1, 2], dtype=torch.uint8).view(2, 1, 1, 1)
    *_, sheet = importance(model, images, np.array([1, 0]), (0.0,), (1 / 255,), "2", 2)
    assert sheet.table("ab")["accuracy_lost"].tolist() == [0, 0]
    assert sheet.correct_without.tolist() == [[0, 1], [1, 0]]


@pytest.mark.parametrize("layer", ["blocks.5.conv", "output", ""])
def test_an_unknown_layer_is_refused_at_once(layer) -> None:
    images = torch.ones(2, 1, 1, 1, dtype=torch.uint8)
    with pytest.raises(UserError, match="there is no conv layer .* it has blocks.0.conv"):
        importance(by_hand(), images, np.array([0, 0]), (0.0,), (1.0,), layer)
