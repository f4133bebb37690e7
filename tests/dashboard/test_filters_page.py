"""The Filters page shows what core finds in the run's files; trouble gets a sentence."""

import base64
import json
import struct
import threading
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from safetensors.torch import load_file, save_file

from core import datasets
from core.errors import UserError
from core.inspection import filters
from core.inspection.ablation import ablate
from core.inspection.importance import importance
from core.jobs import analysis as analyses
from core.jobs import analyst
from core.jobs.analysis import Analysis
from core.predictor import Predictor
from core.run_files import sha256
from dashboard import ablation_loaders, filter_loaders, filter_measures
from dashboard.charts.confusion_difference import difference
from dashboard.charts.filters import class_change
from dashboard.filter_measures import Background
from tests.dashboard.damage import HARMS, damage
from tests.dashboard.pages import open_page, texts
from tests.dashboard.trained import train

CONV = "blocks.0.conv"


def _component(at, key):
    """The message to the component with this key."""
    found = [e for e in at.get("bidi_component") if f"-{key}" in e.proto.id]
    assert len(found) == 1, [e.proto.id for e in at.get("bidi_component")]
    return found[0].proto


def _json(at, key):
    return json.loads(_component(at, key).json)


def _cards(at):
    """Header, kernels and norms as the browser unpacks them."""
    message = _component(at, "filter_cards").bytes
    (length,) = struct.unpack("<I", message[:4])
    header = json.loads(message[4 : 4 + length])
    floats = np.frombuffer(message[4 + length :], "<f4")
    count, size = len(header["cards"]), int(np.prod(header["shape"]))
    kernels = floats[: count * size].reshape(count, *header["shape"])
    return header, kernels, floats[count * size :].reshape(count, -1)


def _measured(run, epoch=2, split="test", layer=CONV):
    filter_measures.wait(run, epoch, layer, split)


def _shown_filters(at):
    return [card["index"] for card in _cards(at)[0]["cards"]]


@pytest.mark.parametrize("epoch", [0, 2])
def test_the_cards_hold_the_weights_and_norms_of_the_files(run, epoch):
    at = open_page("filters", run=run.id, epoch=str(epoch))
    assert not at.exception
    header, kernels, norms = _cards(at)
    truth = run.weights(epoch)[f"{CONV}.weight"].numpy()
    np.testing.assert_array_equal(kernels, truth)
    for column, there in enumerate(header["epochs"]):
        weights = run.weights(there)[f"{CONV}.weight"].numpy()
        expected = np.sqrt((weights.astype(float) ** 2).sum((1, 2, 3)))
        np.testing.assert_allclose(norms[:, column], expected, rtol=1e-6)
    assert header["epochs"] == [0, 1, 2]
    assert header["epoch"] == epoch
    assert header["limit"] == pytest.approx(np.abs(truth).max())


def test_a_second_layer_shows_every_kernel_of_every_filter(store):
    blocks = 'model.blocks=[{"channels":3,"pooling":"max"},{"channels":5}]'
    run = train(store, blocks)
    at = open_page("filters", run=run.id, layer="blocks.1.conv", unit="4")
    header, kernels, _ = _cards(at)
    assert kernels.shape == (5, 3, 3, 3)
    assert header["selected"] == 4
    assert "Filter 4" in texts(at) or "Filter 4" in str(_component(at, "chosen_kernels").bytes)


def test_filters_are_sorted_by_norm_and_by_similarity(run):
    at = open_page("filters", run=run.id, unit="2")
    kernels = filters.kernels(run.weights(2), CONV)
    at.selectbox(key="filters_order").set_value("norm").run()
    assert _shown_filters(at) == np.argsort(-filters.norms(kernels), kind="stable").tolist()
    at.selectbox(key="filters_order").set_value("similarity").run()
    assert _shown_filters(at)[0] == 2
    expected = np.argsort(-filters.similarity(kernels)[2], kind="stable").tolist()
    assert _shown_filters(at) == expected


def test_scales_share_one_range_or_have_one_each(store):
    blocks = 'model.blocks=[{"channels":3,"pooling":"max"},{"channels":4}]'
    run = train(store, blocks)
    at = open_page("filters", run=run.id)
    assert _cards(at)[1].shape == (3, 1, 3, 3)
    weights = [run.weights(2)[f"blocks.{block}.conv.weight"].numpy() for block in (0, 1)]
    at.segmented_control(key="filters_scale").set_value("network").run()
    assert _cards(at)[0]["limit"] == pytest.approx(max(np.abs(w).max() for w in weights))
    at.segmented_control(key="filters_scale").set_value("kernel").run()
    header = _cards(at)[0]
    assert header["limit"] is None
    assert header["per_filter"] is False


