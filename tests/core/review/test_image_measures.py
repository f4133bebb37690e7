"""What is measured in images, against shapes whose thickness, slant and place are known."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.review.image_measures import MEASURES, measures


def picture(height=28, width=28):
    return np.zeros((1, 1, height, width), np.uint8)


def bar(top, left, height, width, ink=255, size=28):
    image = picture(size, size)
    image[0, 0, top : top + height, left : left + width] = ink
    return image


def line(angle, width, size=40, length=26.0):
    """A grey-edged stroke through the middle, `angle` degrees from upright to the right."""
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    along = np.array([math.sin(math.radians(angle)), -math.cos(math.radians(angle))])
    across = np.abs(x * along[1] - y * along[0])
    beyond = np.abs(x * along[0] + y * along[1]) - length / 2
    covered = np.clip(width / 2 + 0.5 - across, 0, 1) * np.clip(0.5 - beyond, 0, 1)
    return np.rint(covered * 255).astype(np.uint8)[None, None]


def one(image):
    return measures(image).iloc[0]


@pytest.mark.parametrize(("height", "width"), [(20, 3), (4, 18), (2, 20), (6, 6), (15, 1), (1, 1)])
def test_the_thickness_of_a_bar_is_twice_its_area_by_its_contour(height, width):
    # Each corner is cut off: half a diagonal of one pixel.
    contour = 2 * (height - 1) + 2 * (width - 1) + 4 * math.sqrt(0.5)
    found = one(bar(3, 4, height, width))["thickness"]
    assert found == pytest.approx(2 * height * width / contour, rel=1e-5)


def covered(inside, size=40, parts=8):
    """An image of how much of each pixel a shape covers, in steps of 1 / `parts`²."""
    y, x = (np.mgrid[: size * parts, : size * parts] + 0.5) / parts - size / 2
    share = inside(x, y).reshape(size, parts, size, parts).mean((1, 3))
    return np.rint(share * 255).astype(np.uint8)[None, None]


@pytest.mark.parametrize("angle", [0, 20, 45, 70, 90, 120])
@pytest.mark.parametrize(
    ("width", "tolerance"), [(1.5, 0.2), (2.0, 0.09), (2.5, 0.06), (3.5, 0.04), (6.0, 0.04)]
)
def test_a_stroke_is_as_thick_in_every_direction(angle, width, tolerance):
    right, up = math.sin(math.radians(angle)), math.cos(math.radians(angle))

    def inside(x, y):
        x, y = x - 0.3, y - 0.2  # no edge on the border of a pixel
        return (abs(x * up + y * right) <= width / 2) & (abs(x * right - y * up) <= 13)

    # Its ends belong to the contour as well: 2 (26 + width) of it.
    expected = width * 26 / (26 + width)
    found = one(covered(inside))["thickness"]
    assert expected * 0.99 < found < expected * (1 + tolerance)


@pytest.mark.parametrize("width", [2.0, 3.0])
@pytest.mark.parametrize("radius", [6, 10])
def test_a_ring_has_no_ends_and_is_as_thick_as_it_was_drawn(radius, width):
    drawn = covered(lambda x, y: abs(np.hypot(x - 0.3, y - 0.2) - radius) <= width / 2)
    assert one(drawn)["thickness"] == pytest.approx(width, rel=0.02)


@pytest.mark.parametrize("angle", [-30, -10, 0, 15, 40])
def test_the_slant_of_a_stroke_is_its_angle_from_upright(angle):
    assert one(line(angle, 2.0))["slant"] == pytest.approx(angle, abs=1.0)


def test_the_middle_of_the_ink_and_its_size():
    found = one(bar(4, 10, 8, 2))
    assert found["off-centre"] == pytest.approx(math.hypot(4 + 4 - 14, 10 + 1 - 14))
    assert found["size"] == pytest.approx(4.0)
    assert one(bar(12, 12, 4, 4))["off-centre"] == 0
    faint = bar(12, 12, 4, 4)
    faint[0, 0, 2, 2] = 100  # less than half of the strongest ink
    assert one(faint)["size"] == pytest.approx(4.0)


def test_brightness_and_contrast_are_mean_and_deviation_of_the_pixels():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (5, 3, 9, 7), dtype=np.uint8)
    grey = images.mean(1) / 255
    found = measures(images)
    np.testing.assert_allclose(found["brightness"], grey.mean((1, 2)), rtol=1e-5)
    np.testing.assert_allclose(found["contrast"], grey.std((1, 2)), rtol=1e-4)


def test_ink_is_what_differs_from_the_border_in_any_colour():
    stroke = line(25, 3.0)
    shapes = ["thickness", "slant", "off-centre", "size"]
    expected = one(stroke)[shapes].to_numpy(float)
    faint = (stroke // 3) * 1
    red = np.concatenate([stroke, np.zeros_like(stroke), np.zeros_like(stroke)], axis=1)
    on_blue = red.copy()
    on_blue[:, 2] = 200
    for image in (255 - stroke, faint, red, on_blue):
        np.testing.assert_allclose(one(image)[shapes].to_numpy(float), expected, rtol=0.02)


images = st.integers(0, 2**32 - 1).map(
    lambda seed: np.random.default_rng(seed).integers(0, 256, (3, 1, 9, 8), dtype=np.uint8)
)


@settings(max_examples=40, deadline=None)
@given(images)
def test_a_mirror_turns_the_slant_over_and_nothing_else(drawn):
    found, mirrored = measures(drawn), measures(drawn[:, :, :, ::-1].copy())
    np.testing.assert_allclose(mirrored["slant"], -found["slant"], atol=1e-3)
    same = [name for name in MEASURES if name != "slant"]
    np.testing.assert_allclose(mirrored[same], found[same], rtol=1e-4)


@settings(max_examples=20, deadline=None)
@given(images, st.integers(0, 5), st.integers(0, 5))
def test_a_shift_changes_neither_shape_nor_light(drawn, down, right):
    """Moved within a black frame."""
    placed = np.zeros((2, 3, 1, 24, 24), np.uint8)
    placed[0, :, :, 4:13, 4:12] = drawn
    placed[1, :, :, 4 + down : 13 + down, 4 + right : 12 + right] = drawn
    first, second = measures(placed[0]), measures(placed[1])
    same = [name for name in MEASURES if name != "off-centre"]
    np.testing.assert_allclose(second[same], first[same], rtol=1e-4, atol=1e-4)


def test_images_without_ink_have_no_shape():
    for blank in (picture(), picture() + 77):
        found = one(blank)
        assert found[["thickness", "slant", "off-centre", "size"]].isna().all()
        assert found["contrast"] == pytest.approx(0, abs=1e-6)
    assert math.isnan(one(bar(5, 5, 1, 9))["slant"])  # all ink in one row: any shear would do


@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (2, 1, 1, 5), (2, 3, 6, 1), (0, 1, 8, 8)])
def test_odd_sizes_are_measured_too(shape):
    found = measures(np.full(shape, 9, np.uint8))
    assert list(found.columns) == list(MEASURES)
    assert len(found) == shape[0]


def test_each_image_is_measured_by_itself(monkeypatch):
    rng = np.random.default_rng(1)
    drawn = rng.integers(0, 256, (11, 1, 8, 8), dtype=np.uint8)
    whole = measures(drawn)
    monkeypatch.setattr("core.review.image_measures._CHUNK", 4)
    np.testing.assert_array_equal(measures(drawn), whole)
    np.testing.assert_array_equal(measures(drawn[7:8]), whole[7:8])


@pytest.mark.parametrize("broken", [np.zeros((3, 8, 8), np.uint8), np.zeros((3, 1, 8, 8))])
def test_what_is_no_image_is_refused(broken):
    with pytest.raises(ValueError, match="must be"):
        measures(broken)
