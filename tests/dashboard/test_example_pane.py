"""The closer look at one image: why, since when, and like what; each against the files or core."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

from core import datasets
from core.inspection.attribution import attribute, baseline_image
from core.inspection.biography import biography_of
from core.inspection.neighbours import embed
from core.predictor import Predictor
from core.preprocessing import network_input
from dashboard import example_loaders
from dashboard.charts.biography import biography as biography_chart
from dashboard.example_loaders import Question, Subject
from dashboard.example_pictures import neighbour_tiles
from dashboard.palette import LIGHT
from dashboard.widgets.attribution import Parts
from tests.dashboard.pages import open_page, texts
from tests.dashboard.trained import train

PANELS = ("why", "epochs", "alike")


@pytest.fixture
def error(run):
    """Position, index, label and prediction of the first wrong answer on the test split."""
    parts = datasets.split(datasets.load("digits"), run.config.data)
    predicted = run.probabilities(2, "test").argmax(1)
    labels = parts.labels("test").numpy()
    position = int(np.flatnonzero(labels != predicted)[0])
    index = int(parts.index("test")[position])
    return position, index, int(labels[position]), int(predicted[position])


def _open(run, index, panel=None, **params):
    at = open_page("results", run=run.id, example=str(index), **params)
    if panel is not None:
        at.segmented_control(key="example_panel").set_value(panel).run()
    assert not at.exception
    return at


def _subject(run, index):
    return Subject(run, 2, datasets.load("digits").test_images[index].numpy())


def _image(run, index):
    """The network, and the image as it is given it."""
    predictor = Predictor.of(run, 2)
    pixels = datasets.load("digits").test_images[index]
    return predictor, network_input(pixels[None], predictor.mean, predictor.std)[0]


def test_nothing_is_worked_out_until_a_panel_is_opened(run, error):
    at = _open(run, error[1])
    assert at.segmented_control(key="example_panel").value is None
    assert "Why " not in texts(at)


def test_an_open_panel_stays_open_for_the_next_image(run, error):
    at = _open(run, error[1], "why")
    first = [element.value for element in at.markdown if element.value.startswith("**Why")]
    at.query_params["example"] = "3"
    at.run()
    assert not at.exception
    assert at.segmented_control(key="example_panel").value == "why"
    assert len(first) == 1


def test_the_map_asks_why_the_prediction_and_why_not_the_label(run, error):
    _, index, label, predicted = error
    at = _open(run, index, "why")
    assert f"Why {predicted} · Integrated gradients" in texts(at)
    at.selectbox(key="example_why_against").set_value("true").run()
    assert not at.exception
    assert f"Why {predicted} and not {label} · Integrated gradients" in texts(at)
    predictor, image = _image(run, index)
    black = baseline_image("black", (1, 8, 8), predictor.mean, predictor.std)
    found = attribute(
        predictor.model, image, "integrated_gradients", predicted, against=label, baseline=black
    )
    assert f"**{found.score:+.2f}**".replace("-", "−") in texts(at)
    assert "convergence delta" in texts(at)
    assert "Of the baseline, black:" in texts(at)


@pytest.mark.parametrize("method", ["saliency", "integrated_gradients", "grad_cam", "occlusion"])
@pytest.mark.parametrize("against", [None, 3])
def test_every_method_gives_what_core_gives(run, method, against):
    predictor, image = _image(run, 11)
    mean = baseline_image("mean", (1, 8, 8), predictor.mean, predictor.std)
    expected = attribute(
        predictor.model, image, method, 7, against=against, baseline=mean
    )  # fmt: skip
    found = example_loaders.attribution(
        _subject(run, 11), Question(method, 7, against, "mean", None)
    )
    np.testing.assert_allclose(found.values, expected.values, atol=1e-6)


def test_grad_cam_names_its_layer_and_looks_at_another(run, error):
    at = _open(run, error[1], "why")
    at.selectbox(key="example_why_method").set_value("grad_cam").run()
    assert "layer blocks\\.0\\.activation" in texts(at)
    at.selectbox(key=f"example_why_layer_{run.id}").set_value("blocks.0.pool").run()
    assert not at.exception
    assert "layer blocks\\.0\\.pool" in texts(at)
    assert "convergence delta" not in texts(at)


def test_the_check_shows_a_second_map_and_a_number(run, error):
    at = _open(run, error[1], "why")
    assert "Rank correlation" not in texts(at)
    at.button(key="example_why_check").click().run()
    assert not at.exception
    assert "Rank correlation with shuffled weights" in texts(at)
    assert "With shuffled weights" in texts(at)
    question = Question("integrated_gradients", error[3])
    check = example_loaders.randomised(_subject(run, error[1]), question)
    assert f"**{check.similarity:+.2f}**".replace("-", "−") in texts(at)


def test_a_network_without_conv_layers_has_a_sentence_for_grad_cam(store):
    run = train(store, "model.blocks=[]", "model.dense=[]")
    at = _open(run, 3, "why")
    at.selectbox(key="example_why_method").set_value("grad_cam").run()
    assert not at.exception
    assert "no conv layer" in texts(at)


def test_the_history_is_that_of_the_saved_answers(run, error):
    position, index, label, _ = error
    at = _open(run, index, "epochs")
    (found,) = [e for e in at.get("bidi_component") if "-example_epochs" in e.proto.id]
    points = json.loads(found.proto.json)["figure"]["data"][0]
    expected = [float(run.probabilities(epoch, "test")[position, label]) for epoch in (0, 1, 2)]
    np.testing.assert_allclose(points["y"], expected, atol=1e-3)
    assert points["x"] == [0, 1, 2]
    assert points["text"] == [
        str(run.probabilities(epoch, "test")[position].argmax()) for epoch in (0, 1, 2)
    ]


def test_the_history_agrees_with_core_and_tells_of_a_damaged_epoch(run, error):
    position, index, label, _ = error
    (run.path / "epochs" / "0001" / "probabilities.safetensors").write_bytes(b"gone")
    expected = biography_of(run, "test", position, label)
    found = example_loaders.biography(run, "test", position, label)
    assert found.verdict == expected.verdict
    assert list(found.table["predicted"]) == list(expected.table["predicted"])
    assert len(found.problems) == 1
    at = _open(run, index, "epochs")
    assert "Epoch 1 is left out" in texts(at)


def test_the_chart_marks_right_and_wrong_and_escapes_names():
    table = pd.DataFrame(
        {
            "epoch": [0, 1],
            "predicted": [1, 0],
            "confidence": [0.6, 0.9],
            "probability": [0.4, 0.9],
            "correct": [False, True],
        }
    )
    trace = biography_chart(table, 0, ["<b>", "x"], LIGHT)["data"][0]
    assert trace["marker"]["color"] == [LIGHT.bad, LIGHT.good]
    assert trace["text"] == ["x", "&lt;b&gt;"]
    assert trace["y"] == [0.4, 0.9]


def test_the_nearest_training_images_are_those_found_by_brute_force(run, error):
    index = error[1]
    predictor, _ = _image(run, index)
    parts = datasets.split(datasets.load("digits"), run.config.data)
    images = torch.cat([parts.images("train"), datasets.load("digits").test_images[index][None]])
    directions = embed(predictor.model, images, predictor.mean, predictor.std).astype(np.float64)
    cosines = directions[:-1] @ directions[-1]
    order = np.argsort(-cosines, kind="stable")[:10]
    found = example_loaders.neighbours(_subject(run, index))
    np.testing.assert_allclose(found.table["distance"], 1 - cosines[order], atol=1e-5)
    index = found.table["index"].tolist()
    np.testing.assert_array_equal(found.pixels, datasets.load("digits").train_images[index])
    labels = datasets.load("digits").train_labels[index]
    assert list(found.table["label"]) == labels.tolist()


def test_the_panel_counts_the_neighbours_that_agree(run, error):
    _, index, _, predicted = error
    at = _open(run, index, "alike")
    found = example_loaders.neighbours(_subject(run, index))
    agreeing = int((found.table["label"] == predicted).sum())
    assert f"**{agreeing} of the 10 nearest** training images are {predicted}" in texts(at)


def test_neighbours_of_another_class_stand_out():
    table = pd.DataFrame({"label": [1, 0], "distance": [0.1, 0.2], "index": [5, 6]})
    html = neighbour_tiles(table, np.zeros((2, 1, 2, 2), np.uint8), ["<i>", "b"], 1)
    assert "<b>b</b><span>0.100</span>" in html
    assert '<b class="cs-other">&lt;i&gt;</b><span>0.200</span>' in html


@pytest.mark.parametrize("panel", ["why", "alike"])
def test_missing_weights_get_a_sentence_and_the_rest_stays(run, error, panel):
    (run.path / "epochs" / "0002" / "weights.safetensors").unlink()
    at = _open(run, error[1], panel)
    assert at.warning
    assert "True label" in texts(at)


def test_the_parts_of_an_answer():
    table = pd.DataFrame({"class": list("abc"), "probability": [0.3, 0.6, 0.1]})
    parts = Parts.of(table, true=2)
    assert (parts.predicted, parts.second, parts.true) == (1, 0, 2)
    assert [parts.resolve(role) for role in ("predicted", "second", "true", "none", 0)] == [
        1, 0, 2, None, 0,
    ]  # fmt: skip


def test_the_same_pixels_are_the_same_image_and_others_are_not(run):
    pixels = np.zeros((1, 8, 8), np.uint8)
    other = pixels.copy()
    other[0, 3, 3] = 1
    ids = [Subject(run, 2, image).ids for image in (pixels, pixels.copy(), other)]
    assert ids[0] == ids[1] != ids[2]
