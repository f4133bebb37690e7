"""A picture file, or plain numbers, as one image of a data set: (C, H, W) uint8.

Pictures are converted to the data's own channels and size and nothing else: what is already a
greyscale picture of the right size arrives unchanged, pixel by pixel, and nothing is inverted.
Files come from strangers, so only two formats are read, and a picture's size is read from its
header and checked before a single pixel is decoded.
"""

import struct
import zlib
from io import BytesIO
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageFile, ImageOps
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from torch import Tensor

from core.errors import UserError

Shape = tuple[int, int, int]

MAX_FILE_BYTES = 10 * 2**20
MAX_PIXELS = 25_000_000  # a 24-megapixel photograph fits, and takes 100 MB decoded

# The classes are called directly: Image.open would also try to make sense of other formats, and
# only warns of a picture that is far too large.
_READERS: dict[bytes, type[ImageFile.ImageFile]] = {
    b"\x89PNG\r\n\x1a\n": PngImageFile,
    b"\xff\xd8\xff": JpegImageFile,
}
# What Pillow's two readers were seen to raise on damaged files.
_DAMAGE = (
    OSError, SyntaxError, ValueError, TypeError, EOFError, LookupError, OverflowError,
    AttributeError, struct.error, zlib.error,
)  # fmt: skip


class ImageError(UserError):
    """What was given is no image, is damaged, is too large or does not fit the network."""


def from_file(data: bytes, shape: Shape) -> Tensor:
    """The image (C, H, W) uint8 in the bytes of a PNG or JPEG file, fitted to `shape`.

    Raises:
        ImageError: if the bytes are no picture, a damaged one, or one that is too large.
    """
    return from_picture(open_picture(data), shape)


def open_picture(data: bytes) -> Image.Image:
    """The decoded picture, upright, in mode ``L`` or ``RGB``; transparent parts are black.

    Raises:
        ImageError: if the bytes are no picture, a damaged one, or one that is too large.
    """
    if not data:
        raise ImageError("the file is empty; send a PNG or JPEG picture")
    if len(data) > MAX_FILE_BYTES:
        raise ImageError(
            f"a picture file may have {MAX_FILE_BYTES // 2**20} MiB at most, "
            f"got {len(data) / 2**20:.1f} MiB"
        )
    reader = next((reader for magic, reader in _READERS.items() if data.startswith(magic)), None)
    if reader is None:
        raise ImageError("the file is neither PNG nor JPEG; send a picture in one of these formats")
    try:
        with reader(BytesIO(data)) as picture:
            _check_size(*picture.size)
            # A PNG that lacks only its end would still decode; verify checks every checksum.
            picture.verify()
        with reader(BytesIO(data)) as picture:
            picture.load()
            return _plain(ImageOps.exif_transpose(picture))
    except ImageError:
        raise
    except _DAMAGE as error:
        raise ImageError(f"the picture is damaged or cut short ({error})") from None


def _check_size(width: int, height: int) -> None:
    if width < 1 or height < 1 or width * height > MAX_PIXELS:
        raise ImageError(
            f"a picture may have 1 to {MAX_PIXELS / 1e6:g} million pixels, "
            f"this one claims {width:,} by {height:,}; make it smaller"
        )


def _plain(picture: Image.Image) -> Image.Image:
    """The picture in mode ``L`` if it has no colours and in ``RGB`` otherwise."""
    if picture.mode.startswith("I"):  # 16 bits a pixel: Pillow would clip, not scale
        wide = np.asarray(picture).astype(np.float64)
        return Image.fromarray((wide / 257).round().clip(0, 255).astype(np.uint8))
    grey = picture.mode in ("1", "L", "LA")
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "black"), picture)
    return picture.convert("L" if grey else "RGB")


def from_picture(picture: Image.Image, shape: Shape) -> Tensor:
    """The picture as (C, H, W) uint8: grey or RGB, its proportions kept, black around it.

    Raises:
        ImageError: if the network's images have neither 1 nor 3 channels.
    """
    channels, height, width = shape
    if channels not in (1, 3):
        raise ImageError(
            f"a picture has 1 or 3 channels and this network reads {channels}; "
            "send its pixels as numbers"
        )
    fitted = _fit(picture.convert("L" if channels == 1 else "RGB"), width, height)
    pixels = torch.from_numpy(np.array(fitted, dtype=np.uint8))
    return pixels.view(height, width, channels).permute(2, 0, 1).contiguous()


def _fit(picture: Image.Image, width: int, height: int) -> Image.Image:
    share = min(width / picture.width, height / picture.height)
    inner = max(1, round(picture.width * share)), max(1, round(picture.height * share))
    canvas = Image.new(picture.mode, (width, height))
    resized = picture.resize(inner, Image.Resampling.BILINEAR)
    canvas.paste(resized, ((width - inner[0]) // 2, (height - inner[1]) // 2))
    return canvas


def from_numbers(values: Any, shape: Shape) -> Tensor:
    """The image (C, H, W) uint8 from whole numbers 0 to 255 in lists.

    The list is flat with C·H·W numbers (channel by channel, row by row), or nested as [C][H][W],
    or as [H][W] where there is one channel. Fractions are refused rather than rounded: they almost
    always mean pixels in [0, 1], which would come out as a black image.

    Raises:
        ImageError: if the lists have another form, or hold anything but such numbers.
    """
    channels, height, width = shape
    layouts = {1: (channels * height * width,), 3: (channels, height, width)}
    if channels == 1:
        layouts[2] = (height, width)
    layout = layouts.get(_depth(values))
    numbers: list[int] = []
    if layout is None or not _gather(values, layout, numbers):
        nested = " or ".join(
            "".join(f"[{length}]" for length in layouts[depth]) for depth in sorted(layouts)[1:]
        )
        raise ImageError(
            f"pixels must be a flat list of {channels * height * width} numbers, "
            f"or lists nested as {nested}; got {_form(values)}"
        )
    return torch.tensor(numbers, dtype=torch.uint8).view(shape)


def _depth(values: Any) -> int:
    depth = 0
    while isinstance(values, list) and values and depth < 4:
        values, depth = values[0], depth + 1
    return depth


def _gather(values: Any, layout: tuple[int, ...], numbers: list[int]) -> bool:
    """Appends all numbers in the lists; False if the lists have another form than `layout`."""
    if not layout:
        numbers.append(_pixel(values, len(numbers)))
        return True
    if not isinstance(values, list) or len(values) != layout[0]:
        return False
    return all(_gather(item, layout[1:], numbers) for item in values)


def _pixel(value: Any, position: int) -> int:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and 0 <= value <= 255 and value == int(value):
        return int(value)
    hint = ""
    if is_number and 0 < value < 255:
        hint = "; multiply pixels in [0, 1] by 255 and round them"
    raise ImageError(
        f"pixels must be whole numbers from 0 to 255, got {_shown(value)} at position {position}"
        f"{hint}"
    )


def _shown(value: Any) -> str:
    """The value in at most 40 ASCII characters."""
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "an object"
    if isinstance(value, int) and value.bit_length() > 64:
        return "a huge number"
    text = ascii(value)
    return text if len(text) <= 40 else text[:37] + "..."


def _form(values: Any) -> str:
    if not isinstance(values, list):
        return _shown(values)
    if not values:
        return "an empty list"
    lengths = {len(item) if isinstance(item, list) else 0 for item in values}
    if lengths == {0}:
        return f"a list of {len(values)}"
    return f"{len(values)} lists of {lengths.pop() if len(lengths) == 1 else 'unequal length'}"
