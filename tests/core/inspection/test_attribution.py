"""Attribution against networks solved by hand, brute force, and the axioms."""

import time

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from core.config import ConvBlock, DenseLayer, ModelConfig
from core.errors import UserError
from core.inspection.attribution import (
    METHODS,
    attribute,
    baseline_image,
    grad_cam_layers,
)
from core.inspection.randomisation import randomisation_check, shuffled
from core.model import ConvNet
from core.preprocessing import network_input
from tests.core.architectures import fitting_cases
from tests.core.inspection.networks import restless

ALL = tuple(METHODS)


def linear(shape: tuple[int, int, int], num_classes: int = 3) -> tuple[ConvNet, torch.Tensor]:
    """Softmax regression, and its weights (K, C, H, W)."""
    model = restless(ConvNet(ModelConfig(blocks=(), dense=()), shape, num_classes), 5)
    return model, model.output.weight.detach().view(num_classes, *shape)


@pytest.mark.parametrize("shape", [(1, 4, 3), (3, 2, 5)])
class TestALinearModel:
    def test_saliency_is_its_weights(self, shape) -> None:
        model, weights = linear(shape)
        found = attribute(model, torch.randn(shape), "saliency", 1)
        np.testing.assert_allclose(found.values, weights[1], rtol=1e-6)
        np.testing.assert_allclose(found.heat, weights[1].sum(0), rtol=1e-5, atol=1e-6)
        assert (found.baseline_score, found.delta, found.layer) == (None, None, None)

    def test_integrated_gradients_are_weights_times_distance(self, shape) -> None:
        model, weights = linear(shape)
        image, baseline = torch.randn(2, *shape)
        found = attribute(model, image, "integrated_gradients", 2, baseline=baseline, steps=3)
        np.testing.assert_allclose(found.values, weights[2] * (image - baseline), atol=1e-5)
        assert abs(found.delta) < 1e-5

    def test_occlusion_of_single_pixels_is_their_share(self, shape) -> None:
        model, weights = linear(shape)
        image = torch.randn(shape)
        found = attribute(model, image, "occlusion", 0, window=1)
        np.testing.assert_allclose(found.values[0], (weights[0] * image).sum(0), atol=1e-5)

    def test_contrast_is_the_difference_of_the_weights(self, shape) -> None:
        model, weights = linear(shape)
        image = torch.randn(shape)
        found = attribute(model, image, "saliency", 0, against=2)
        np.testing.assert_allclose(found.values, weights[0] - weights[2], atol=1e-6)
        logits = model(image[None])[0].detach()
        assert found.score == pytest.approx(float(logits[0] - logits[2]), abs=1e-5)


@st.composite
def cases(draw: st.DrawFn) -> tuple[ConvNet, torch.Tensor, int]:
    config, shape, num_classes = draw(fitting_cases())
    model = restless(ConvNet(config, shape, num_classes), draw(st.integers(0, 99)))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 99)))
    return model, torch.randn(shape, generator=generator), draw(st.integers(0, num_classes - 1))


@settings(max_examples=40, deadline=None)
@given(cases())
def test_integrated_gradients_are_complete(case) -> None:
    model, image, target = case
    baseline = torch.full_like(image, -0.4)
    found = attribute(model, image, "integrated_gradients", target, baseline=baseline)
    expected = [float(model(each[None])[0, target].detach()) for each in (image, baseline)]
    assert [found.score, found.baseline_score] == pytest.approx(expected, abs=1e-4)
    difference = found.score - found.baseline_score
    scale = 1 + float(np.abs(found.values).sum())
    assert float(found.values.sum()) == pytest.approx(difference + found.delta, abs=1e-4 * scale)


@settings(max_examples=25, deadline=None)
@given(cases())
def test_the_delta_shrinks_with_more_steps(case) -> None:
    """For a smooth network the quadrature is as good as exact; a kink costs 1/steps at most."""
    model, image, target = case
    found = attribute(model, image, "integrated_gradients", target, steps=1000)
    assert abs(found.delta) <= 0.02 * (1 + np.abs(found.values).sum())


def brute_force(model: ConvNet, image: torch.Tensor, target: int, window: int) -> np.ndarray:
    """The fall of the logit for every place of a black window, averaged over each pixel."""
    height, width = image.shape[1:]
    rows, columns = min(window, height), min(window, width)
    total, count = np.zeros((height, width)), np.zeros((height, width))
    with torch.no_grad():
        score = model(image[None])[0, target]
        for row in range(height - rows + 1):
            for column in range(width - columns + 1):
                covered = image.clone()
                covered[:, row : row + rows, column : column + columns] = -1.0
                place = np.s_[row : row + rows, column : column + columns]
                total[place] += float(score - model(covered[None])[0, target])
                count[place] += 1
    return total / count


