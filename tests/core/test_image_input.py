import io
import json
import struct
import warnings
import zlib

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from core.image_input import ImageError, from_file, from_numbers, from_picture, open_picture

GREY = (1, 28, 28)
COLOUR = (3, 32, 32)


def encode(pixels, form="PNG", **options):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, form, **options)
    return buffer.getvalue()


@pytest.fixture
def pixels():
    return np.random.default_rng(0).integers(0, 256, (28, 28), dtype=np.uint8)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def claiming(width: int, height: int) -> bytes:
    """A small PNG file that claims to be a greyscale picture of the given size."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = zlib.compress(bytes(10_000))
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


class TestFiles:
    def test_greyscale_picture_of_the_right_size_arrives_unchanged(self, pixels):
        image = from_file(encode(pixels), GREY)
        assert image.dtype == torch.uint8
        assert torch.equal(image, torch.from_numpy(pixels)[None])

    def test_colour_picture_arrives_channel_by_channel(self):
        pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
        image = from_file(encode(pixels), COLOUR)
        assert torch.equal(image, torch.from_numpy(pixels).permute(2, 0, 1))

    def test_grey_in_colour_is_the_same_grey(self, pixels):
        image = from_file(encode(np.stack([pixels] * 3, axis=-1)), GREY)
        assert torch.equal(image[0], torch.from_numpy(pixels))

    def test_grey_for_a_colour_network_is_three_equal_channels(self, pixels):
        image = from_file(encode(pixels), (3, 28, 28))
        assert all(torch.equal(channel, torch.from_numpy(pixels)) for channel in image)

    def test_sixteen_bits_are_scaled_not_clipped(self, pixels):
        image = from_file(encode(pixels.astype(np.uint16) * 257), GREY)
        assert torch.equal(image[0], torch.from_numpy(pixels))

    def test_black_and_white_is_0_and_255(self, pixels):
        image = from_file(encode(pixels > 127), GREY)
        assert torch.equal(image[0], torch.from_numpy((pixels > 127) * np.uint8(255)))

    @pytest.mark.parametrize("grey", [True, False])
    def test_transparent_parts_are_black(self, pixels, grey):
        alpha = np.where(pixels > 127, 255, 0).astype(np.uint8)
        layers = [pixels, alpha] if grey else [pixels, pixels, pixels, alpha]
        image = from_file(encode(np.stack(layers, axis=-1)), GREY)
        assert torch.equal(image[0], torch.from_numpy(np.where(alpha, pixels, 0)))

    def test_palette_with_a_transparent_entry(self):
        picture = Image.new("P", (28, 28), 1)
        picture.putpalette([0, 0, 0, 200, 200, 200, 90, 90, 90])
        picture.putpixel((3, 5), 2)
        buffer = io.BytesIO()
        picture.save(buffer, "PNG", transparency=1)
        image = from_file(buffer.getvalue(), GREY)
        assert image[0, 5, 3] == 90
        assert image.sum() == 90

    def test_jpeg_is_read(self):
        image = from_file(encode(np.full((28, 28), 77, np.uint8), "JPEG"), GREY)
        assert torch.equal(image, torch.full(GREY, 77, dtype=torch.uint8))

    def test_photograph_is_turned_upright(self):
        pixels = np.zeros((28, 28), np.uint8)
        pixels[:14] = 255
        exif = Image.Exif()
        exif[0x0112] = 3  # taken upside down
        image = from_file(encode(pixels, "JPEG", exif=exif), GREY)
        assert image[0, :14].max() < 10
        assert image[0, 14:].min() > 245


class TestFitting:
    def test_flat_grey_stays_flat_when_shrunk(self):
        image = from_file(encode(np.full((300, 300), 91, np.uint8)), GREY)
        assert torch.equal(image, torch.full(GREY, 91, dtype=torch.uint8))

    def test_proportions_are_kept_and_the_rest_is_black(self):
        image = from_file(encode(np.full((100, 200), 255, np.uint8)), GREY)[0]
        assert torch.equal(image[7:21], torch.full((14, 28), 255, dtype=torch.uint8))
        assert image[:7].sum() == image[21:].sum() == 0

    def test_hair_thin_picture_keeps_one_row(self):
        image = from_file(encode(np.full((1, 5000), 255, np.uint8)), GREY)[0]
        assert (image.sum(1) > 0).sum() == 1

    def test_network_with_two_channels_says_to_send_numbers(self):
        with pytest.raises(ImageError, match="reads 2; send its pixels as numbers"):
            from_picture(Image.new("L", (8, 8)), (2, 8, 8))


class TestDamage:
    def test_nothing(self):
        with pytest.raises(ImageError, match="the file is empty"):
            open_picture(b"")

    @pytest.mark.parametrize("form", ["GIF", "BMP", "TIFF", "WEBP"])
    def test_other_formats_are_refused(self, pixels, form):
        with pytest.raises(ImageError, match="neither PNG nor JPEG"):
            open_picture(encode(pixels, form))

    def test_text_is_refused(self):
        with pytest.raises(ImageError, match="neither PNG nor JPEG"):
            open_picture(b"<svg xmlns='http://www.w3.org/2000/svg'/>")

    @pytest.mark.parametrize("size", [(10_000, 10_000), (2**31 - 1, 2**31 - 1), (25_000_001, 1)])
    def test_claimed_size_is_checked_before_decoding(self, size):
        data = claiming(*size)
        assert len(data) < 12_000
        with pytest.raises(ImageError, match="1 to 25 million pixels, this one claims"):
            open_picture(data)

    def test_too_many_bytes(self):
        with pytest.raises(ImageError, match="10 MiB at most, got 10.5 MiB"):
            open_picture(bytes(21 * 2**19))

    @pytest.mark.parametrize("form", ["PNG", "JPEG"])
    def test_every_truncation_is_a_sentence(self, pixels, form):
        whole = encode(pixels, form)  # the last four bytes hold nothing of the picture
        for length in range(8, len(whole) - 4, 5):
            with pytest.raises(ImageError):
                open_picture(whole[:length])

    @settings(max_examples=300, deadline=None)
    @given(
        form=st.sampled_from(["PNG", "JPEG"]),
        changes=st.lists(st.tuples(st.integers(0), st.integers(0, 255)), min_size=1, max_size=8),
    )
    def test_changed_bytes_give_an_image_or_a_sentence(self, form, changes):
        exif = Image.Exif()
        exif[0x0112] = 6
        data = bytearray(encode(np.full((9, 9), 50, np.uint8), form, exif=exif))
        for place, value in changes:
            data[place % len(data)] = value
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's remarks on odd chunks are not ours
            try:
                image = from_file(bytes(data), GREY)
            except ImageError:
                return
        assert image.shape == GREY

    @settings(max_examples=200, deadline=None)
    @given(kind=st.sampled_from([b"tEXt", b"zTXt", b"iTXt", b"iCCP", b"eXIf", b"tRNS", b"PLTE",
                                 b"acTL", b"fcTL", b"pHYs", b"cHRM", b"gAMA", b"sRGB"]),
           content=st.binary(max_size=40))  # fmt: skip
    def test_any_extra_chunk_gives_an_image_or_a_sentence(self, kind, content):
        whole = encode(np.full((9, 9), 50, np.uint8))
        data = whole[:33] + chunk(kind, content) + whole[33:]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                image = from_file(data, GREY)
            except ImageError:
                return
        assert image.shape == GREY


class TestNumbers:
    def test_flat_and_nested_are_the_same_image(self, pixels):
        expected = torch.from_numpy(pixels)[None]
        assert torch.equal(from_numbers(pixels.reshape(-1).tolist(), GREY), expected)
        assert torch.equal(from_numbers(pixels.tolist(), GREY), expected)
        assert torch.equal(from_numbers([pixels.tolist()], GREY), expected)

    def test_flat_colour_runs_channel_by_channel(self):
        image = from_numbers(list(range(12)), (3, 2, 2))
        assert image.tolist() == [[[0, 1], [2, 3]], [[4, 5], [6, 7]], [[8, 9], [10, 11]]]

    def test_whole_numbers_written_with_a_point_are_whole(self):
        assert from_numbers([0.0, 255.0, 1.0, 2.0], (1, 2, 2)).flatten().tolist() == [0, 255, 1, 2]

    def test_pixels_between_0_and_1_are_refused_with_the_remedy(self):
        with pytest.raises(
            ImageError, match=r"got 0\.5 at position 2; multiply pixels in \[0, 1\]"
        ):
            from_numbers([0, 1, 0.5, 1], (1, 2, 2))

    @pytest.mark.parametrize(
        ("value", "shown"),
        [
            (-1, "-1"), (256, "256"), (float("nan"), "nan"), (float("inf"), "inf"),
            (True, "True"), ("7", "'7'"), (None, "None"),
            pytest.param(10**5000, "a huge number", id="huge"),
            ({}, "an object"), ("é" * 99, r"'\\xe9.*\.\.\."),
        ],
    )  # fmt: skip
    def test_anything_but_a_whole_number_is_named_with_its_place(self, value, shown):
        with pytest.raises(ImageError, match=f"got {shown} at position 3"):
            from_numbers([0, 0, 0, value], (1, 2, 2))

    @pytest.mark.parametrize(
        ("values", "form"),
        [
            ([], "an empty list"), ([0] * 5, "a list of 5"), ([[0, 0]], "1 lists of 2"),
            ([[0, 0], [0]], "2 lists of unequal length"), ([[0, 0], 0], "unequal"),
            ([[[[0]]]], "1 lists of 1"), ({}, "an object"), ("0000", "'0000'"), (4, "4"),
            (None, "None"),
        ],
    )  # fmt: skip
    def test_another_form_is_refused_with_the_forms_there_are(self, values, form):
        with pytest.raises(ImageError, match=r"flat list of 4 numbers.*\[2\]\[2\].*got ") as caught:
            from_numbers(values, (1, 2, 2))
        assert form in str(caught.value)

    def test_deep_nesting_is_refused(self):
        nested: list = []
        for _ in range(100_000):
            nested = [nested]
        with pytest.raises(ImageError, match="flat list"):
            from_numbers(nested, GREY)

    @settings(max_examples=300, deadline=None)
    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
            lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner),
            max_leaves=12,
        )
    )
    def test_any_json_gives_an_image_or_a_sentence(self, values):
        try:
            image = from_numbers(values, (1, 2, 2))
        except ImageError as error:
            json.dumps(str(error)).encode("ascii")
        else:
            assert image.shape == (1, 2, 2)
