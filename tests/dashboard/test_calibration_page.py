"""The Calibration page: its numbers are those of the saved probabilities, its bins open."""

import json
import re

import numpy as np
import pytest
from safetensors.numpy import load, save
from sklearn import metrics

from core import datasets
from core.review.calibration import (
    Scores,
    Temperature,
    calibration_error,
    reliability,
    tempered,
)
from core.review.coverage import at_threshold, coverage_curve
from core.run_files import sha256
from dashboard.calibration_loaders import Settings, bin_of, diagram, temperature
from dashboard.widgets.calibration_scores import temperature_sentence, worth_sentence
from dashboard.widgets.coverage import UNANSWERED, WRONG, goal_sentence
from tests.dashboard.pages import open_page, texts
from tests.dashboard.trained import train


def _component(at, key):
    """The data of the component with this key; None if it is not on the page."""
    found = [e for e in at.get("bidi_component") if e.proto.id.endswith(f"-{key}")]
    return json.loads(found[0].proto.json) if found else None


def _shown(at):
    """The indices of the images in the gallery, first page."""
    return _component(at, "calibration")["ids"]


def _truth(run, epoch=2, split="test"):
    """Labels, probabilities as saved, and original indices, straight from the files."""
    parts = datasets.split(datasets.load("digits"), run.config.data)
    return parts.labels(split).numpy(), run.probabilities(epoch, split), parts.index(split).numpy()


def _bins(run, num_bins=15, epoch=2, split="test"):
    """The bin of each image of equal width, worked out by hand from normalised confidences."""
    labels, probabilities, index = _truth(run, epoch, split)
    shares = tempered(probabilities, 1.0)
    bins = np.ceil(shares.max(1) * num_bins - 1e-12).astype(int) - 1
    return bins, shares.argmax(1) == labels, index


def _tile(at, name):
    """``(as answered, scaled)`` of a tile, as they are written."""
    found = re.search(rf"<span>{name}</span><b[^>]*>(.*?)</b><span>(.*?)</span>", texts(at))
    assert found is not None, texts(at)
    return found.groups()


@pytest.mark.parametrize("split", ["validation", "test"])
@pytest.mark.parametrize("epoch", [0, 2])
def test_the_scores_are_those_of_the_saved_probabilities(run, split, epoch):
    at = open_page("calibration", run=run.id, split=split, epoch=str(epoch))
    assert not at.exception
    labels, probabilities, _ = _truth(run, epoch, split)
    shares = tempered(probabilities, 1.0)
    accuracy = (shares.argmax(1) == labels).mean()
    brier = metrics.brier_score_loss(labels, shares, labels=range(10), scale_by_half=False)
    table = reliability(shares.max(1), shares.argmax(1) == labels)
    assert _tile(at, "Accuracy")[0] == f"{accuracy * 100:.2f} %"
    assert _tile(at, "Mean confidence")[0] == f"{shares.max(1).mean() * 100:.2f} %"
    assert _tile(at, "Calibration error")[0] == f"{calibration_error(table) * 100:.2f} %"
    assert _tile(at, "Brier score")[0] == f"{brier:.4f}"
    assert _tile(at, "Log loss")[0] == f"{metrics.log_loss(labels, shares):.4f}"


def test_the_temperature_of_validation_is_used_on_test(run):
    at = open_page("calibration", run=run.id)
    written = re.search(r"Temperature \*\*([0-9.]+)\*\*", texts(at))
    assert written is not None
    labels, probabilities, _ = _truth(run)
    loss = metrics.log_loss(labels, tempered(probabilities, float(written[1])))
    assert _tile(at, "Log loss")[1] == f"{loss:.4f} scaled"
    assert "fitted on the 287 validation images" in texts(at).lower()
    assert "these very 287 images" in texts(
        open_page("calibration", run=run.id, split="validation")
    )


def test_the_diagram_counts_every_image_once(run):
    bins, correct, _ = _bins(run)
    figure = _component(open_page("calibration", run=run.id), "reliability")["figure"]
    images, errors = [trace for trace in figure["data"] if trace.get("yaxis") == "y2"][:2]
    there = np.unique(bins)
    assert images["y"] == [int((bins == number).sum()) for number in there]
    assert errors["y"] == [int((~correct[bins == number]).sum()) for number in there]
    assert sum(images["y"]) == len(bins)


def test_a_bin_shows_exactly_its_images_the_wrong_ones_first(run):
    bins, correct, index = _bins(run, 40)
    mixed = [n for n in range(40) if correct[bins == n].any() and not correct[bins == n].all()]
    number = max((n for n in mixed if (bins == n).sum() <= 120), key=lambda n: (bins == n).sum())
    at = open_page("calibration", run=run.id, group=f"bin:{number}-40-width")
    assert not at.exception
    inside = bins == number
    assert sorted(_shown(at)) == sorted(index[inside].tolist())
    wrong = index[inside & ~correct].tolist()
    assert sorted(_shown(at)[: len(wrong)]) == sorted(wrong)
    assert f"{inside.sum()} test image" in texts(at)
    assert _component(at, "reliability")["figure"]["layout"]["shapes"]


