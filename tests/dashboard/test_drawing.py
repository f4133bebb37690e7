"""The drawing and the table of a network: the numbers of the layer rows, escaped and aligned."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from core.augmentation import augment
from core.config import AugmentationConfig, ModelConfig
from core.layers import LayerRow, layer_table
from core.presets import PRESETS
from dashboard import network_drawing, pictures
from dashboard.palette import DARK, LIGHT

SHAPE = (1, 28, 28)


def rows(name="classic"):
    return layer_table(PRESETS[name].config.model, SHAPE, 10)


@pytest.mark.parametrize("name", PRESETS)
def test_the_drawing_is_well_formed_and_inside_its_box(name):
    svg = ElementTree.fromstring(network_drawing.drawing(rows(name), SHAPE))
    width, height = map(float, svg.attrib["viewBox"].split()[2:])
    boxes = [node for node in svg if node.tag.endswith("rect")]
    assert boxes
    for box in boxes:
        x, y, w, h = (float(box.attrib[key]) for key in ("x", "y", "width", "height"))
        assert x >= 0 and y >= 0 and x + w <= width and y + h <= height


def test_the_table_shows_every_layer_and_the_totals():
    table = network_drawing.layer_table(rows())
    body = re.findall(r"<tr[^>]*>(.*?)</tr>", table)
    assert len(body) == len(rows()) + 2  # the head and the totals
    totals = re.sub(r"<[^>]+>", " ", body[-1]).split()
    assert totals == ["Total", "121,174", "390,648"]
    # By hand: 6·26²·9 + 36·11²·6·9 + 900·120 + 120·84 + 84·10.
    assert 6 * 26**2 * 9 + 36 * 11**2 * 54 + 108_000 + 10_080 + 840 == 390_648


def test_text_in_a_layer_row_cannot_become_markup():
    row = LayerRow("output", "dense", "<script>", (10,), 1, 1, 1, rows()[0].fields)
    assert "<script>" not in network_drawing.layer_table([row])


def test_the_first_filters_are_those_of_the_first_layer():
    kernel = np.arange(2 * 3 * 2 * 2, dtype=np.float32).reshape(2, 3, 2, 2)
    maps = pictures.first_filters({"blocks.0.conv.weight": kernel}, (3, 8, 8))
    assert maps.tolist() == kernel.mean(1).tolist()
    templates = np.arange(10 * 64, dtype=np.float32).reshape(10, 64)
    shown = pictures.first_filters({"output.weight": templates}, (1, 8, 8))
    assert shown.shape == (10, 8, 8) and shown[3, 1, 2] == templates[3, 10]
    assert pictures.first_filters({"output.weight": templates}, (1, 9, 9)) is None


@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_a_filter_of_zeros_has_the_colour_of_the_page(palette):
    from io import BytesIO

    from PIL import Image

    maps = np.zeros((1, 3, 3), np.float32)
    picture = Image.open(BytesIO(pictures.filter_picture(maps, palette)))
    middle = picture.convert("RGB").getpixel((picture.width // 2, picture.height // 2))
    assert "#{:02x}{:02x}{:02x}".format(*middle) == palette.background


def test_the_preview_is_what_the_network_sees():
    from io import BytesIO

    import torch
    from PIL import Image

    images = torch.zeros(2, 1, 8, 8, dtype=torch.uint8)
    images[:, :, 3:5, 3:5] = 255
    config = AugmentationConfig(shift=2)
    png = pictures.augmentation_preview(images, config, seed=5)
    shown = torch.from_numpy(np.array(Image.open(BytesIO(png))))
    expected = augment(images / 255.0, config, torch.Generator().manual_seed(5))
    assert torch.equal(shown, torch.cat([*(expected[:, 0] * 255).to(torch.uint8)], dim=1))


def test_a_custom_network_is_drawn_as_well():
    model = ModelConfig(blocks=(), dense=())
    svg = network_drawing.drawing(layer_table(model, (3, 32, 32), 100), (3, 32, 32))
    assert "32×32" in svg and ">100<" in svg
