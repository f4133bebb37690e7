"""Sprite sheets: every pixel lands where the arithmetic of rows and columns says."""

from io import BytesIO

import numpy as np
import pytest
import torch
from PIL import Image

from dashboard import palette, sprites


def _pixels(png):
    return np.asarray(Image.open(BytesIO(png)))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("count", "columns"), [(1, 32), (5, 2), (6, 3), (33, 32)])
def test_every_image_is_at_its_row_and_column(channels, count, columns):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (count, channels, 4, 3), dtype=np.uint8)
    sheet = sprites.sheet(images, columns)
    canvas = _pixels(sheet.png).reshape(sheet.rows * 4, sheet.columns * 3, -1)
    assert (sheet.count, sheet.width, sheet.height) == (count, 3, 4)
    for i in range(count):
        row, column = divmod(i, sheet.columns)
        tile = canvas[row * 4 : row * 4 + 4, column * 3 : column * 3 + 3]
        np.testing.assert_array_equal(tile, images[i].transpose(1, 2, 0))


def test_grey_stays_one_channel_and_colour_three():
    assert _pixels(sprites.sheet(np.zeros((2, 1, 4, 4), np.uint8)).png).ndim == 2
    assert _pixels(sprites.sheet(np.zeros((2, 3, 4, 4), np.uint8)).png).shape[2] == 3


def test_a_tensor_gives_the_same_bytes_as_an_array():
    images = np.arange(2 * 9, dtype=np.uint8).reshape(2, 1, 3, 3)
    assert sprites.sheet(torch.from_numpy(images)).png == sprites.sheet(images).png


def test_no_images_give_a_sheet_of_none():
    assert sprites.sheet(np.zeros((0, 1, 28, 28), np.uint8)).count == 0


def test_picture_keeps_every_pixel():
    image = np.arange(3 * 4 * 5, dtype=np.uint8).reshape(3, 4, 5)
    np.testing.assert_array_equal(_pixels(sprites.picture(image)), image.transpose(1, 2, 0))


@pytest.mark.parametrize(
    "images",
    [np.zeros((2, 1, 4, 4)), np.zeros((2, 2, 4, 4), np.uint8), np.zeros((4, 4), np.uint8)],
)  # fmt: skip
def test_what_is_no_image_is_refused(images):
    with pytest.raises(ValueError, match="must be uint8"):
        sprites.sheet(images)


@pytest.mark.parametrize("theme", [palette.LIGHT, palette.DARK])
def test_signed_values_are_centred_on_zero(theme):
    values = np.array([[[-2.0, 0.0], [1.0, 2.0]]])
    colours = sprites.signed(values, theme.diverging)
    assert colours.shape == (1, 3, 2, 2)
    assert tuple(colours[0, :, 0, 0]) == palette.rgb(theme.diverging[0])
    assert tuple(colours[0, :, 0, 1]) == palette.rgb(theme.diverging[5])
    assert tuple(colours[0, :, 1, 1]) == palette.rgb(theme.diverging[-1])


def test_a_limit_is_shared_and_larger_values_are_clipped():
    stops = ("#000000", "#808080", "#ffffff")
    colours = sprites.signed(np.array([[[2.0, 8.0]]]), stops, limit=4.0)
    # Half of the limit lies halfway between 128 and 255: 191.5, rounded to even.
    assert colours[0, 0, 0].tolist() == [192, 255]


def test_all_zero_is_all_background():
    colours = sprites.signed(np.zeros((1, 3, 3)), ("#000000", "#123456", "#ffffff"))
    assert np.unique(colours[0, 0]).tolist() == [0x12]
