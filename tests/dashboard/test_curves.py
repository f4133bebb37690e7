"""The curves say which split they show, stay small however long the run, and mark what happened."""

import json
import math

import pytest

from core.records import ChangeRecord, Curve, EpochRecord, ResumeRecord, StepRecord
from dashboard.charts.curves import MOST_POINTS, accuracy_curves, loss_curves, thinned


def step(number, loss, num_steps=1):
    return StepRecord(1, number, loss, num_steps, 0.005, number / 100)


def epoch(number, train=math.nan, validation=0.1):
    return EpochRecord(number, 1.0, train, 1.0, validation, 1.0, 0.5, 0.005, 1, 1, 100, 1.0)


def test_thinning_keeps_the_mean_loss_and_the_last_position():
    steps = [step(n, loss=float(n), num_steps=1 + n % 3) for n in range(1, 2001)]
    points = thinned(steps, most=50)
    assert len(points) == 50
    assert points[-1][0] == 20.0
    # The first group by hand: steps 1 to 40, each weighted by its number of steps.
    weights = [1 + n % 3 for n in range(1, 41)]
    mean = sum(n * w for n, w in zip(range(1, 41), weights, strict=True)) / sum(weights)
    assert points[0] == (0.4, pytest.approx(mean, rel=1e-3))


@pytest.mark.parametrize("count", [0, 1, 499, 500, 501, 100_000])
def test_no_curve_has_more_points_than_allowed(count):
    curve = Curve(
        steps=[step(n, 1.0) for n in range(1, count + 1)],
        epochs=[epoch(n, 0.9, 0.9) for n in range(count)],
    )
    for figure in (loss_curves(curve, 3, "run"), accuracy_curves(curve, 3, "run")):
        assert all(len(trace["x"]) <= MOST_POINTS for trace in figure["data"])
        assert len(json.dumps(figure)) < 45_000


def test_every_trace_names_its_split():
    curve = Curve(steps=[step(1, 2.0)], epochs=[epoch(0)])
    for figure in (loss_curves(curve, 3, "run"), accuracy_curves(curve, 3, "run")):
        names = [trace["name"] for trace in figure["data"]]
        assert [name.split(",")[0] for name in names] == ["train", "validation"]


def test_the_training_accuracy_of_the_untrained_network_does_not_exist():
    train, validation = accuracy_curves(Curve(epochs=[epoch(0)]), 3, "run")["data"]
    assert train["x"] == [] and validation["x"] == [0]


def test_the_last_epoch_is_never_thinned_away():
    curve = Curve(epochs=[epoch(n, 0.9, 0.9) for n in range(1201)])
    assert accuracy_curves(curve, 1200, "run")["data"][1]["x"][-1] == 1200


def test_the_accuracy_axis_tells_98_from_99_percent():
    curve = Curve(epochs=[epoch(0), epoch(1, 0.98, 0.985), epoch(2, 0.99, 0.99)])
    low, high = accuracy_curves(curve, 2, "run")["layout"]["yaxis"]["range"]
    assert 0.97 < low < 0.98 and 0.99 < high <= 1.0


def test_zoom_is_kept_within_a_run_and_not_between_runs():
    assert loss_curves(Curve(), 3, "one")["layout"]["uirevision"] == "one"


def rate(epochs_done, old, new):
    return ChangeRecord(epochs_done, 0, {"training.learning_rate": [old, new]})


def test_changes_and_interruptions_are_marked_where_they_happened():
    curve = Curve(changes=[rate(1.5, 0.005, 0.00002)], resumes=[ResumeRecord(2.0, 200)])
    for figure in (loss_curves(curve, 3, "run"), accuracy_curves(curve, 3, "run")):
        layout = figure["layout"]
        assert [shape["x0"] for shape in layout["shapes"]] == [1.5, 2.0]
        assert [label["hovertext"] for label in layout["annotations"]] == [
            "After 1.5 epochs: learning rate 0.005 → 0.00002",
            "After 2 epochs: training resumed",
        ]
    labels = loss_curves(curve, 3, "run")["layout"]["annotations"]
    assert [label["text"] for label in labels] == ["learning rate → 0.00002", "resumed"]


def test_several_settings_changed_at_once_are_counted_and_told_in_the_hover():
    both = {"training.learning_rate": [0.005, 0.002], "augmentation.cutout": [0, 4]}
    curve = Curve(changes=[ChangeRecord(1.0, 100, both)])
    (label,) = loss_curves(curve, 3, "run")["layout"]["annotations"]
    assert label["text"] == "learning rate → 0.002 +1"
    assert label["hovertext"].endswith("learning rate 0.005 → 0.002, cutout off → 4 pixels")


@pytest.mark.parametrize("places", [(0.9, 2.05, 2.15), (1.1,) * 9, (0.0, 3.0), (1.0, 1.5, 1.6, 2)])
def test_texts_of_changes_never_overlap_nor_leave_the_chart(places):
    """By the width of the letters in the narrowest chart, 300 pixels, at 10 pixels a letter."""
    curve = Curve(changes=[rate(x, 0.005, 0.015) for x in places])
    boxes = []
    for label in loss_curves(curve, 3, "run")["layout"]["annotations"]:
        if "→" not in label["text"]:
            continue
        width = len(label["text"]) * 4.4 / 300 * 3.12
        start = label["x"] - (width if label["xanchor"] == "right" else 0)
        assert start >= -0.06 and start + width <= 3.06
        boxes.append((label["y"], start, start + width))
    assert boxes
    for one, (row, start, end) in enumerate(boxes):
        for other_row, other_start, other_end in boxes[:one]:
            assert row != other_row or end <= other_start or other_end <= start


def test_no_text_covers_the_accuracies():
    curve = Curve(changes=[rate(0.9, 0.005, 0.008), rate(2.05, 0.008, 0.015)])
    labels = accuracy_curves(curve, 3, "run")["layout"]["annotations"]
    assert [(label["text"], label["y"]) for label in labels] == [("▲", 0), ("▲", 0)]
