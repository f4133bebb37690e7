"""Pictures of the Train page: first-layer filters, and what the network will see. Pure."""

import base64
import html
import math
from typing import Any

import numpy as np

from core.augmentation import augment
from core.config import AugmentationConfig
from core.preprocessing import to_pixels
from dashboard import sprites
from dashboard.palette import Palette, rgb

PREVIEW_IMAGES = 8
_MOST_FILTERS = 64
_LARGEST_TILE = 84  # pixels


def first_filters(weights: dict[str, Any], shape: tuple[int, int, int]) -> Any | None:
    """The first layer's weights as signed maps (N, H, W), at most 64; None if they are no images.

    A conv filter is averaged over its input channels; a dense layer on the pixels shows one image
    of weights a unit.

    Args:
        weights: a network's tensors by name.
        shape: (channels, height, width) of its input.
    """
    if (kernel := weights.get("blocks.0.conv.weight")) is not None:
        return np.asarray(kernel).mean(axis=1)[:_MOST_FILTERS]
    for name in ("dense.0.linear.weight", "output.weight"):
        if (matrix := weights.get(name)) is not None and matrix.shape[1] == math.prod(shape):
            return np.asarray(matrix).reshape(-1, *shape).mean(axis=1)[:_MOST_FILTERS]
    return None


def filter_picture(maps: Any, palette: Palette, width: int = 420) -> bytes:
    """Signed maps (N, H, W) as one PNG: blue above zero, orange below, the page's colour at zero.

    All share one range, so that a strong filter looks stronger than a weak one.
    """
    images = sprites.signed(maps, palette.diverging)
    rows = max(1, round(math.sqrt(len(images) / 2)))
    columns = math.ceil(len(images) / rows)
    scale = max(1, min(_LARGEST_TILE, width // columns - 6) // images.shape[3])
    tiles = _framed(images.repeat(scale, axis=2).repeat(scale, axis=3), palette)
    # The rest of the last row is the page's colour, where a sheet would be black.
    blank = np.empty((rows * columns - len(tiles), *tiles.shape[1:]), np.uint8)
    blank[:] = np.array(rgb(palette.background), np.uint8)[:, None, None]
    return sprites.sheet(np.concatenate([tiles, blank]), columns).png


def _framed(tiles: Any, palette: Palette) -> Any:
    """Each tile with a thin frame and room around it: a filter near zero is a tile as well."""
    count, _, height, width = tiles.shape
    canvas = np.empty((count, 3, height + 6, width + 6), np.uint8)
    for border, color in ((0, palette.background), (2, palette.border)):
        inner = slice(border, -border or None)
        canvas[:, :, inner, inner] = np.array(rgb(color), np.uint8)[:, None, None]
    canvas[:, :, 3:-3, 3:-3] = tiles
    return canvas


def image_tag(png: bytes, alt: str, stretch: bool = False) -> str:
    """A PNG inside its own HTML, so that it cannot be gone when the browser asks for it.

    What ``st.image`` shows is a file that the next run takes away: a picture that changes several
    times a second is then missing more often than not.
    """
    source = base64.b64encode(png).decode()
    kind = "cs-pixels cs-stretch" if stretch else "cs-pixels"
    return f'<img class="{kind}" alt="{html.escape(alt)}" src="data:image/png;base64,{source}">'


def augmentation_preview(images: Any, config: AugmentationConfig, seed: int = 0) -> bytes:
    """Training images as the network will see them, as one PNG.

    Args:
        images: (N, C, H, W) uint8 tensor.
        config: the random changes; other draws each time an image is shown in training.
        seed: of the random changes.
    """
    from torch import Generator

    changed = augment(to_pixels(images), config, Generator().manual_seed(seed))
    pixels = (changed.clamp(0, 1) * 255).round().to(dtype=images.dtype)
    return sprites.sheet(pixels, columns=len(pixels)).png
