"""The image that excites a channel most, found by climbing the gradient from grey noise.

Erhan et al. 2009 (Visualizing Higher-Layer Features of a Deep Network); the small random shifts and
the penalty on roughness, which keep the image from dissolving into noise, are those of Mordvintsev
et al. 2015 (Inceptionism) and Mahendran and Vedaldi 2015 (arXiv:1412.0035).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.capture import capture
from core.errors import UserError
from core.inspection.lookup import check_position, layer_row
from core.model import ConvNet
from core.preprocessing import normalise

STEP_SIZE = 0.05  # root mean square of the pixels' first change; the last one's is a tenth of it
NOISE = 0.05  # standard deviation of the noise to begin with
MAX_STEPS = 10_000


@dataclass(frozen=True)
class MaximisationConfig:
    """How the climb goes.

    Attributes:
        num_steps: in [1, 10,000].
        smoothness: weight of the roughness penalty against the climb; 0 turns it off.
        jitter: largest random shift of the image in a step, in pixels; 0 turns it off. Where one
            place of the map is maximised there is none: it would only blur.
        seed: of the noise and the shifts; equal seeds give equal images.
    """

    num_steps: int = 100
    smoothness: float = 0.25
    jitter: int = 1
    seed: int = 0


@dataclass(frozen=True, eq=False)  # eq would compare arrays element by element
class MaximisationStep:
    """The best image so far.

    Attributes:
        step: steps taken: 0 for the noise at the beginning.
        num_steps: how many there will be.
        value: the mean of the channel's map for the image as it is shown, or the value at the
            place asked for.
        pixels: (C, H, W) float32 in [0, 1].
    """

    step: int
    num_steps: int
    value: float
    pixels: NDArray[np.float32]


def maximise(
    model: nn.Module,
    input_shape: tuple[int, int, int],
    mean: Sequence[float],
    std: Sequence[float],
    layer: str,
    channel: int,
    place: tuple[int, int] | None = None,
    config: MaximisationConfig | None = None,
) -> Iterator[MaximisationStep]:
    """Climbs step by step; the last item is the result, and its value is never below the first's.

    Between two steps the model is as it was found. Name a layer before the activation function
    (`core.inspection.lookup.FilterLayers.before_activation`): behind a ReLU that is off there is
    no gradient to climb.

    Args:
        model: any module.
        input_shape: (C, H, W) of an image.
        mean: of each channel, pixels in [0, 1].
        std: likewise.
        layer: as in ``model.named_modules()``; its output is (N, C, H, W) or (N, units).
        channel: from 0, or the unit; a class where the layer is the output.
        place: (row, column) of the map whose value is to grow: the pattern that the filter looks
            for appears in that value's receptive field, the rest stays grey. None for the mean of
            the map: a texture that fills the image, but for a first layer, whose mean is linear in
            the pixels, hardly more than light or dark. `middle` suits filters.
        config: None for the defaults.

    Raises:
        UserError: on the first step, if there is no such layer, channel or place, or a number of
            the config is out of range.
    """
    config = config or MaximisationConfig()
    _check(config)
    jitter = 0 if place else config.jitter
    climb = _Climb(model, mean, std, layer, channel, place)
    generator = torch.Generator().manual_seed(config.seed)
    # In the middle of the range: black, where most pixels of MNIST are, could only grow.
    pixels = (0.5 + NOISE * torch.randn(input_shape, generator=generator)).clamp(0, 1)
    best, best_value = pixels, climb.value(pixels)
    yield MaximisationStep(0, config.num_steps, best_value, best.numpy())
    for step in range(1, config.num_steps + 1):
        size = STEP_SIZE * (1 - 0.9 * (step - 1) / config.num_steps)
        shift = torch.randint(-jitter, jitter + 1, (2,), generator=generator)
        direction = climb.direction(pixels, shift.tolist(), config.smoothness)
        pixels = (pixels + size * direction).clamp(0, 1)
        value = climb.value(pixels)
        if value > best_value:
            best, best_value = pixels, value
        yield MaximisationStep(step, config.num_steps, best_value, best.numpy())


def middle(model: ConvNet, layer: str) -> tuple[int, int] | None:
    """The (row, column) in the middle of a layer's maps; None where it has units.

    Raises:
        UserError: if there is no such layer.
    """
    shape = layer_row(model, layer).output_shape
    return (shape[1] // 2, shape[2] // 2) if len(shape) == 3 else None


class _Climb:
    """One channel as a function of the pixels, with its gradient."""

    def __init__(
        self,
        model: nn.Module,
        mean: Sequence[float],
        std: Sequence[float],
        layer: str,
        channel: int,
        place: tuple[int, int] | None,
    ):
        self._model, self._mean, self._std = model, mean, std
        self._layer, self._channel, self._place = layer, channel, place
        parameter = next(model.parameters(), torch.empty(()))
        self._device, self._dtype = parameter.device, parameter.dtype

    def value(self, pixels: Tensor) -> float:
        with torch.inference_mode():
            return float(self._answer(pixels))

    def direction(self, pixels: Tensor, shift: Sequence[int], smoothness: float) -> Tensor:
        """Where to move the pixels, (C, H, W): uphill, its root mean square 1, less roughness."""
        with torch.inference_mode(False), torch.enable_grad():
            moved = pixels.clone().requires_grad_()
            answer = self._answer(moved.roll(list(shift), (1, 2)))
            (uphill,) = torch.autograd.grad(answer, moved)
            (rough,) = torch.autograd.grad(_roughness(moved), moved)
        size = uphill.square().mean().sqrt()
        return (uphill / size if size > 0 else uphill) - smoothness * rough

    def _answer(self, pixels: Tensor) -> Tensor:
        given = normalise(pixels.clone()[None], self._mean, self._std)
        with capture(self._model, [self._layer]) as outputs:
            self._model(given.to(self._device, self._dtype))
        if self._layer not in outputs:
            raise UserError(f"layer {self._layer!r} takes no part in what the network computes")
        output = outputs[self._layer][0]
        row, column = self._place or (0, 0)
        check_position(output.shape, self._layer, self._channel, row, column)
        answer = output[self._channel]
        return answer[row, column] if self._place and answer.dim() else answer.mean()


def _roughness(pixels: Tensor) -> Tensor:
    """Total variation: the sum of the distances between neighbours, rounded off at zero."""
    down = (pixels[:, 1:] - pixels[:, :-1]).square().add(1e-4).sqrt().sum()
    across = (pixels[:, :, 1:] - pixels[:, :, :-1]).square().add(1e-4).sqrt().sum()
    return down + across


def _check(config: MaximisationConfig) -> None:
    for name, value, low, high in (
        ("num_steps", config.num_steps, 1, MAX_STEPS),
        ("smoothness", config.smoothness, 0, 100),
        ("jitter", config.jitter, 0, 8),
        ("seed", config.seed, 0, 2**31 - 1),
    ):
        if not low <= value <= high:
            raise UserError(f"{name} must lie in [{low}, {high:,}], got {value}")
