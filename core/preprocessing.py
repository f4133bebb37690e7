"""From stored bytes to what a network is given: the same steps in training, evaluation, serving."""

from collections.abc import Sequence

import torch
from torch import Tensor


def to_pixels(images: Tensor) -> Tensor:
    """Pixels in [0, 1], (N, C, H, W) float32, from (N, C, H, W) uint8."""
    pixels = images.to(torch.float32, memory_format=torch.channels_last)
    return pixels.mul_(1 / 255)


def normalise(pixels: Tensor, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """``(pixels - mean) / std`` for each channel, written into `pixels`, (N, C, H, W)."""
    shape = (1, len(mean), 1, 1)
    shift = torch.tensor(mean, device=pixels.device).view(shape)
    scale = torch.tensor([1 / value for value in std], device=pixels.device).view(shape)
    return pixels.sub_(shift).mul_(scale)


def network_input(images: Tensor, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """What the network is given for (N, C, H, W) uint8 images when nothing is augmented."""
    return normalise(to_pixels(images), mean, std)
