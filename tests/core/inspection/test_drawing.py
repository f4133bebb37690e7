"""Drawings arrive as MNIST was made: in a 20×20 box, the centre of mass in the centre."""

from io import BytesIO

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from core import datasets
from core.image_input import ImageError
from core.inspection.drawing import Upload, centred, from_drawing, from_upload

GREY, COLOUR = (1, 28, 28), (3, 32, 32)


def pad(*strokes: tuple[int, int, int, int], side: int = 280) -> np.ndarray:
    """An empty pad with filled rectangles (top, bottom, left, right)."""
    ink = np.zeros((side, side), np.uint8)
    for top, bottom, left, right in strokes:
        ink[top:bottom, left:right] = 255
    return ink


def mass(image: np.ndarray) -> tuple[float, float]:
    """(row, column) of the centre of mass, counted from 0."""
    weights = image.astype(np.float64)
    return tuple(
        float((weights.sum(1 - axis) * np.arange(weights.shape[axis])).sum() / weights.sum())
        for axis in (0, 1)
    )


def box(image: np.ndarray) -> tuple[int, int]:
    """(height, width) of what is drawn."""
    return tuple(int(np.ptp(np.flatnonzero(image.any(1 - axis))) + 1) for axis in (0, 1))


@st.composite
def drawings(draw: st.DrawFn) -> np.ndarray:
    """Up to four strokes in the middle 180 pixels of a pad."""
    strokes = []
    for _ in range(draw(st.integers(1, 4))):
        top, left = draw(st.integers(50, 200)), draw(st.integers(50, 200))
        strokes.append((top, top + draw(st.integers(8, 30)), left, left + draw(st.integers(8, 30))))
    return pad(*strokes)


@settings(max_examples=150, deadline=None)
@given(drawings())
def test_the_centre_of_mass_is_the_centre_and_nothing_is_cut_off(ink) -> None:
    image = from_drawing(ink, GREY)[0].numpy()
    assert max(box(image)) == 20
    rows, columns = (np.flatnonzero(image.any(axis)) for axis in (1, 0))
    for place, seen in zip(mass(image), (rows, columns), strict=True):
        at_the_rim = seen[0] == 0 or seen[-1] == 27
        assert abs(place - 14) <= 0.5 or at_the_rim
        assert abs(place - 14) <= 10
    # Uncut: the same as on a canvas with room to spare, but for where it lies.
    wide = centred_in_a_wide_field(ink)
    cut = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    np.testing.assert_array_equal(cut, wide)


def centred_in_a_wide_field(ink: np.ndarray) -> np.ndarray:
    wide = np.zeros((600, 600), np.uint8)
    wide[:280, :280] = ink
    image = from_drawing(wide, GREY)[0].numpy()
    rows, columns = (np.flatnonzero(image.any(axis)) for axis in (1, 0))
    return image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


@settings(max_examples=60, deadline=None)
@given(drawings(), st.integers(-50, 50), st.integers(-50, 50))
def test_where_it_is_drawn_does_not_matter(ink, down, right) -> None:
    moved = np.roll(ink, (down, right), (0, 1))  # the middle 180 pixels leave room for this
    assert torch.equal(from_drawing(ink, GREY), from_drawing(moved, GREY))


def test_a_bar_by_hand() -> None:
    image = from_drawing(pad((40, 240, 10, 30)), GREY)[0].numpy()
    # 200×20 pixels become 20×2. The middle of the bar is 9.5 rows and 0.5 columns into the box;
    # 14 less that is 4.5, rounded to the even 4, and 13.5, rounded to 14.
    expected = np.zeros((28, 28), np.uint8)
    expected[4:24, 14:16] = 255
    np.testing.assert_array_equal(image, expected)


def test_a_drawing_whose_mass_lies_at_one_end_is_not_cut() -> None:
    image = from_drawing(pad((0, 100, 0, 100), (270, 280, 270, 280)), GREY)[0].numpy()
    assert box(image) == (20, 20)
    assert image[-1].any()  # as far as the box can go
    assert mass(image)[0] < 14


def test_the_digits_of_mnist_stay_where_they_are() -> None:
    """They were made this way, so doing it again changes little: not one moves by a whole pixel."""
    images = datasets.load("mnist").test_images[:300]
    overlap = []
    for image in images:
        again = from_drawing(image[0].numpy(), GREY)
        places = mass(image[0].numpy()), mass(again[0].numpy())
        assert np.abs(np.subtract(*places)).max() <= 1.01
        overlap.append(np.corrcoef(image.flatten(), again.flatten())[0, 1])
    assert np.median(overlap) > 0.95