def test_a_bin_in_the_address_brings_its_settings_and_new_ones_let_go_of_it(run):
    at = open_page("calibration", run=run.id, group="bin:1-4-mass-scaled")
    assert not at.exception
    assert at.session_state["calibration_scheme"] == "equal mass"
    assert at.session_state["calibration_bins"] == 4
    assert at.session_state["calibration_scaled"] is True
    assert len(_shown(at)) == 90, "a quarter of the 360 test images"
    at.slider(key="calibration_bins").set_value(5).run()
    assert not at.exception
    settings = {"confidence": "scaled", "binning": "mass", "bins": "5"}
    assert at.query_params == {"run": run.id, **settings}
    assert at.session_state["calibration_scheme"] == "equal mass"
    again = open_page("calibration", **at.query_params)
    assert again.session_state["calibration_scheme"] == "equal mass"
    assert again.session_state["calibration_bins"] == 5
    assert again.session_state["calibration_scaled"] is True


def test_settings_stand_in_the_address_unless_they_are_usual(run):
    at = open_page("calibration", run=run.id)
    at.segmented_control(key="calibration_scheme").set_value("equal mass").run()
    assert at.query_params == {"run": run.id, "binning": "mass"}
    at.segmented_control(key="calibration_scaled").set_value(True).run()
    assert at.query_params == {"run": run.id, "binning": "mass", "confidence": "scaled"}
    at.segmented_control(key="calibration_scheme").set_value("equal width").run()
    assert at.query_params == {"run": run.id, "confidence": "scaled"}


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"bins": "41"}, "bins “41”, which must be a whole number from 2 to 40"),
        ({"binning": "equal"}, "binning “equal”, which must be width or mass"),
        ({"confidence": "x"}, "confidence “x”, which must be saved or scaled"),
    ],
)
def test_a_setting_that_there_is_not_gets_a_sentence_and_the_usual_one(run, asked, words):
    at = open_page("calibration", run=run.id, **asked)
    assert not at.exception
    assert [words in warning.value for warning in at.warning] == [True]
    assert at.session_state["calibration_bins"] == 15


@pytest.mark.parametrize(
    "group", ["bin:99-15-width", "bin:3-15", "bin:1-999-mass", "flips:fixed", "unsure:4"]
)
def test_a_group_that_is_none_shows_the_surest_errors(run, group):
    at = open_page("calibration", run=run.id, group=group)
    assert not at.exception
    labels, probabilities, index = _truth(run)
    wrong = np.flatnonzero(probabilities.argmax(1) != labels)
    order = wrong[np.argsort(-probabilities.max(1)[wrong], kind="stable")]
    assert _shown(at) == index[order].tolist()[: len(_shown(at))]
    assert "Wrong, the surest first" in texts(at)


def test_a_threshold_says_what_is_answered_and_opens_both_sides(run):
    labels, probabilities, index = _truth(run)
    threshold = round(float(np.median(probabilities.max(1))), 3)
    sure, wrong = probabilities.max(1) >= threshold, probabilities.argmax(1) != labels
    assert 0 < (sure & wrong).sum() <= 120, "the gallery has them on one page"
    at = open_page("calibration", run=run.id, threshold=str(threshold))
    accuracy = 1 - (sure & wrong).sum() / sure.sum()
    assert f"answers **{sure.sum():,}** of 360 images" in texts(at)
    assert f"**{accuracy * 100:.2f} %** right" in texts(at)
    at.button(key=WRONG).click().run()
    assert sorted(_shown(at)) == sorted(index[sure & wrong].tolist())
    at.button(key=UNANSWERED).click().run()
    assert set(_shown(at)) <= set(index[~sure].tolist())
    assert f"{(~sure).sum()} test image" in texts(at)
    at.button(key=UNANSWERED).click().run()
    assert at.query_params == {"run": run.id, "threshold": str(threshold)}


def test_the_unanswered_come_in_the_same_order_as_on_the_results_page(run):
    asked = {"run": run.id, "threshold": "0.6", "group": UNANSWERED}
    here = open_page("calibration", **asked)
    there = _component(open_page("results", **asked), "gallery")
    labels, probabilities, index = _truth(run)
    unsure = np.flatnonzero(probabilities.max(1) < 0.6)
    right = (probabilities.argmax(1) == labels)[unsure]
    order = unsure[np.lexsort((-probabilities.max(1)[unsure], right))]
    assert _shown(here) == index[order].tolist()[: len(_shown(here))]
    assert _shown(here) == there["ids"]


def test_a_share_of_the_images_sets_the_threshold_that_answers_so_many(run):
    _, probabilities, _ = _truth(run)
    at = open_page("calibration", run=run.id)
    at.number_input(key="coverage_share").set_value(50.0).run()
    threshold = float(at.query_params["threshold"])
    answered = int((probabilities.max(1) >= threshold).sum())
    assert 180 <= answered <= 183, "half of 360, and what is as sure"
    assert f"answers **{answered}** of 360" in texts(at)
    at.number_input(key="coverage_share").set_value(100.0).run()
    assert at.query_params == {"run": run.id}