def test_the_panel_shows_the_strongest_images_of_the_split(run):
    _measured(run, split="test")
    at = open_page("filters", run=run.id, unit="1")
    assert not at.exception
    shown = _json(at, "filter_images")
    asked = Predictor.of(run, 2)
    parts = datasets.split(datasets.load("digits"), run.config.data)
    images, labels = parts.images("test"), parts.labels("test").numpy()
    # By brute force: every image through the network's own first layers.
    block = asked.model.blocks[0]
    pixels = (images.float() / 255 - asked.mean[0]) / asked.std[0]
    maps = block.activation(block.conv(pixels)).detach().numpy()[:, 1]
    strongest = np.argsort(-maps.max((1, 2)), kind="stable")[: len(shown["ids"])]
    assert shown["ids"] == parts.index("test").numpy()[strongest].tolist()
    expected = [[str(labels[i]), f"{maps[i].max():.2f}"] for i in strongest]
    assert shown["captions"] == expected
    counts = _json(at, "filter_spread")["figure"]["data"][0]["hovertext"]
    assert len(counts) == 10


def test_a_patch_opens_its_image(run):
    _measured(run)
    at = open_page("filters", run=run.id, unit="1")
    chosen = _json(at, "filter_images")["ids"][0]
    at = open_page("filters", run=run.id, unit="1", example=str(chosen))
    assert f"**Image {chosen:,}**" in texts(at)


def test_a_bar_of_the_histogram_opens_into_its_images(run):
    _, answered = filter_measures.wait(run, 2, CONV, "test")
    spread = filter_measures.histogram(run, "test", answered, 0)
    label, bar = np.argwhere(spread.counts > 1)[0]
    shown = filter_measures.images_in_bar(run, "test", answered, 0, bar, label)
    assert shown.total == spread.counts[label, bar] == len(shown.table)
    assert set(shown.table["true"]) == {label}
    assert shown.table["value"].between(spread.edges[bar], spread.edges[bar + 1]).all()


def _plant(run, harm):
    """Changes the weights of the last epoch, and saves them as the run would."""
    file = run.path / "epochs" / "0002" / "weights.safetensors"
    weights = load_file(file)
    harm(weights)
    save_file(weights, file)
    manifest = file.with_name("manifest.json")
    listed = json.loads(manifest.read_text())
    data = file.read_bytes()
    listed["files"][file.name] = {"sha256": sha256(data), "size": len(data)}
    manifest.write_text(json.dumps(listed))


def test_dead_and_near_duplicate_filters_are_flagged(run):
    def harm(weights):
        kernels = weights[f"{CONV}.weight"]
        kernels[0] = 0.0
        weights[f"{CONV}.bias"][0] = -1.0
        kernels[3] = 2 * kernels[1]

    _plant(run, harm)
    _measured(run)
    at = open_page("filters", run=run.id)
    assert not at.exception
    marks = {c["index"]: [mark[0] for mark in c["marks"]] for c in _cards(at)[0]["cards"]}
    assert marks == {0: ["dead"], 1: ["≈ 3"], 2: [], 3: ["≈ 1"]}
    assert "1 dead on validation" in texts(at)


def test_silencing_measures_and_restoring_gives_the_exact_accuracy_back(run):
    effect = ablation_loaders.effect(run, 2, {CONV: (0, 2)})
    asked = Predictor.of(run, 2)
    parts = datasets.split(datasets.load("digits"), run.config.data)
    truth = ablate(
        asked.model, parts.images("validation"), parts.labels("validation").numpy(),
        asked.mean, asked.std, {CONV: [0, 2]},
    )  # fmt: skip
    assert effect.correct == truth.correct
    np.testing.assert_array_equal(effect.confusion, truth.confusion_change())
    assert effect.confusion.sum() == 0
    gained = (effect.flips["outcome"] == "fixed").sum() - (
        effect.flips["outcome"] == "broken"
    ).sum()
    assert gained == effect.correct[1] - effect.correct[0]

    untouched = ablation_loaders.effect(run, 2, {})
    accuracy = run.epoch_record(2).validation_accuracy
    assert untouched.correct[0] == untouched.correct[1] == effect.correct[0]
    assert untouched.accuracy[1] == pytest.approx(accuracy, abs=1e-12)


