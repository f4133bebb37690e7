"""From what someone drew, or a picture of it, to the very pixels that the network is given.

MNIST's digits were scaled to fit a 20×20 box, their proportions kept, and put into 28×28 pixels so
that the centre of mass lies in the centre (LeCun et al. 1998, doi:10.1109/5.726791). In the
published files it lies at row 14 and column 14, counted from 0, to within half a pixel in every one
of the images: that is what "the centre" means here. A digit drawn elsewhere, or larger, is unlike
anything that the network has learnt from.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from core.image_input import MAX_PIXELS, ImageError, Shape, from_picture, open_picture

Ink = NDArray[np.uint8]

BOX_SHARE = 20 / 28  # side of the box as a share of the image's shorter side

# Of the way from the ground to the darkest stroke: what is below it is paper, not ink.
INK_THRESHOLD = 0.25


@dataclass(frozen=True, eq=False)  # eq would compare tensors element by element
class Upload:
    """A picture file as the network gets it.

    Attributes:
        image: (C, H, W) uint8.
        inverted: whether dark and light were exchanged.
    """

    image: Tensor
    inverted: bool


def from_drawing(ink: Ink, shape: Shape, *, centre: bool = True) -> Tensor | None:
    """The drawing as the network gets it, (C, H, W) uint8; None where nothing is drawn.

    Args:
        ink: (height, width) uint8 of any size: 0 where the pad is empty, 255 where it is covered.
        shape: (C, H, W) of the network's images, C being 1 or 3.
        centre: scale and centre it as MNIST was made; otherwise the whole pad is scaled.

    Raises:
        ImageError: if it is no such array, is too large, or the network reads other channels.
    """
    if ink.ndim != 2 or ink.dtype != np.uint8:
        raise ImageError(
            f"a drawing must be rows of bytes, got {ink.dtype} of shape {list(ink.shape)}"
        )
    if ink.size > MAX_PIXELS:
        raise ImageError(
            f"a drawing may have {MAX_PIXELS / 1e6:g} million pixels at most, got {ink.size:,}"
        )
    if not ink.any():
        return None
    if centre:
        ink = centred(ink, shape[1], shape[2])
    image = from_picture(Image.fromarray(ink), shape)
    # A speck can be so faint that it is gone at the network's size.
    return image if image.any() else None


def from_upload(
    data: bytes, shape: Shape, *, centre: bool = False, invert: bool | None = None
) -> Upload:
    """The picture in a PNG or JPEG file as the network gets it.

    Without centring, a picture of the right size arrives pixel by pixel.

    Args:
        data: the file.
        shape: (C, H, W) of the network's images, C being 1 or 3.
        centre: crop it to what is drawn, and scale and centre that as MNIST was made.
        invert: exchange dark and light; None does so where the picture's rim is light and the
            network is greyscale, because such data sets are white on black, or `centre` is asked
            for, which looks for what is lighter than the ground.

    Raises:
        ImageError: if it is no picture, a damaged or a too large one, or nothing is drawn in it.
    """
    picture = open_picture(data)
    if invert is None:
        invert = (shape[0] == 1 or centre) and has_light_ground(picture)
    if invert:
        picture = Image.fromarray(255 - np.asarray(picture))
    if not centre:
        return Upload(from_picture(picture, shape), invert)
    image = from_drawing(_ink(picture), shape)
    if image is None:
        raise ImageError("nothing is drawn in this picture: it has the same brightness everywhere")
    return Upload(image, invert)


def has_light_ground(picture: Image.Image) -> bool:
    """Whether most of the picture's rim is nearer to white than to black."""
    return bool(np.median(_rim(_brightness(picture))) > 127)


def centred(ink: Ink, height: int, width: int) -> Ink:
    """The drawing scaled into the box, its centre of mass at (height / 2, width / 2).

    That holds to within half a pixel along each axis, unless the box would then reach over the
    rim: nothing drawn is ever cut off, so it stays as near as it can.

    Args:
        ink: (rows, columns) uint8, any of it above 0.
        height: of the result.
        width: likewise.

    Returns:
        (height, width) uint8, all 0 where the ink was too faint to be seen at this size.
    """
    box = _boxed(ink, max(1, round(min(height, width) * BOX_SHARE)))
    canvas = np.zeros((height, width), np.uint8)
    weights = box.astype(np.float64)
    if not weights.any():
        return canvas
    top, left = (
        _offset(weights.sum(1 - axis), length) for axis, length in enumerate((height, width))
    )
    canvas[top : top + box.shape[0], left : left + box.shape[1]] = box
    return canvas


def _boxed(ink: Ink, side: int) -> Ink:
    """What is drawn, cut out and scaled so that its longer side is `side`."""
    rows, columns = (np.flatnonzero(ink.any(axis)) for axis in (1, 0))
    cut = Image.fromarray(ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
    share = side / max(cut.size)
    size = max(1, round(cut.width * share)), max(1, round(cut.height * share))
    return np.asarray(cut.resize(size, Image.Resampling.BILINEAR))


def _offset(weights: NDArray[np.float64], length: int) -> int:
    """Where the box begins along an axis with these sums of ink."""
    mass = float(weights @ np.arange(len(weights)) / weights.sum())
    return min(max(round(length / 2 - mass), 0), length - len(weights))


def _ink(picture: Image.Image) -> Ink:
    """(height, width) what stands out from a dark ground, stretched so that the lightest is 255."""
    light = _brightness(picture)
    ground = float(np.median(_rim(light)))
    top = light.max()
    if top <= ground:
        return np.zeros(light.shape, np.uint8)
    share = (light - ground) / (top - ground)
    ink: Ink = np.where(share < INK_THRESHOLD, 0, share * 255).round().astype(np.uint8)
    return ink


def _brightness(picture: Image.Image) -> NDArray[np.float64]:
    return np.asarray(picture.convert("L")).astype(np.float64)


def _rim(light: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.concatenate([light[0], light[-1], light[:, 0], light[:, -1]])
