"""The charts of the Compare page: every bar says its number and carries what a click asks for."""

import re

import numpy as np
import pandas as pd
import pytest

from core.inspection.biography import biography
from core.review.agreement import agreement
from dashboard.charts.counts import count_bars, wrong_in
from dashboard.charts.flips import class_flips
from dashboard.charts.sparkline import sparkline

FLIPS = pd.DataFrame({"true": [0, 1], "images": [10, 20], "fixed": [3, 0], "broken": [1, 1200]})


def _bars(figure, name):
    return next(t for t in figure["data"] if any(name in str(c) for c in t["customdata"]))


def test_broken_goes_left_and_fixed_right():
    figure = class_flips(FLIPS, ["<b>no", "yes"])
    broken, fixed = _bars(figure, "broken"), _bars(figure, "fixed")
    assert broken["x"] == [-1, -1200]
    assert fixed["x"] == [3, 0]
    assert broken["text"] == ["1", "1,200"]
    assert fixed["text"] == ["3", ""]
    assert fixed["customdata"] == [["fixed", 0], ["fixed", 1]]
    assert fixed["y"] == ["&lt;b&gt;no", "yes"]
    low, high = figure["layout"]["xaxis"]["range"]
    assert low < -1200 and high > 1200


def test_the_chosen_bars_stand_out():
    def faint(selected, name):
        return [
            "/" in color
            for color in _bars(class_flips(FLIPS, "ab", selected), name)["marker"]["color"]
        ]

    assert faint(None, "fixed") == [False, False]
    assert faint(("fixed", None), "fixed") == [False, False]
    assert faint(("fixed", None), "broken") == [True, True]
    assert faint(("broken", 1), "broken") == [True, False]
    assert faint(("both wrong", None), "broken") == [False, False]


def test_many_classes_have_no_numbers_beside_their_bars():
    table = pd.DataFrame({"true": range(47), "images": 5, "fixed": 2, "broken": 1})
    assert set(_bars(class_flips(table, [str(k) for k in range(47)]), "fixed")["text"]) == {""}


def test_empty_values_have_no_bar_and_keep_their_place():
    (bars,) = count_bars([1, 2, 3], [9000, 0, 12], "epoch", selected=3)["data"]
    assert bars["x"] == ["1", "2", "3"]
    assert bars["y"] == [9000, None, 12]
    assert bars["text"] == ["9,000", "0", "12"]
    assert bars["customdata"] == [1, 2, 3]
    assert ["/" in color for color in bars["marker"]["color"]] == [True, True, False]


@pytest.mark.parametrize("counts", [[1], [7, 10_000], [0, 0]])
def test_the_longest_bar_and_a_single_image_fit(counts):
    low, high = count_bars(range(len(counts)), counts, "x")["layout"]["yaxis"]["range"]
    assert low < 0  # log10 of one image
    assert high > np.log10(max(*counts, 1))


def test_names_lie_sideways():
    figure = count_bars(["learnt", "never right"], [2, 3], "", horizontal=True)
    (bars,) = figure["data"]
    assert bars["y"] == ["learnt", "never right"]
    assert bars["x"] == [2, 3]
    assert figure["layout"]["yaxis"]["autorange"] == "reversed"


def test_images_wrong_in_k_stand_beside_what_luck_gives():
    labels = np.zeros(100, np.int64)
    predicted = np.zeros((2, 100), np.int16)
    predicted[:, :10] = 1  # the same ten
    figure = wrong_in(agreement(predicted, labels).table, selected=2)
    bars, luck = figure["data"]
    assert bars["x"] == [1, 2]
    assert bars["y"] == [0, 10]
    assert bars["customdata"] == [1, 2]
    assert luck["y"] == pytest.approx([100 * 2 * 0.1 * 0.9, 100 * 0.01])
    # Eighteen would be wrong in one of them by luck: beyond the axis, so an arrow points there.
    assert bars["text"] == ["0<br>luck: 18 ↑", "10<br>luck: 1.0"]


def _story(shares, first=0):
    answers = {
        epoch: np.array([1 - share, share], np.float32)
        for epoch, share in enumerate(shares, start=first)
    }
    return biography(answers, 1).table


def test_a_sparkline_marks_right_and_wrong_at_their_heights():
    svg = sparkline(_story([0.1, 0.9, 0.4, 1.0]), epoch=2)
    points = re.search(r'points="([^"]+)"', svg)
    assert points is not None
    heights = [float(point.split(",")[1]) for point in points[1].split()]
    order = np.argsort([-0.1, -0.9, -0.4, -1.0])
    assert np.argsort(heights).tolist() == order.tolist()
    assert svg.count("<circle") == 2
    assert svg.count("<path") == 2
    assert svg.count("<rect") == 1
    assert "over 3 epochs; right after 2 of them" in svg


def test_the_guess_of_the_untrained_network_is_neither_right_nor_wrong():
    guessed, learnt = sparkline(_story([0.9])), sparkline(_story([0.9], first=1))
    color = re.compile(r'<circle[^>]+fill="([^"]+)"')
    assert color.findall(guessed) != color.findall(learnt)


def test_a_sparkline_of_many_epochs_is_thinned_and_keeps_the_last():
    svg = sparkline(_story([0.9] * 1000))
    assert svg.count("<circle") <= 120
    assert ">999<" in svg


@pytest.mark.parametrize("number", [1, 2])
def test_a_sparkline_of_hardly_any_epochs(number):
    assert sparkline(_story([0.7] * number), epoch=0).count("<circle") == number