def test_off_means_the_whole_pad() -> None:
    image = from_drawing(pad((0, 10, 0, 20)), GREY, centre=False)
    expected = torch.zeros(1, 28, 28, dtype=torch.uint8)
    expected[0, 0, :2] = 255
    assert torch.equal(image.gt(127), expected.gt(127))
    exact = torch.arange(784, dtype=torch.int64).remainder(256).to(torch.uint8).view(1, 28, 28)
    assert torch.equal(from_drawing(exact[0].numpy(), GREY, centre=False), exact)


def test_other_shapes_get_a_box_in_proportion_and_colour_three_equal_channels() -> None:
    image = from_drawing(pad((40, 240, 10, 30)), COLOUR)
    assert image.shape == COLOUR
    assert torch.equal(image[0], image[1]) and torch.equal(image[1], image[2])
    assert box(image[0].numpy()) == (23, 2)  # 20/28 of 32
    narrow = centred(pad((40, 240, 10, 30)), 14, 40)
    assert box(narrow) == (10, 1)


@pytest.mark.parametrize("centre", [True, False])
def test_an_empty_pad_gives_nothing(centre) -> None:
    assert from_drawing(pad(), GREY, centre=centre) is None
    faint = pad()
    faint[0, 0] = faint[279, 279] = 1
    assert from_drawing(faint, GREY, centre=centre) is None


@pytest.mark.parametrize(
    ("ink", "message"),
    [
        (np.zeros((2, 2, 4), np.uint8), r"rows of bytes, got uint8 of shape \[2, 2, 4\]"),
        (np.zeros((2, 2)), "rows of bytes, got float64"),
        (np.zeros((5001, 5000), np.uint8), "25 million pixels at most, got 25,005,000"),
    ],
)
def test_what_is_no_drawing_is_refused(ink, message) -> None:
    with pytest.raises(ImageError, match=message):
        from_drawing(ink, GREY)


def file_of(pixels: np.ndarray) -> bytes:
    data = BytesIO()
    Image.fromarray(pixels).save(data, "PNG")
    return data.getvalue()


class TestUploads:
    def test_an_image_of_the_data_set_arrives_pixel_by_pixel(self) -> None:
        image = datasets.load("mnist").test_images[7]
        found = from_upload(file_of(image[0].numpy()), GREY)
        assert torch.equal(found.image, image)
        assert not found.inverted

    def test_black_on_white_is_inverted(self) -> None:
        ink = from_drawing(pad((40, 240, 10, 30)), GREY, centre=False)
        found = from_upload(file_of(255 - ink[0].numpy()), GREY)
        assert found.inverted
        assert torch.equal(found.image, ink)
        kept = from_upload(file_of(255 - ink[0].numpy()), GREY, invert=False)
        assert not kept.inverted
        assert torch.equal(kept.image, 255 - ink)

    def test_pencil_on_grey_paper_becomes_what_was_drawn(self) -> None:
        ink = pad((40, 240, 10, 30), (200, 240, 10, 90))
        paper = np.where(ink > 0, 60, 200).astype(np.uint8)
        speckled = paper + np.random.default_rng(0).integers(0, 20, paper.shape, np.uint8)
        found = from_upload(file_of(speckled), GREY, centre=True)
        assert found.inverted
        expected = from_drawing(ink, GREY).float()
        assert (found.image.float() - expected).abs().max() <= 40  # the pencil's grain
        assert box(found.image[0].numpy()) == (20, 8)

    def test_colours_are_left_alone_unless_asked(self) -> None:
        photo = np.full((32, 32, 3), (250, 240, 230), np.uint8)
        found = from_upload(file_of(photo), COLOUR)
        assert isinstance(found, Upload)
        assert found.image[:, 0, 0].tolist() == [250, 240, 230]
        asked = from_upload(file_of(photo), COLOUR, invert=True)
        assert asked.image[:, 0, 0].tolist() == [5, 15, 25]

    @pytest.mark.parametrize("brightness", [0, 90, 255])
    def test_a_blank_sheet_has_nothing_to_centre(self, brightness) -> None:
        blank = file_of(np.full((40, 40), brightness, np.uint8))
        with pytest.raises(ImageError, match="nothing is drawn in this picture"):
            from_upload(blank, GREY, centre=True)

    def test_what_is_no_picture_gets_a_sentence(self) -> None:
        with pytest.raises(ImageError, match="neither PNG nor JPEG"):
            from_upload(b"GIF89a...", GREY)


@settings(max_examples=40, deadline=None)
@given(drawings(), st.integers(0, 126))
def test_dark_and_light_make_no_difference(ink, ground) -> None:
    light = np.where(ink > 0, 255, ground).astype(np.uint8)
    one = from_upload(file_of(light), GREY, centre=True)
    other = from_upload(file_of(255 - light), GREY, centre=True)
    assert torch.equal(one.image, other.image)
    assert torch.equal(one.image, from_drawing(ink, GREY))
    assert (one.inverted, other.inverted) == (False, True)