def test_the_page_shows_what_silencing_does_and_restores(run):
    at = open_page("filters", run=run.id)
    at.session_state["filters_silenced"] = (run.id, {CONV: (0, 2)})
    at.session_state["filters_tab"] = "ablation"
    at.run()
    assert not at.exception
    effect = ablation_loaders.effect(run, 2, {CONV: (0, 2)})
    assert at.metric[0].value == f"{effect.accuracy[1] * 100:.2f} %"
    assert _cards(at)[0]["silenced"] == [0, 2]
    assert len(_json(at, "ablation_flips")["ids"]) == min(120, len(effect.flips))
    at.button(key="restore").click().run()
    assert f"**{effect.accuracy[0] * 100:.2f} %**" in texts(at)
    assert _cards(at)[0]["silenced"] == []


def test_flips_of_a_cell_came_into_it_or_left_it(run):
    effect = ablation_loaders.effect(run, 2, {CONV: (0, 1, 2)})
    true, predicted = np.argwhere(effect.confusion != 0)[0]
    rows = effect.flips_of((true, predicted))
    came = ((rows["after"] == predicted) & (rows["true"] == true)).sum()
    left = ((rows["before"] == predicted) & (rows["true"] == true)).sum()
    assert came - left == effect.confusion[true, predicted]
    assert came + left == len(rows)


def _work_out(run, kind, **arguments):
    wanted = Analysis(kind, 2, arguments)
    wanted.path(run).parent.mkdir(parents=True, exist_ok=True)
    analyses.work(run, wanted, analyst.KINDS[kind](run, 2, **arguments))


def test_the_importance_sheet_is_sorted_by_what_is_lost(run):
    _work_out(run, "importance", layer=CONV)
    at = open_page("filters", run=run.id)
    at.segmented_control(key="filters_tab").set_value("importance").run()
    assert not at.exception
    table = at.dataframe[0].value
    asked = Predictor.of(run, 2)
    parts = datasets.split(datasets.load("digits"), run.config.data)
    labels = parts.labels("validation").numpy()
    *_, sheet = importance(
        asked.model, parts.images("validation"), labels, asked.mean, asked.std, CONV
    )
    lost = dict(enumerate(sheet.table(asked.classes)["accuracy_lost"] * 100))
    assert table["Accuracy lost"].is_monotonic_decreasing
    assert dict(zip(table["Filter"], table["Accuracy lost"], strict=True)) == pytest.approx(lost)
    at.selectbox(key="filters_order").set_value("importance").run()
    assert _shown_filters(at)[0] == max(lost, key=lost.get)


def test_the_maximising_image_is_shown_once_it_is_there(run):
    at = open_page("filters", run=run.id, unit="1")
    assert at.button(key="maximise").label == "Work it out"
    _work_out(run, "maximised", layer=CONV, channel=1)
    at = open_page("filters", run=run.id, unit="1")
    assert "The image that filter 1" in texts(at)
    wanted = analyses.look(run, Analysis("maximised", 2, {"layer": CONV, "channel": 1}))
    picture = base64.b64encode(filter_loaders.picture(wanted)).decode()
    assert picture in texts(at)


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"layer": "blocks.7.conv"}, "has no conv layer “blocks\\.7\\.conv”"),
        ({"unit": "9"}, "has no filter 9: its filters are 0 to 3"),
        ({"unit": "minus"}, "The address asks for unit"),
        ({"epoch": "77"}, "has no epoch 77"),
    ],
)
def test_what_is_not_there_gets_a_sentence_and_the_page_works(run, params, sentence):
    at = open_page("filters", run=run.id, **params)
    assert not at.exception
    assert sentence in texts(at)
    assert len(_cards(at)[0]["cards"]) == 4


def test_another_layer_of_the_block_stands_for_its_conv_layer(run):
    at = open_page("filters", run=run.id, layer="blocks.0.activation", unit="3")
    assert not at.warning
    assert _cards(at)[0]["selected"] == 3


def test_a_network_without_conv_layers_gets_a_sentence(store):
    run = train(store, "model.blocks=[]")
    at = open_page("filters", run=run.id)
    assert not at.exception
    assert "no conv layer" in at.info[0].value


