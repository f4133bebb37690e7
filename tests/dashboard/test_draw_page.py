"""The Draw page: what the network gets is what is shown, and what is answered is its own answer."""

import base64
import io
import json
import struct
import zlib

import numpy as np
import pytest
import torch
from PIL import Image

from core.inspection.drawing import from_drawing, from_upload
from core.predictor import Predictor
from dashboard import example_loaders
from dashboard.components import pad as pad_module
from dashboard.components.pad import Drawing, raster_size, read
from dashboard.example_pictures import answer_card, heat_picture, overlay_picture
from dashboard.palette import DARK, LIGHT, rgb
from dashboard.selection import Beside
from tests.dashboard.pages import APP, open_page, texts
from tests.dashboard.trained import train

SHAPE = (1, 8, 8)
BARS = '<div class="cs-bars">'


def _ink(shape=SHAPE):
    """A one: a stroke from top to bottom, off the middle."""
    width, height = raster_size(shape)
    ink = np.zeros((height, width), np.uint8)
    ink[height // 8 : -height // 8, width // 4 : width // 4 + width // 8] = 255
    return ink


def _event(ink, number=1, strokes=()):
    text = base64.b64encode(ink.tobytes()).decode()
    return {"number": number, "pixels": text, "strokes": list(strokes)}


def _draw_page(ink=None, shape=SHAPE, **params):
    """The page with something on its pad."""
    from streamlit.testing.v1 import AppTest

    at = AppTest.from_file(APP, default_timeout=30)
    at.switch_page("views/draw.py")
    at.query_params.update(params)
    if ink is not None:
        at.session_state[f"drawing_{shape[1]}x{shape[2]}"] = Drawing(ink, (), 3)
    return at.run()


def _pad(at):
    (found,) = [e for e in at.get("bidi_component") if "-draw_pad" in e.proto.id]
    return json.loads(found.proto.json)


def _seen(at, shape=SHAPE):
    text = _pad(at)["seen"]
    return None if text is None else np.frombuffer(base64.b64decode(text), np.uint8).reshape(shape)


def test_an_empty_pad_gets_no_prediction(run):
    at = _draw_page(run=run.id)
    assert not at.exception
    assert _seen(at) is None
    assert "Draw a digit" in texts(at)
    assert BARS not in texts(at)


def test_what_is_shown_is_what_the_network_gets_and_its_answer_the_networks_own(run):
    at = _draw_page(_ink(), run=run.id)
    assert not at.exception
    image = from_drawing(_ink(), SHAPE, centre=False)
    np.testing.assert_array_equal(_seen(at), image)
    expected = Predictor.of(run, 2).probabilities(image)
    best = int(np.argmax(expected))
    assert f"<b>{best}</b><span>{expected[best] * 100:.1f} %</span>" in texts(at)
    assert _pad(at)["answered"] == 3


def test_a_drawing_can_be_followed_through_the_whole_network(run):
    at = _draw_page(_ink(), run=run.id)
    at.session_state["image_choice_pool"] = "drawn"
    at.switch_page("views/feature_maps.py").run()
    assert not at.exception
    assert at.selectbox(key="image_choice_pool").value == "drawn"
    best = int(
        np.argmax(Predictor.of(run, 2).probabilities(from_drawing(_ink(), SHAPE, centre=False)))
    )
    assert "Your drawing" in texts(at)
    assert f"answers **{best}**" in texts(at)


def test_the_switch_centres_what_is_drawn(run):
    at = _draw_page(_ink(), run=run.id)
    at.toggle(key="draw_centre_False").set_value(True).run()
    np.testing.assert_array_equal(_seen(at), from_drawing(_ink(), SHAPE, centre=True))
    rows, columns = np.nonzero(_seen(at)[0])
    assert abs(columns.mean() - 4) <= 1


def test_two_epochs_answer_side_by_side(run):
    at = _draw_page(_ink(), run=run.id, compare="0")
    assert not at.exception
    image = from_drawing(_ink(), SHAPE, centre=False)
    for epoch in (0, 2):
        share = max(Predictor.of(run, epoch).probabilities(image))
        assert f"<span>{share * 100:.1f} %</span>" in texts(at)
    assert texts(at).count(BARS) == 2


def test_another_run_answers_with_its_last_epoch_or_any_other(store, run):
    other = train(store, "training.seed=7", name="the other")
    image = from_drawing(_ink(), SHAPE, centre=False)
    for asked, epoch in ((other.id, 2), (f"{other.id}@1", 1)):
        at = _draw_page(_ink(), run=run.id, compare=asked)
        assert not at.exception
        share = max(Predictor.of(other, epoch).probabilities(image))
        assert f"<span>{share * 100:.1f} %</span>" in texts(at)


@pytest.mark.parametrize("wanted", ["99", "20200101-000000-abcdef", "20200101-000000-abcdef@1"])
def test_what_cannot_be_compared_gets_a_sentence(run, wanted):
    at = _draw_page(_ink(), run=run.id, compare=wanted)
    assert not at.exception
    assert "asks to compare with" in texts(at)
    assert texts(at).count(BARS) == 1


def test_the_choice_to_compare_is_kept_in_the_address(run):
    at = _draw_page(_ink(), run=run.id)
    at.selectbox(key="compare_with").set_value(Beside(epoch=1)).run()
    assert at.query_params["compare"] == "1"
    at.selectbox(key="compare_with").set_value("nothing").run()
    assert "compare" not in at.query_params


def test_the_map_is_that_of_the_prediction_with_its_convergence_delta(run):
    at = _draw_page(_ink(), run=run.id)
    shown = texts(at)
    image = from_drawing(_ink(), SHAPE, centre=False)
    best = int(np.argmax(Predictor.of(run, 2).probabilities(image)))
    assert f"Why {best} · Integrated gradients" in shown
    assert "convergence delta" in shown


def test_the_nearest_training_images_come_when_asked_for(run):
    at = _draw_page(_ink(), run=run.id)
    assert "nearest** training images" not in texts(at)
    at.toggle(key="draw_alike").set_value(True).run()
    assert not at.exception
    assert "of the 10 nearest** training images are" in texts(at)


def test_a_damaged_checkpoint_gets_a_sentence_and_the_pad_stays(run):
    (run.path / "epochs" / "0002" / "weights.safetensors").write_bytes(b"not weights")
    at = _draw_page(_ink(), run=run.id)
    assert not at.exception
    assert at.warning
    assert _seen(at) is not None


def test_without_runs_there_is_one_button(store):
    at = open_page("draw")
    assert not at.exception
    assert [button.label for button in at.button] == ["Train the default network"]


def test_a_run_that_waits_says_that_there_is_no_network(store):
    run = store.create(train(store).config)
    at = open_page("draw", run=run.id)
    assert not at.exception
    assert "There is no network to ask yet" in at.info[0].value


def test_a_network_without_conv_layers_answers_without_maps(store):
    run = train(store, "model.blocks=[]", "model.dense=[]")
    at = _draw_page(_ink(), run=run.id)
    assert not at.exception
    assert BARS in texts(at)
    assert "First feature maps" not in texts(at)
    at.selectbox(key="draw_why_method").set_value("grad_cam").run()
    assert not at.exception
    assert "no conv layer" in texts(at)


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (1, 8, 8), (1, 20, 10)])
def test_a_drawing_has_the_networks_proportions(shape):
    width, height = raster_size(shape)
    assert max(width, height) == pad_module.LONGER_SIDE
    assert width / height == shape[2] / shape[1]
    ink = np.arange(height * width).reshape(height, width).astype(np.uint8)
    drawing = read(_event(ink, 5), shape)
    np.testing.assert_array_equal(drawing.pixels, ink)
    assert drawing.number == 5


