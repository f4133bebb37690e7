"""The charts of calibration: areas, counts and places are those of the tables."""

import numpy as np
import pytest

from core.review.calibration import SCHEMES, calibration_error, reliability
from core.review.coverage import at_threshold, coverage_curve
from dashboard.charts.coverage import coverage
from dashboard.charts.reliability import reliability as chart

RANDOM = np.random.default_rng(0)
CONFIDENCE = np.sqrt(RANDOM.random(500)).round(3)
CORRECT = RANDOM.random(500) < CONFIDENCE**2


def _bars(figure, axis):
    return [t for t in figure["data"] if t["type"] == "bar" and t["yaxis"] == axis]


def test_of_equal_mass_the_coloured_area_is_the_calibration_error():
    table = reliability(CONFIDENCE, CORRECT, 12, "equal mass")
    gaps, targets = _bars(chart(table, "equal mass"), "y")
    area = sum(w * h for w, h in zip(gaps["width"], gaps["y"], strict=True))
    assert area == pytest.approx(calibration_error(table))
    assert sum(targets["width"]) == pytest.approx(1)


def test_gaps_reach_from_accuracy_to_confidence_and_luck_is_pale():
    table = reliability(CONFIDENCE, CORRECT, 10).dropna()
    _, gaps, _ = _bars(chart(table, "equal width"), "y")
    ends = np.array(gaps["base"]) + np.array(gaps["y"])
    lower, upper = np.sort(table[["accuracy", "confidence"]].to_numpy(), axis=1).T
    np.testing.assert_allclose(gaps["base"], lower)
    np.testing.assert_allclose(ends, upper)
    for row, tint in zip(table.itertuples(), gaps["marker"]["color"], strict=True):
        assert tint.startswith("@bad" if row.gap < 0 else "@train")
        inside = row.accuracy_low <= row.confidence <= row.accuracy_high
        assert tint.endswith("/0.25" if inside else "/0.75")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_bin_with_images_can_be_clicked_and_the_chosen_one_is_outlined(scheme):
    table = reliability(CONFIDENCE, CORRECT, 30, scheme)
    figure = chart(table, scheme, selected=int(table["bin"].iloc[-1]))
    target = _bars(figure, "y")[-1]
    full = table[table["images"] > 0]
    assert [data[0] for data in target["customdata"]] == full["bin"].tolist()
    assert figure["layout"]["shapes"][0]["x1"] == pytest.approx(1)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_no_images_make_an_empty_figure(scheme):
    table = reliability(np.zeros(0), np.zeros(0, bool), 15, scheme)
    figure = chart(table, scheme)
    assert all(not trace["x"] for trace in _bars(figure, "y"))


def test_the_mark_is_where_the_threshold_answers():
    curve = coverage_curve(CONFIDENCE, CORRECT)
    _, mark = coverage(curve, at_threshold(curve, 0.5))["data"]
    sure = CONFIDENCE >= 0.5
    assert mark["x"] == [pytest.approx(sure.mean())]
    assert mark["y"] == [pytest.approx(CORRECT[sure].mean())]
    assert len(coverage(curve, at_threshold(curve, 1.0))["data"]) == 1, "nothing is that sure"


def test_a_long_curve_is_thinned_and_keeps_its_ends():
    confidence = np.linspace(0.1, 1, 5000)
    curve = coverage_curve(confidence, confidence > 0.3)
    line = coverage(curve, None)["data"][0]
    assert len(line["x"]) == 600
    assert (line["customdata"][0][1], line["customdata"][-1][1]) == (1, 5000)