@pytest.mark.parametrize("harm", HARMS)
def test_a_damaged_checkpoint_gets_a_sentence_and_other_epochs_work(run, harm):
    file = run.path / "epochs" / "0002" / "weights.safetensors"
    damage(file, harm)
    at = open_page("filters", run=run.id, epoch="2")
    assert not at.exception
    assert "Choose another epoch" in at.error[0].value
    other = open_page("filters", run=run.id, epoch="1")
    assert not other.error
    assert _cards(other)[0]["epochs"] == [0, 1]


def test_without_runs_there_is_one_button(store):
    at = open_page("filters")
    assert not at.exception
    assert [button.label for button in at.button] == ["Train the default network"]


def test_a_run_that_waits_says_that_no_epoch_is_finished(store):
    run = store.create(train(store).config)
    assert "No epoch is finished yet" in open_page("filters", run=run.id).info[0].value


def test_playing_starts_at_the_untrained_network_and_stops_on_a_second_click(run):
    at = open_page("filters", run=run.id)
    at.button(key="play_epochs").click().run()
    assert at.query_params["epoch"] == "0"
    assert at.button(key="play_epochs").label == "Pause"
    at.button(key="play_epochs").click().run()
    assert at.button(key="play_epochs").label == "Play"


def test_the_newest_question_is_answered_first_and_old_ones_are_dropped():
    started, release, done = threading.Event(), threading.Event(), []

    def first():
        started.set()
        release.wait(10)
        return "first"

    background = Background(most_waiting=2)
    assert background.ask(0, first) is None
    assert started.wait(10)
    for key in (1, 2, 3):  # the first of them is one too many
        background.ask(key, lambda key=key: done.append(key) or key)
    release.set()
    assert background.wait(3, lambda: 3) == 3
    assert background.wait(2, lambda: 2) == 2
    assert 1 not in done
    assert background.ask(0, first) == "first"


def test_a_failure_in_the_background_is_told_to_whoever_asks():
    background = Background()

    def fail():
        raise UserError("no such layer")

    with pytest.raises(UserError, match="no such layer"):
        background.wait("key", fail)


def test_results_in_the_background_are_bounded():
    background = Background(most_kept=2)
    for key in range(4):
        assert background.wait(key, lambda key=key: key + 1) == key + 1
    assert background.ask(3, time.sleep) == 4
    assert background.ask(0, lambda: 1) is None


def test_changes_are_coloured_by_whether_they_help():
    change = np.array([[-4, 4], [1, -1]])
    cells, numbers = difference(change, ("a", "b"))["data"]
    assert (np.array(cells["z"]) < 0).all()  # fewer right answers, more wrong ones: all worse
    assert numbers["text"] == ["−4", "+4", "+1", "−1"]


def test_a_class_without_images_has_no_change():
    table = pd.DataFrame(
        {"class": ["a", "b"], "before": [0.5, np.nan], "after": [0.25, np.nan],
         "change": [-0.25, np.nan]}
    )  # fmt: skip
    assert class_change(table)["data"][0]["x"][0] == -25


def test_an_image_that_flips_opens_in_the_place_of_the_charts(run):
    effect = ablation_loaders.effect(run, 2, {CONV: (0, 2)})
    index = int(effect.flips["index"][0])
    at = open_page("filters", run=run.id, split="validation", example=str(index))
    at.session_state["filters_silenced"] = (run.id, {CONV: (0, 2)})
    at.session_state["filters_tab"] = "ablation"
    at.run()
    assert not at.exception
    assert f"**Image {index:,}**" in texts(at)
    assert _json(at, "ablation_flips")["selected"] == index


def test_colour_images_are_shown_as_well(store, monkeypatch):
    grey = datasets.load("digits")
    colour = replace(
        grey,
        train_images=grey.train_images.repeat(1, 3, 1, 1),
        test_images=grey.test_images.repeat(1, 3, 1, 1),
        mean=grey.mean * 3,
        std=grey.std * 3,
        fingerprint="digits in colour",
    )
    monkeypatch.setattr(datasets, "load", lambda name, folder=None: colour)
    run = train(store)
    _measured(run)
    _work_out(run, "maximised", layer=CONV, channel=0)
    at = open_page("filters", run=run.id)
    assert not at.exception
    assert not at.error
    assert _cards(at)[1].shape == (4, 3, 3, 3)
    assert len(_json(at, "filter_images")["ids"]) == filter_measures.NUM_PATCHES
    assert "The image that filter 0" in texts(at)