def test_a_drawing_fills_all_channels_of_a_colour_network():
    image = example_loaders.drawn(_ink((3, 32, 32)), (3, 32, 32), False)
    assert image.shape == (3, 32, 32)
    np.testing.assert_array_equal(image[0], image[1])
    np.testing.assert_array_equal(image[0], image[2])


def test_an_empty_drawing_is_none_and_forgets_its_strokes():
    drawing = read({"number": 2, "pixels": "", "strokes": []}, SHAPE)
    assert drawing.pixels is None
    assert drawing.number == 2


@pytest.mark.parametrize(
    "event",
    [
        None,
        7,
        {},
        {"number": 1, "pixels": "AAAA", "strokes": []},
        {"number": 1, "pixels": "?!", "strokes": []},
        {"number": True, "pixels": "", "strokes": []},
        {"number": 1, "pixels": "", "strokes": "all"},
        {"number": 1, "pixels": None, "strokes": []},
    ],
)
def test_what_is_no_drawing_is_not_taken_for_one(event):
    assert read(event, SHAPE) is None


def test_too_many_or_broken_strokes_are_not_kept():
    stroke = {"width": 0.1, "points": [[0, 0]] * 25_000}
    assert read(_event(_ink(), 1, [stroke]), SHAPE).strokes == ()
    assert read(_event(_ink(), 1, ["broken"]), SHAPE).strokes == ()
    good = {"width": 0.1, "points": [[0, 0], [1, 1]]}
    assert read(_event(_ink(), 1, [good]), SHAPE).strokes == (good,)


