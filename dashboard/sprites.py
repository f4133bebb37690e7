"""Images as PNG: many small ones in one sheet, or one alone. Pure: arrays in, bytes out.

Arrays may be NumPy arrays or CPU tensors. One sheet and one message replace hundreds of elements,
which is what makes a gallery appear in milliseconds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Sheet:
    """Equal images side by side, row after row, in one PNG.

    Attributes:
        png: the file, greyscale or RGB.
        count: how many images there are; the rest of the last row is black.
        columns: images in a row.
        rows: rows of images.
        width: pixels of one image.
        height: pixels of one image.
    """

    png: bytes
    count: int
    columns: int
    rows: int
    width: int
    height: int


def sheet(images: Any, columns: int = 32) -> Sheet:
    """All images in one sheet.

    Args:
        images: (N, C, H, W) uint8 with one channel (grey) or three (RGB).
        columns: images in a row, at least 1.

    Raises:
        ValueError: for another shape or type.
    """
    pixels = _as_bytes(images, dimensions=4)
    count, channels, height, width = pixels.shape
    columns = max(1, min(columns, count))
    rows = max(1, -(-count // columns))  # a PNG cannot be empty: no images make one black tile
    padded = np.zeros((rows * columns, channels, height, width), np.uint8)
    padded[:count] = pixels
    grid = padded.reshape(rows, columns, channels, height, width).transpose(0, 3, 1, 4, 2)
    canvas = grid.reshape(rows * height, columns * width, channels)
    return Sheet(_encode(canvas), count, columns, rows, width, height)


def picture(image: Any) -> bytes:
    """One (C, H, W) uint8 image as a PNG of its own size; the browser enlarges it."""
    return _encode(_as_bytes(image, dimensions=3).transpose(1, 2, 0))


def signed(values: Any, stops: Sequence[str], limit: float | None = None) -> Bytes:
    """Signed values as colours, the middle one for zero: (N, H, W) -> (N, 3, H, W) uint8.

    Args:
        values: finite numbers.
        stops: an odd number of ``#rrggbb`` colours, from the most negative to the most positive.
        limit: the magnitude that gets the outermost colours; the largest one found by default.
            Give the same limit to images that are compared.
    """
    numbers = np.asarray(values, dtype=np.float64)
    reach = float(np.abs(numbers).max(initial=0.0)) if limit is None else limit
    share = np.clip(numbers / reach, -1, 1) if reach > 0 else np.zeros_like(numbers)
    palette = np.array([[int(stop[i : i + 2], 16) for i in (1, 3, 5)] for stop in stops], float)
    position = (share + 1) / 2 * (len(stops) - 1)
    below = np.clip(position.astype(int), 0, len(stops) - 2)
    part = (position - below)[..., None]
    colours = palette[below] * (1 - part) + palette[below + 1] * part
    channels_first: Bytes = np.rint(np.moveaxis(colours, -1, 1)).astype(np.uint8)
    return channels_first


def _as_bytes(images: Any, dimensions: int) -> Bytes:
    pixels = np.asarray(images)
    if pixels.dtype != np.uint8 or pixels.ndim != dimensions or pixels.shape[-3] not in (1, 3):
        raise ValueError(
            f"images must be uint8 with {dimensions} dimensions and 1 or 3 channels, "
            f"got {pixels.dtype} {pixels.shape}"
        )
    return pixels


def _encode(canvas: Bytes) -> bytes:
    buffer = BytesIO()
    image = Image.fromarray(canvas[:, :, 0] if canvas.shape[2] == 1 else canvas)
    # Level 1: a third of the time of the default for a tenth more bytes, and nothing is stored.
    image.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()