@settings(max_examples=25, deadline=None)
@given(cases(), st.integers(1, 6))
def test_occlusion_is_what_brute_force_finds(case, window) -> None:
    model, image, target = case
    baseline = torch.full_like(image, -1.0)
    found = attribute(model, image, "occlusion", target, baseline=baseline, window=window)
    assert found.values.shape == (1, *image.shape[1:])
    np.testing.assert_allclose(
        found.heat, brute_force(model, image, target, window), rtol=1e-3, atol=1e-3
    )


def toy() -> ConvNet:
    """Two 1×1 filters, pixel and −pixel, relu, 2×2 max pooling; logit 0 = 3·first − second."""
    block = ConvBlock(channels=2, kernel_size=1, pooling="max")
    model = ConvNet(ModelConfig(blocks=(block,), dense=()), (1, 2, 2), 2)
    model.blocks[0].conv.weight.data.copy_(torch.tensor([1.0, -1.0]).view(2, 1, 1, 1))
    model.output.weight.data.copy_(torch.tensor([[3.0, -1.0], [0.0, 2.0]]))
    return model.eval()


def test_grad_cam_by_hand() -> None:
    image = torch.tensor([[[1.0, 2.0], [-4.0, 0.0]]])
    found = attribute(toy(), image, "grad_cam", 0)
    # Maps behind the relu: (1 2; 0 0) and (0 0; 4 0). Pooling hands the gradients 3 and −1 to one
    # of four places, so the weights are 3/4 and −1/4: (0.75 1.5; −1 0), cut at 0.
    assert found.layer == "blocks.0.activation"
    np.testing.assert_allclose(found.values, [[[0.75, 1.5], [0.0, 0.0]]])
    # Behind the pooling there is one place: 3·2 − 1·4 = 2 everywhere.
    pooled = attribute(toy(), image, "grad_cam", 0, layer="blocks.0.pool")
    np.testing.assert_allclose(pooled.values, np.full((1, 2, 2), 2.0))
    # For class 1 only the second filter counts: 2/4 · 4; against class 0: 3/4 · 4 and −3/4.
    second = attribute(toy(), image, "grad_cam", 1)
    np.testing.assert_allclose(second.values, [[[0.0, 0.0], [2.0, 0.0]]])
    contrast = attribute(toy(), image, "grad_cam", 1, against=0)
    np.testing.assert_allclose(contrast.values, [[[0.0, 0.0], [3.0, 0.0]]])


def test_grad_cam_sees_maps_of_a_frozen_network() -> None:
    model = toy().requires_grad_(False)
    image = torch.tensor([[[1.0, 2.0], [-4.0, 0.0]]])
    assert attribute(model, image, "grad_cam", 0).heat.max() == 1.5


