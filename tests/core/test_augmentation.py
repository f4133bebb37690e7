"""Laws of the augmentation, and cases worked out by hand."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Generator, Tensor

from core.augmentation import affine, augment, is_active
from core.config import AugmentationConfig

EVERYTHING = AugmentationConfig(rotation=20, shift=2, scale=0.2, shear=10, noise=0.1, cutout=3)
EACH = [
    AugmentationConfig(rotation=20),
    AugmentationConfig(shift=2),
    AugmentationConfig(shift=1.5),
    AugmentationConfig(scale=0.2),
    AugmentationConfig(shear=20),
    AugmentationConfig(noise=0.1),
    AugmentationConfig(cutout=3),
    EVERYTHING,
]


def seeded(seed: int = 0) -> Generator:
    return Generator().manual_seed(seed)


def random_images(count: int = 16, channels: int = 1, height: int = 9, width: int = 9) -> Tensor:
    return torch.rand(count, channels, height, width, generator=seeded(1))


def apply_affine(images: Tensor, angle=0.0, x=0.0, y=0.0, scale=1.0, shear=0.0) -> Tensor:
    count = len(images)
    return affine(images, *(torch.full((count,), float(v)) for v in (angle, x, y, scale, shear)))


def test_nothing_on_returns_the_same_object_and_draws_nothing():
    images, generator = random_images(), seeded()
    before = generator.get_state()
    assert augment(images, AugmentationConfig(), generator) is images
    assert torch.equal(generator.get_state(), before)
    assert not is_active(AugmentationConfig())


@pytest.mark.parametrize("config", EACH, ids=str)
def test_equal_generator_states_give_equal_bits_and_the_input_stays(config):
    images = random_images()
    kept = images.clone()
    first = augment(images, config, seeded(3))
    assert torch.equal(first, augment(images, config, seeded(3)))
    assert not torch.equal(first, augment(images, config, seeded(4)))
    assert torch.equal(images, kept)
    assert first.shape == images.shape
    assert first.dtype == images.dtype
    assert is_active(config)


@pytest.mark.parametrize("config", EACH, ids=str)
def test_every_image_gets_parameters_of_its_own(config):
    copies = random_images(1).expand(32, 1, 9, 9)
    changed = augment(copies, config, seeded())
    assert len({tuple(image.flatten().tolist()) for image in changed}) > 8


@given(
    most=st.integers(1, 8), height=st.integers(1, 12), width=st.integers(1, 12),
    channels=st.integers(1, 3), seed=st.integers(0, 2**31),
)  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_a_whole_shift_moves_pixels_exactly_and_fills_with_black(
    most, height, width, channels, seed
):
    images = torch.rand(4, channels, height, width, generator=seeded(seed)) + 0.5
    moved = augment(images, AugmentationConfig(shift=most), seeded(seed))
    for image, result in zip(images, moved, strict=True):
        candidates = (
            shifted_by_hand(image, down, right)
            for down in range(-most, most + 1)
            for right in range(-most, most + 1)
        )
        assert any(torch.equal(result, candidate) for candidate in candidates)


def shifted_by_hand(image: Tensor, down: int, right: int) -> Tensor:
    result = torch.zeros_like(image)
    _, height, width = image.shape
    for row in range(height):
        for column in range(width):
            if 0 <= row - down < height and 0 <= column - right < width:
                result[:, row, column] = image[:, row - down, column - right]
    return result


def test_every_whole_shift_comes_up_equally_often():
    images = torch.zeros(9000, 1, 5, 5)
    images[:, :, 2, 2] = 1
    moved = augment(images, AugmentationConfig(shift=1), seeded())
    counts = moved.sum(0)[0, 1:4, 1:4]
    # 1,000 expected at each of the nine places; the standard deviation is 30.
    assert counts.sum() == 9000
    assert (counts - 1000).abs().max() < 150


def test_the_affine_pass_and_the_shift_pass_move_the_same_way():
    images = random_images(height=7, width=10)
    expected = torch.stack([shifted_by_hand(image, down=2, right=-3) for image in images])
    torch.testing.assert_close(apply_affine(images, x=-3, y=2), expected)


def test_a_quarter_turn_is_counter_clockwise_and_exact_on_a_square():
    images = random_images(channels=3)
    expected = torch.rot90(images, 1, dims=(2, 3))
    torch.testing.assert_close(apply_affine(images, angle=90), expected, atol=1e-5, rtol=0)


def test_turns_are_in_pixels_also_where_the_image_is_not_square():
    images = torch.zeros(1, 1, 5, 9)
    images[0, 0, 2, 6] = 1  # two pixels right of the centre (2, 4)
    turned = apply_affine(images, angle=90)
    expected = torch.zeros(1, 1, 5, 9)
    expected[0, 0, 0, 4] = 1  # two pixels above it
    torch.testing.assert_close(turned, expected, atol=1e-5, rtol=0)


def test_shear_moves_each_row_in_proportion_to_its_height():
    images = torch.zeros(1, 1, 5, 5)
    images[0, 0, :, 2] = 1
    slanted = apply_affine(images, shear=45)
    torch.testing.assert_close(slanted[0, 0], torch.eye(5), atol=1e-5, rtol=0)


def test_a_scale_of_two_doubles_what_lies_around_the_centre():
    images = torch.zeros(1, 1, 9, 9)
    images[0, 0, 4, 6] = 1  # two pixels right of the centre
    larger = apply_affine(images, scale=2)
    assert larger[0, 0, 4, 8] == pytest.approx(1)  # four pixels right of it
    assert larger[0, 0, 4, 7] == pytest.approx(0.5)  # half way to the dark neighbour


def test_what_is_drawn_stays_within_the_limits():
    images = torch.zeros(500, 1, 21, 21)
    images[:, :, 10, 16] = 1  # six pixels right of the centre
    turned = augment(images, AugmentationConfig(rotation=30), seeded())
    place = torch.arange(21.0) - 10
    down = (turned.sum(3) * place[:, None].T).sum((1, 2)) / turned.sum((1, 2, 3))
    right = (turned.sum(2) * place[:, None].T).sum((1, 2)) / turned.sum((1, 2, 3))
    angle = torch.rad2deg(torch.atan2(-down, right))
    assert angle.abs().max() < 30 + 3  # bilinear blur moves the centre of mass a little
    assert angle.min() < -25
    assert angle.max() > 25


@given(side=st.integers(1, 16), height=st.integers(1, 20), width=st.integers(1, 20))
@settings(max_examples=40, deadline=None)
def test_cutout_blanks_exactly_one_square(side, height, width):
    images = torch.ones(8, 2, height, width)
    for image in augment(images, AugmentationConfig(cutout=side), seeded()):
        blank = image[0] == 0
        assert torch.equal(image[0], image[1])
        rows, columns = blank.any(1).nonzero(), blank.any(0).nonzero()
        assert len(rows) == min(side, height)
        assert len(columns) == min(side, width)
        assert blank.sum() == len(rows) * len(columns)
        assert blank[rows[0, 0] : rows[-1, 0] + 1, columns[0, 0] : columns[-1, 0] + 1].all()


def test_noise_has_the_standard_deviation_that_was_asked_for():
    images = torch.full((100, 1, 28, 28), 0.5)
    noise = augment(images, AugmentationConfig(noise=0.2), seeded()) - images
    # 78,400 draws: the standard error of the deviation is 0.0005, that of the mean 0.0007.
    assert float(noise.std()) == pytest.approx(0.2, abs=0.003)
    assert float(noise.mean()) == pytest.approx(0.0, abs=0.004)


def test_channels_of_an_image_move_together():
    grey = random_images(height=8, width=8)
    config = EVERYTHING.model_copy(update={"noise": 0.0})
    changed = augment(grey.expand(-1, 3, -1, -1), config, seeded())
    torch.testing.assert_close(changed, augment(grey, config, seeded()).expand(-1, 3, -1, -1))
