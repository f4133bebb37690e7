"""Silencing filters: the same as zeroing the weights that read them, and undone without a trace."""

import copy

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from core.config import ConvBlock, DenseLayer, ModelConfig
from core.errors import UserError
from core.evaluation import confusion_matrix, predict
from core.inspection import ablation
from core.inspection.ablation import Ablator, ablate
from core.inspection.silencing import silenced
from core.model import ConvNet
from tests.core.architectures import fitting_cases
from tests.core.inspection.networks import naive, restless, some_images

GREY = ((0.0,), (1 / 255,))  # mean and std that give the network the bytes as they are


def two_filters() -> ConvNet:
    """Passes pixel · (1, 2), cut at zero, through 1×1 kernels; logits (first, second) of them.

    The single pixel p gives the logits (relu(p), relu(2p)).
    """
    block = ConvBlock(channels=2, kernel_size=1)
    model = ConvNet(ModelConfig(blocks=(block,), dense=()), (1, 1, 1), 2)
    with torch.no_grad():
        model.blocks[0].conv.weight.copy_(torch.tensor([1.0, 2.0]).view(2, 1, 1, 1))
        model.output.weight.copy_(torch.eye(2))
    return model.eval()


def test_values_by_hand() -> None:
    images = torch.tensor([0, 3, 1], dtype=torch.uint8).view(3, 1, 1, 1)
    labels = np.array([0, 0, 1])
    change = ablate(two_filters(), images, labels, *GREY, {"blocks.0.conv": [1]})
    # Logits (p, 2p) become (p, 0): the second image is now read as class 0, and so is the third.
    assert change.before.argmax(1).tolist() == [0, 1, 1]
    assert change.after.argmax(1).tolist() == [0, 0, 0]
    np.testing.assert_allclose(change.after[1, 0], 1 / (1 + np.exp(-3)), rtol=1e-6)
    assert change.correct == (2, 2)
    assert change.accuracy_change == 0
    assert change.confusion_change().tolist() == [[1, -1], [1, -1]]
    per_class = change.per_class(["zero", "one"])
    assert per_class["support"].tolist() == [2, 1]
    assert per_class["before"].tolist() == [0.5, 1.0]
    assert per_class["change"].tolist() == [0.5, -1.0]
    flips = change.flips(np.array([70, 71, 72]))
    assert flips["position"].tolist() == [1, 2]  # p = 3 was the more confident one
    assert flips["index"].tolist() == [71, 72]
    assert flips["outcome"].tolist() == ["fixed", "broken"]
    assert flips[["before", "after"]].values.tolist() == [[1, 0], [1, 0]]


def test_a_wrong_answer_that_becomes_another_wrong_one_has_moved() -> None:
    probabilities = np.eye(3, dtype=np.float32)
    change = ablation.Ablation({}, np.array([2]), probabilities[[0]], probabilities[[1]])
    assert change.flips(np.array([5]))["outcome"].tolist() == ["moved"]
    assert change.accuracy_change == 0


def test_a_class_without_images_has_no_share() -> None:
    probabilities = np.eye(3, dtype=np.float32)
    change = ablation.Ablation({}, np.array([0]), probabilities[[0]], probabilities[[1]])
    table = change.per_class(["a", "b", "c"])
    assert table["change"].fillna(9).tolist() == [-1, 9, 9]


@st.composite
def choices(draw: st.DrawFn) -> tuple[ConvNet, dict[str, list[int]], torch.Tensor]:
    """A network with statistics as after training, filters of it, images."""
    config, shape, num_classes = draw(fitting_cases().filter(lambda case: case[0].blocks))
    model = restless(ConvNet(config, shape, num_classes), draw(st.integers(0, 99)))
    filters = {
        f"blocks.{index}.conv": draw(st.lists(st.integers(0, block.channels - 1), max_size=4))
        for index, block in enumerate(config.blocks)
    }
    return model, filters, some_images(7, shape, draw(st.integers(0, 99)))


@settings(max_examples=60, deadline=None)
@given(choices(), st.integers(1, 8))
def test_any_network_answers_as_in_full_passes_with_zeros_put_in(choice, batch_size) -> None:
    model, filters, images = choice
    mean, std = [0.3] * images.shape[1], [0.2] * images.shape[1]
    labels = np.zeros(len(images), np.int64)
    ablator = Ablator(model, images, labels, mean, std, batch_size)
    for _ in range(2):  # the second time from what was kept
        after = ablator.ablate(filters).after
        expected = naive(model, images, mean, std, filters, batch_size)
        np.testing.assert_array_equal(after, expected)
    with silenced(model, filters):
        inside = predict(model, images, mean, std, batch_size).numpy()
    np.testing.assert_array_equal(inside, expected)
    untouched = predict(model, images, mean, std, batch_size).numpy()
    np.testing.assert_array_equal(ablator.ablate({}).after, untouched)
    np.testing.assert_array_equal(ablator.before, untouched)