class Difference(nn.Module):
    """A network of one logit, that of class 1 less that of class 0."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        logits = self.model(images)
        return logits[:, 1:2] - logits[:, :1]


@pytest.mark.parametrize("method", ALL)
def test_contrast_is_the_method_on_the_difference_of_two_logits(method) -> None:
    block = ConvBlock(channels=3, pooling="average", batch_norm=True)
    model = restless(ConvNet(ModelConfig(blocks=(block,)), (3, 8, 7), 4), 2)
    image = torch.randn(3, 8, 7)
    layer = "blocks.0.activation" if method == "grad_cam" else None
    foreign = f"model.{layer}" if layer else None
    one = attribute(model, image, method, 1, against=0, layer=layer)
    other = attribute(Difference(model), image, method, 0, layer=foreign)
    np.testing.assert_allclose(one.values, other.values, rtol=1e-4, atol=1e-6)
    assert np.abs(one.values).max() > 0
    assert (one.target, one.against, one.method) == (1, 0, method)


@settings(max_examples=15, deadline=None)
@given(cases(), st.sampled_from(ALL))
def test_every_network_gets_a_map_or_a_sentence_and_is_left_alone(case, method) -> None:
    model, image, target = case
    model.train()
    weights = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    try:
        with torch.inference_mode():
            found = attribute(model, image, method, target)
    except UserError:
        assert method == "grad_cam"
        assert not len(model.blocks)
    else:
        assert found.values.shape[1:] == image.shape[1:]
        assert np.isfinite(found.values).all()
    assert model.training
    assert not any(module._forward_hooks for module in model.modules())
    assert all(torch.equal(weights[name], model.state_dict()[name]) for name in weights)
    assert all(parameter.grad is None for parameter in model.parameters())


def test_layers_of_grad_cam_are_those_with_maps() -> None:
    model = ConvNet(ModelConfig(), (1, 12, 12), 3)
    expected = [f"blocks.{i}.{part}" for i in (0, 1) for part in ("conv", "activation", "pool")]
    assert grad_cam_layers(model) == expected
    foreign = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8, 2))
    assert grad_cam_layers(foreign) == ["0"]
    assert attribute(foreign, torch.randn(1, 4, 4), "grad_cam", 0, layer="1").layer == "1"


def test_black_is_what_the_network_is_given_for_black_pixels() -> None:
    black = baseline_image("black", (3, 2, 2), (0.1, 0.2, 0.3), (0.5, 0.6, 0.7))
    zeros = torch.zeros(1, 3, 2, 2, dtype=torch.uint8)
    torch.testing.assert_close(black, network_input(zeros, (0.1, 0.2, 0.3), (0.5, 0.6, 0.7))[0])
    assert baseline_image("mean", (3, 2, 2), (0.1,) * 3, (0.5,) * 3).count_nonzero() == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"method": "deeplift"}, "method must be one of saliency, .*, got 'deeplift'"),
        ({"target": 10}, r"target of the network's classes must lie in \[0, 9\], got 10"),
        ({"target": -1}, r"must lie in \[0, 9\], got -1"),
        ({"against": 10}, r"against of the network's classes must lie in \[0, 9\], got 10"),
        ({"against": 3}, "target and against are both 3"),
        ({"layer": "blocks.2.conv"}, "no layer 'blocks.2.conv' to look at .* one of blocks.0.conv"),
        ({"layer": "dense.0.linear"}, "no layer 'dense.0.linear' to look at"),
        ({"image": torch.zeros(1, 9, 9)}, "takes 1×12×12 images, got 1×9×9"),
        ({"baseline": torch.zeros(1, 9, 9)}, "takes 1×12×12 images, got 1×9×9"),
        ({"steps": 0}, "steps must be at least 1, got 0"),
        ({"window": 0}, "window must be at least 1, got 0"),
    ],
)
def test_what_is_not_there_is_refused(changes, message) -> None:
    arguments = {"image": torch.zeros(1, 12, 12), "method": "grad_cam", "target": 3, **changes}
    with pytest.raises(UserError, match=message):
        attribute(ConvNet(ModelConfig(), (1, 12, 12), 10), **arguments)


def test_grad_cam_needs_a_conv_layer_and_maps() -> None:
    model, _ = linear((1, 4, 4))
    with pytest.raises(UserError, match="no conv layer, which Grad-CAM needs; choose another"):
        attribute(model, torch.zeros(1, 4, 4), "grad_cam", 0)
    foreign = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(8, 2))
    with pytest.raises(UserError, match="layer '2' puts out no maps"):
        attribute(foreign, torch.zeros(1, 4, 4), "grad_cam", 0, layer="2")
    with pytest.raises(UserError, match="no layer 'relu' in this network"):
        attribute(foreign, torch.zeros(1, 4, 4), "grad_cam", 0, layer="relu")
    with pytest.raises(UserError, match="image's shape 1×4×4, got 1×5×5"):
        attribute(foreign, torch.zeros(1, 4, 4), "saliency", 0, baseline=torch.zeros(1, 5, 5))
    with pytest.raises(UserError, match="baseline must be one of black, mean, got 'white'"):
        baseline_image("white", (1, 2, 2), (0.0,), (1.0,))


class TestRandomisation:
    def test_shuffling_keeps_the_numbers_and_not_their_places(self) -> None:
        model = restless(ConvNet(ModelConfig(), (1, 12, 12), 3), 0)
        twin = shuffled(model, 1)
        for own, other in zip(model.parameters(), twin.parameters(), strict=True):
            assert torch.equal(own.flatten().sort().values, other.flatten().sort().values)
        assert not torch.equal(model.output.weight, twin.output.weight)
        same, different = shuffled(model, 1), shuffled(model, 2)
        assert torch.equal(twin.output.weight, same.output.weight)
        assert not torch.equal(twin.output.weight, different.output.weight)

    def test_a_map_of_weights_changes_with_them(self) -> None:
        model, weights = linear((1, 28, 28))
        check = randomisation_check(model, torch.randn(1, 28, 28), "saliency", 1, seed=3)
        np.testing.assert_allclose(check.learnt.values, weights[1], rtol=1e-6)
        assert abs(check.similarity) < 0.15  # 784 independent ranks: standard deviation 0.036

    def test_a_map_that_shows_the_image_alone_is_found_out(self) -> None:
        """With equal weights everywhere there is nothing to forget."""
        model, _ = linear((1, 6, 6))
        model.output.weight.data.fill_(0.5)
        image = torch.randn(1, 6, 6)
        check = randomisation_check(model, image, "integrated_gradients", 1, against=None)
        assert check.similarity == pytest.approx(1.0)

    def test_a_map_that_is_the_same_everywhere_resembles_nothing(self) -> None:
        model, _ = linear((1, 6, 6))
        model.output.weight.data.fill_(0.5)
        assert randomisation_check(model, torch.randn(1, 6, 6), "saliency", 1).similarity == 0


@pytest.mark.parametrize("method", ALL)
def test_one_image_is_quick(method) -> None:
    # 100 ms of processor time for the classic network; the first call loads Captum.
    model = ConvNet(
        ModelConfig(dense=(DenseLayer(width=120), DenseLayer(width=84))), (1, 28, 28), 10
    )
    image = torch.randn(1, 28, 28)
    times = []
    for _ in range(6):
        start = time.process_time()
        attribute(model, image, method, 3)
        times.append(time.process_time() - start)
    assert min(times) <= 0.1