def test_a_threshold_above_every_confidence_answers_nothing(run):
    at = open_page("calibration", run=run.id, epoch="0", threshold="0.9999", group=WRONG)
    assert not at.exception
    assert "answers **0** of 360 images" in texts(at)
    assert "No answer is wrong at this threshold" in texts(at)


def test_probabilities_that_are_no_numbers_get_a_sentence(run):
    folder = run.path / "epochs" / "0002"
    arrays = load((folder / "probabilities.safetensors").read_bytes())
    arrays["test"] = arrays["test"].copy()
    arrays["test"][3, 4] = np.nan
    data = save(arrays)
    (folder / "probabilities.safetensors").write_bytes(data)
    manifest = folder / "manifest.json"
    sums = json.loads(manifest.read_text())
    text = manifest.read_text().replace(_sum_of(sums, "probabilities.safetensors"), sha256(data))
    manifest.write_text(text)
    at = open_page("calibration", run=run.id)
    assert not at.exception
    assert "1 of 360 images are not finite numbers" in at.error[0].value


def _sum_of(sums, name):
    """The digest of a file, wherever the manifest keeps it."""
    entry = sums.get("files", sums)[name]
    return entry["sha256"] if isinstance(entry, dict) else entry


def test_an_epoch_deleted_meanwhile_gets_a_sentence(run):
    (run.path / "epochs" / "0002" / "probabilities.safetensors").unlink()
    at = open_page("calibration", run=run.id)
    assert not at.exception
    assert "Choose another epoch or run" in at.error[0].value
    assert not open_page("calibration", run=run.id, epoch="1").error


def test_without_runs_and_without_epochs_the_page_says_what_to_do(store):
    assert [b.label for b in open_page("calibration").button] == ["Train the default network"]
    run = store.create(train(store).config)
    at = open_page("calibration", run=run.id)
    assert not at.exception
    assert "Nothing has been measured yet" in at.info[0].value


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (Temperature(1.3, False, 10), "surer than it should be"),
        (Temperature(0.8, False, 10), "more modest than it need be"),
        (Temperature(1.001, False, 10), "as good as 1"),
        (Temperature(0.05, True, 10), "all 10 validation images are answered right"),
        (Temperature(20.0, True, 10), "say so little"),
    ],
)
def test_the_temperature_in_words(found, words):
    assert words in temperature_sentence(found)


@pytest.mark.parametrize(
    ("error", "loss", "words"),
    [
        (0.0035, 0.0268, "does not help"),
        (0.0024, 0.0255, "does not help"),
        (0.0020, 0.0250, "it helps"),
        (0.0020, 0.0255, "it helps"),
        (0.0035, 0.0250, "the log loss falls, but the calibration error rises"),
        (0.0020, 0.0268, "the calibration error falls, but the log loss rises"),
    ],
)
def test_what_scaling_does_on_test_is_said_as_the_tiles_have_it(error, loss, words):
    before, after = (
        Scores(accuracy=0.99, confidence=0.98, calibration_error=one, brier=0.01, loss=other)
        for one, other in ((0.0024, 0.0255), (error, loss))
    )
    assert words in worth_sentence(before, after)


def test_confidences_are_the_saved_ones_unless_they_are_scaled(run):
    rows = diagram(run, 2, "test", Settings()).rows
    _, probabilities, _ = _truth(run)
    assert not np.array_equal(tempered(probabilities, 1.0).max(1), probabilities.max(1))
    assert np.array_equal(rows["confidence"], probabilities.max(1))
    scaled = diagram(run, 2, "test", Settings(scaled=True)).rows
    degree = temperature(run, 2).value
    assert np.allclose(scaled["confidence"], tempered(probabilities, degree).max(1))


def test_a_group_is_read_back_as_it_was_written():
    for settings in (Settings(), Settings("equal mass", 7, True), Settings("equal width", 40)):
        assert bin_of(settings.group(3)) == (3, settings)
    assert bin_of(None) is None
    assert bin_of("bin:1-41-width") is None


def test_the_confidence_that_is_named_for_a_goal_answers_what_is_said():
    """From 0.7763 on, not from 0.7764 on, 0.77637 is answered, and 0.77631 is as well."""
    confidence = np.array([0.95, 0.9, 0.85, 0.77637, 0.77631, 0.5])
    correct = np.array([True, True, True, True, False, True])
    curve = coverage_curve(confidence, correct)
    # Four of four would be right from 0.77637 on, but four digits cannot leave 0.77631 out.
    assert goal_sentence(curve, at_threshold(curve, 0.0)) == (
        "For 90.00 % right it can answer 50.00 %, from confidence 0.85 on."
    )
    curve = coverage_curve(np.delete(confidence, 4), np.array([True, True, True, True, False]))
    assert goal_sentence(curve, at_threshold(curve, 0.0)) == (
        "For 90.00 % right it can answer 80.00 %, from confidence 0.7763 on."
    )
    assert at_threshold(curve, 0.7763)["coverage"] == 0.8