def _png(pixels):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def _claiming(width, height):
    """A PNG of one pixel whose header claims to be larger."""
    png = _png(np.zeros((1, 1), np.uint8))
    header = b"IHDR" + struct.pack(">II", width, height) + png[24:29]
    return png[:12] + header + struct.pack(">I", zlib.crc32(header)) + png[33:]


def test_a_dropped_picture_takes_the_drawings_place(run):
    paper = np.full((40, 40), 255, np.uint8)
    paper[8:32, 18:22] = 0
    at = _draw_page(_ink(), run=run.id)
    at.file_uploader(key="draw_file").set_value(("one.png", _png(paper), "image/png")).run()
    assert not at.exception
    expected = from_upload(_png(paper), SHAPE, centre=False)
    assert expected.inverted
    np.testing.assert_array_equal(_seen(at), expected.image)
    assert _pad(at)["caption"].endswith("inverted")
    assert _pad(at)["aside"]
    at.segmented_control(key="draw_invert").set_value("no").run()
    np.testing.assert_array_equal(_seen(at), 255 - expected.image.numpy())


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"hello", "neither PNG nor JPEG"),
        (b"", "empty"),
        (b"\x89PNG\r\n\x1a\n" + b"x" * 40, "damaged"),
        (_claiming(100_000, 100_000), "million pixels"),
    ],
)
def test_what_is_no_picture_gets_a_sentence_and_no_prediction(run, data, sentence):
    at = _draw_page(run=run.id)
    at.file_uploader(key="draw_file").set_value(("odd.png", data, "image/png")).run()
    assert not at.exception
    assert at.error
    assert sentence in at.error[0].value
    assert BARS not in texts(at)


def test_bars_are_as_long_as_the_probabilities_and_many_classes_are_cut():
    import pandas as pd

    table = pd.DataFrame({"class": ["<b>", "2"], "probability": [0.25, 0.75]})
    card = answer_card(table)
    assert "width:25.00%" in card
    assert "width:75.00%" in card
    assert "&lt;b&gt;" in card
    many = pd.DataFrame({"class": [str(k) for k in range(47)], "probability": [0.0] * 46 + [1.0]})
    assert answer_card(many).count("width:") == 10
    assert "<b>46</b>" in answer_card(many)


@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_a_map_is_centred_at_zero(palette):
    heat = np.array([[-2.0, 0.0, 1.0]], np.float32)
    picture = np.asarray(Image.open(io.BytesIO(heat_picture(heat, palette))).convert("RGB"))
    assert tuple(picture[0, 0]) == rgb(palette.diverging[0])
    assert tuple(picture[0, 1]) == rgb(palette.background)
    assert tuple(picture[0, 2]) != rgb(palette.diverging[-1])  # half as strong as the other end


def test_where_the_map_is_zero_the_image_under_it_shows_and_else_the_sign():
    pixels = np.full((1, 1, 3), 100, np.uint8)
    png = overlay_picture(np.array([[-1.0, 0.0, 1.0]], np.float32), pixels)
    against, none, speaks = (
        tuple(map(int, colour))
        for colour in np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))[0]
    )
    assert none == (60, 60, 60)
    assert against[0] > against[2]
    assert speaks[2] > speaks[0]


def test_torch_gets_pixels_that_it_may_not_spoil(run):
    pixels = np.zeros(SHAPE, np.uint8)
    pixels.setflags(write=False)
    subject = example_loaders.Subject(run, 2, pixels)
    table = example_loaders.answer(subject)
    expected = Predictor.of(run, 2).probabilities(torch.zeros(SHAPE, dtype=torch.uint8))
    np.testing.assert_allclose(table["probability"], expected, atol=1e-6)
