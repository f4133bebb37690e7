"""Random changes to a batch of images, each image with parameters of its own, on tensors.

torchvision's v2 transforms draw one parameter for a whole batch, or take 65 to 165 µs an image when
they are called one by one; here a batch takes 1 to 5 µs an image for any one of the changes.
"""

import torch
import torch.nn.functional as F  # noqa: N812 - the name that everybody knows it by
from torch import Generator, Tensor

from core.config import AugmentationConfig


def is_active(config: AugmentationConfig) -> bool:
    """Whether `augment` would change anything."""
    return any(config.model_dump().values())


def augment(images: Tensor, config: AugmentationConfig, generator: Generator) -> Tensor:
    """The images changed at random: turned, moved, sized, slanted, made noisy, partly blanked.

    Every image gets its own parameters, uniform within the limits of `config`. What comes in from
    outside is black. A whole-number shift alone moves pixels exactly; otherwise all of rotation,
    shift, scale and shear are one bilinear resampling. Equal generator states give equal bits.

    Args:
        images: (N, C, H, W) float, pixels in [0, 1]; never modified.
        config: how much of what.
        generator: on the CPU, also for images on another device; it advances.

    Returns:
        (N, C, H, W) of the same type and device; `images` itself when nothing is on. Noise is not
        clipped: it may lead out of [0, 1] by a little.
    """
    if config.rotation or config.scale or config.shear or config.shift % 1:
        images = _random_affine(images, config, generator)
    elif config.shift:
        images = _random_shift(images, int(config.shift), generator)
    if config.noise:
        noise = torch.randn(images.shape, generator=generator, dtype=images.dtype)
        images = images.add(noise.to(images.device), alpha=config.noise)
    if config.cutout:
        images = _random_cutout(images, config.cutout, generator)
    return images


def affine(
    images: Tensor, angle: Tensor, move_x: Tensor, move_y: Tensor, scale: Tensor, shear: Tensor
) -> Tensor:
    """Each image slanted, sized, turned about its centre and then moved, resampled bilinearly.

    A point p, in pixels from the centre, goes to A·p + t with A = s · R(angle) · K(shear): R turns
    counter-clockwise as seen, K moves a row sideways by tan(shear) for each pixel below the centre.
    The resampling needs the way back, A⁻¹·(p − t), which is written out here.

    Args:
        images: (N, C, H, W) float.
        angle: (N,) degrees.
        move_x: (N,) pixels to the right.
        move_y: (N,) pixels down.
        scale: (N,) factors, above 1 for larger.
        shear: (N,) degrees in (-90, 90).
    """
    height, width = images.shape[2:]
    turn = torch.deg2rad(angle)
    slant = torch.tan(torch.deg2rad(shear))
    cos, sin = torch.cos(turn) / scale, torch.sin(turn) / scale
    # K(-shear) · R(-angle) / s, rows downwards, so that R(-angle) = ((cos, -sin), (sin, cos)).
    xx, xy = cos - slant * sin, -sin - slant * cos
    yx, yy = sin, cos
    x0 = -(xx * move_x + xy * move_y)
    y0 = -(yx * move_x + yy * move_y)
    from_x = torch.stack((xx, xy, x0), dim=1) * (2 / width)  # grid_sample counts from -1 to 1
    from_y = torch.stack((yx, yy, y0), dim=1) * (2 / height)
    way_back = torch.stack((from_x, from_y), dim=1).view(-1, 3).to(images)
    # One matrix product, 0.4 µs an image; F.affine_grid makes the same grid in 10 µs.
    grid = (way_back @ _pixel_places(height, width).to(images)).view(-1, 2, height, width)
    return F.grid_sample(
        images,
        grid.permute(0, 2, 3, 1),
        mode="bilinear",
        padding_mode="zeros",
        align_corners=False,
    )


def _pixel_places(height: int, width: int) -> Tensor:
    """(3, H · W): x and y of every pixel from the centre of the image, and 1, row by row."""
    x = (torch.arange(width) - (width - 1) / 2).repeat(height)
    y = (torch.arange(height) - (height - 1) / 2).repeat_interleave(width)
    return torch.stack((x, y, torch.ones(height * width)))


def _random_affine(images: Tensor, config: AugmentationConfig, generator: Generator) -> Tensor:
    angle, move_x, move_y, growth, shear = torch.rand(5, len(images), generator=generator) * 2 - 1
    return affine(
        images,
        angle * config.rotation,
        move_x * config.shift,
        move_y * config.shift,
        1 + growth * config.scale,
        shear * config.shear,
    )


def _random_shift(images: Tensor, most: int, generator: Generator) -> Tensor:
    """Whole pixels only: a copy out of a padded batch, half the cost of resampling."""
    count, channels, height, width = images.shape
    padded = F.pad(images, (most, most, most, most)).contiguous()
    stride = padded.stride()
    places = 2 * most + 1
    # A view of every window of the padded images, without a copy; indexing copies one of each.
    windows = padded.as_strided(
        (count, places, places, channels, height, width),
        (stride[0], stride[2], stride[3], stride[1], stride[2], stride[3]),
    )
    at = torch.randint(places, (2, count), generator=generator).to(images.device)
    return windows[torch.arange(count, device=images.device), at[0], at[1]]


def _random_cutout(images: Tensor, side: int, generator: Generator) -> Tensor:
    """A square of `side` pixels, wholly inside the image, set to 0."""
    count, _, height, width = images.shape
    rows = _random_span(count, height, side, generator)
    columns = _random_span(count, width, side, generator)
    square = rows[:, None, :, None] & columns[:, None, None, :]
    return images.masked_fill(square.to(images.device), 0.0)


def _random_span(count: int, length: int, side: int, generator: Generator) -> Tensor:
    """(count, length) bool: `side` neighbours are true in each row, or all where it is longer."""
    side = min(side, length)
    start = torch.randint(length - side + 1, (count, 1), generator=generator)
    position = torch.arange(length)
    return (position >= start) & (position < start + side)