@settings(max_examples=40, deadline=None)
@given(choices())
def test_silencing_is_zeroing_the_weights_downstream(choice) -> None:
    model, filters, images = choice
    mean, std = [0.3] * images.shape[1], [0.2] * images.shape[1]
    blind = copy.deepcopy(model)
    for index, block in enumerate(blind.blocks):
        chosen = filters[f"blocks.{index}.conv"]
        if index + 1 < len(blind.blocks):
            if blind.blocks[index + 1].add is not None:
                return  # a shortcut reads the channel past all weights
            blind.blocks[index + 1].conv.weight.data[:, chosen] = 0
        else:
            first = blind.dense[0].linear if len(blind.dense) else blind.output
            weights = first.weight.data.unflatten(1, (block.conv.out_channels, -1))
            weights[:, chosen] = 0
    after = ablate(model, images, np.zeros(7, np.int64), mean, std, filters).after
    expected = predict(blind, images, mean, std).numpy()
    np.testing.assert_allclose(after, expected, atol=2e-5)


def test_large_maps_are_not_kept(monkeypatch) -> None:
    monkeypatch.setattr(ablation, "CACHE_BYTES", 0)
    images = torch.tensor([0, 3, 1], dtype=torch.uint8).view(3, 1, 1, 1)
    ablator = Ablator(two_filters(), images, np.zeros(3, np.int64), *GREY, 2)
    assert ablator._kept is None
    assert ablator.ablate({"blocks.0.conv": [1]}).after.argmax(1).tolist() == [0, 0, 0]
    assert ablator._kept is None


def test_a_foreign_network_is_silenced_where_it_is_named() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(1, 2, bias=False), nn.ReLU(inplace=True))
    model[1].weight.data.copy_(torch.tensor([[1.0], [2.0]]))
    images = torch.tensor([3], dtype=torch.uint8).view(1, 1, 1, 1)
    change = ablate(model, images, np.array([0]), *GREY, {"1": [1]})
    np.testing.assert_allclose(change.after, [[1 / (1 + np.exp(-3)), 1 / (1 + np.exp(3))]], 1e-5)
    assert change.correct == (0, 1)
    with pytest.raises(UserError, match=r"filter of 1 must lie in \[0, 1\], got 2"):
        ablate(model, images, np.array([0]), *GREY, {"1": [0, 2]})
    with pytest.raises(UserError, match="no layer 'relu9'"):
        ablate(model, images, np.array([0]), *GREY, {"relu9": [0]})
    assert not any(module._forward_hooks for module in model.modules())


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        ({"blocks.1.conv": [0]}, "no conv layer 'blocks.1.conv' in this network; it has blocks.0"),
        ({"blocks.0.activation": [0]}, "no conv layer 'blocks.0.activation'"),
        ({"blocks.0.conv": [0, 2]}, r"filter of blocks.0.conv must lie in \[0, 1\], got 2"),
        ({"blocks.0.conv": [-1]}, r"must lie in \[0, 1\], got -1"),
    ],
)
def test_what_is_not_there_is_refused(filters, message) -> None:
    images = torch.zeros(1, 1, 1, 1, dtype=torch.uint8)
    ablator = Ablator(two_filters(), images, np.zeros(1, np.int64), *GREY)
    with pytest.raises(UserError, match=message):
        ablator.ablate(filters)


def test_a_network_without_conv_layers_has_no_filters() -> None:
    model = ConvNet(ModelConfig(blocks=(), dense=(DenseLayer(width=2),)), (1, 2, 2), 2)
    images = torch.zeros(1, 1, 2, 2, dtype=torch.uint8)
    with pytest.raises(UserError, match="no conv layer, so there are no filters"):
        ablate(model, images, np.zeros(1, np.int64), *GREY, {"blocks.0.conv": [0]})


def test_the_network_is_left_as_it_was_also_by_an_exception() -> None:
    model = two_filters().train()
    model.blocks[0].eval()
    modes = [module.training for module in model.modules()]
    with pytest.raises(RuntimeError), silenced(model, {"blocks.0.conv": [0]}):
        model(torch.zeros(1, 3, 1, 1))
    images = torch.zeros(1, 1, 1, 1, dtype=torch.uint8)
    ablate(model, images, np.zeros(1, np.int64), *GREY, {"blocks.0.conv": [0]})
    assert [module.training for module in model.modules()] == modes
    assert not any(module._forward_hooks for module in model.modules())


def test_the_change_in_the_matrix_is_the_difference_of_two_matrices() -> None:
    config = ModelConfig(blocks=(ConvBlock(channels=3, pooling="max"),), dense=())
    model = restless(ConvNet(config, (1, 8, 8), 4), 1)
    images = some_images(60, (1, 8, 8), 2)
    labels = np.arange(60) % 4
    change = ablate(model, images, labels, (0.5,), (0.3,), {"blocks.0.conv": [0, 2]})
    before, after = (
        confusion_matrix(labels, answers.argmax(1), 4) for answers in (change.before, change.after)
    )
    np.testing.assert_array_equal(change.confusion_change(), after - before)
    fixed, broken = (
        (change.flips(labels)["outcome"] == outcome).sum() for outcome in ("fixed", "broken")
    )
    assert fixed - broken == change.correct[1] - change.correct[0]
    assert len(change.flips(labels))
