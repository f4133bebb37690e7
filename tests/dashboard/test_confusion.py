"""The confusion figures: every cell carries its own indices, counts and shares, in every view."""

import json

import numpy as np
import pytest

from dashboard.charts.confusion import confusion
from dashboard.charts.confusion_difference import difference
from dashboard.charts.confusion_strip import counts_line, strip
from dashboard.charts.matrix_frame import SHADINGS, UNITS, UNSURE, Look, shades
from dashboard.palette import DARK, LIGHT, rgb

COUNTS = np.array([[8, 2, 0], [0, 5, 0], [1, 0, 0]])
CLASSES = ("cat", "<b>dog</b>", "bird")


def _numbers(figure):
    """The number written in each cell, by row and column as drawn."""
    trace = figure["data"][-1]
    return {(y, x): text for x, y, text in zip(trace["x"], trace["y"], trace["text"], strict=True)}


@pytest.mark.parametrize("order", [None, (2, 0, 1)])
@pytest.mark.parametrize("unit", UNITS)
def test_each_cell_knows_its_indices_and_its_words_in_any_order(unit, order):
    cells = confusion(COUNTS, CLASSES, Look(unit, order=order))["data"][0]
    at, names = order or (0, 1, 2), ("cat", "&lt;b&gt;dog&lt;/b&gt;", "bird")
    for row in range(3):
        for column in range(3):
            true, predicted = cells["customdata"][row][column]
            assert (true, predicted) == (at[row], at[column])
            images = COUNTS[true, predicted]
            hover = cells["hovertext"][row][column]
            assert f"{images} image" in hover
            assert f"true {names[true]}, predicted {names[predicted]}" in hover


@pytest.mark.parametrize(
    ("unit", "text"), [("counts", "2"), ("row %", "20.0"), ("column %", "28.6")]
)
def test_two_cats_read_as_dogs(unit, text):
    # 2 of the 10 cats, and 2 of the 7 answers "dog".
    assert _numbers(confusion(COUNTS, CLASSES, Look(unit)))[0, 1] == text


def test_hover_says_true_predicted_count_and_both_shares():
    hover = confusion(COUNTS, CLASSES)["data"][0]["hovertext"][0][1]
    assert "true cat, predicted &lt;b&gt;dog&lt;/b&gt;" in hover
    assert "2 images" in hover
    assert "20.00 % of true cat" in hover
    assert "28.57 % of predicted" in hover


def test_hover_draws_the_counts_over_the_epochs():
    history = np.array([COUNTS * 0, COUNTS, COUNTS * 4])
    hover = confusion(COUNTS, CLASSES, history=history)["data"][0]["hovertext"]
    assert hover[0][1].endswith("over the epochs ▁▃█")
    assert hover[0][2].endswith("over the epochs ▁▁▁")


def test_a_class_without_images_or_answers_divides_by_nothing():
    figure = confusion(np.zeros((2, 2), int), ("a", "b"), Look("row %"))
    assert figure["data"][0]["z"] == [[0, 0], [0, 0]]
    assert _numbers(figure) == {}


def test_colours_tell_nothing_errors_and_right_answers_apart():
    z = np.array(confusion(COUNTS, CLASSES)["data"][0]["z"])
    assert z[0, 1] == 2.0  # the largest error takes the end of its scale, not the diagonal
    assert z[2, 0] == 1.5
    assert z[0, 0] == 3.8  # 8 of 10
    assert z[2, 2] == z[0, 2] == 0  # never answered right looks empty as every empty cell


def test_masked_right_answers_are_blank_but_still_told():
    figure = confusion(COUNTS, CLASSES, Look(masked=True))
    cells = figure["data"][0]
    assert [cells["z"][i][i] for i in range(3)] == [0, 0, 0]
    assert set(_numbers(figure)) == {(0, 1), (2, 0)}
    assert "8 images" in cells["hovertext"][0][0]


def test_a_perfect_matrix_and_a_single_class_can_be_drawn():
    confusion(np.eye(3, dtype=int) * 4, CLASSES)
    assert confusion(np.array([[7]]), ("all",))["data"][0]["z"] == [[4.0]]


def test_what_is_chosen_is_outlined_where_it_stands():
    look = Look(order=(2, 0, 1))
    shapes = confusion(COUNTS, CLASSES, look, selected=[(0, 2), (1, None), (None, 2)])["layout"][
        "shapes"
    ]
    sides = [[shape[side] for side in ("x0", "x1", "y0", "y1")] for shape in shapes]
    assert sides == [[-0.5, 0.5, 0.5, 1.5], [-0.5, 2.5, 1.5, 2.5], [-0.5, 0.5, -0.5, 2.5]]


def test_headers_stand_for_whole_rows_and_columns_in_the_order_drawn():
    layout = confusion(COUNTS, CLASSES, Look(order=(2, 0, 1)), selected=[(0, None)])["layout"]
    rows, columns = layout["meta"]["headers"]["y"], layout["meta"]["headers"]["x"]
    assert [row["data"] for row in rows] == [[2, None], [0, None], [1, None]]
    assert [column["data"] for column in columns] == [[None, 2], [None, 0], [None, 1]]
    assert [row["pressed"] for row in rows] == [False, True, False]
    assert layout["yaxis"]["ticktext"] == ["bird", "cat", "&lt;b&gt;dog&lt;/b&gt;"]


def test_keys_reach_the_cells_and_find_what_is_chosen():
    chosen = {"selected": [(0, 2), (1, None)], "unsure_selected": [2, None]}
    for draw in (confusion, difference):
        meta = draw(COUNTS, CLASSES, unanswered=np.array([4, 0, 3]), **chosen)["layout"]["meta"]
        assert meta["cells"]["chosen"] == [[0, 2], [1, None], [2, UNSURE], [None, UNSURE]]
    without = difference(COUNTS, CLASSES, headers=False)["layout"]["meta"]
    assert without == {"cells": {"chosen": []}}


def test_dont_know_is_a_column_of_its_own():
    figure = confusion(COUNTS, CLASSES, unanswered=np.array([4, 0, 3]), unsure_selected=[2])
    column = figure["data"][1]
    assert column["customdata"] == [[[0, UNSURE]], [[1, UNSURE]], [[2, UNSURE]]]
    assert "4 images" in column["hovertext"][0][0]
    place = figure["layout"]["xaxis"]["tickvals"][3]
    assert column["x"] == [place - 0.5, place + 0.5]
    assert {key: text for key, text in _numbers(figure).items() if key[1] == place} == {
        (0, place): "4",
        (2, place): "3",
    }
    header = figure["layout"]["meta"]["headers"]["x"][3]
    assert (header["data"], header["pressed"]) == ([None, UNSURE], False)
    shape = figure["layout"]["shapes"][0]
    assert (shape["x0"], shape["y0"], shape["y1"]) == (place - 0.5, 1.5, 2.5)


def test_dont_know_is_a_share_where_the_cells_are():
    # 4 of the 14 cats and 3 of the 4 birds are not answered.
    unanswered = np.array([4, 0, 3])
    for unit, texts in (("row %", ["28.6", "75.0"]), ("column %", ["57.1", "42.9"])):
        figure = confusion(COUNTS, CLASSES, Look(unit), unanswered=unanswered)
        place = figure["layout"]["xaxis"]["tickvals"][3]
        assert [text for (_, x), text in _numbers(figure).items() if x == place] == texts


def test_rows_with_dont_know_and_columns_sum_to_the_whole():
    unanswered = np.array([4, 0, 3])
    for unit, axis in (("row %", 0), ("column %", 1)):
        sums: dict[float, float] = {}
        for place, text in _numbers(
            confusion(COUNTS, CLASSES, Look(unit), unanswered=unanswered)
        ).items():
            sums[place[axis]] = sums.get(place[axis], 0.0) + float(text)
        assert list(sums.values()) == pytest.approx([100] * len(sums), abs=0.2)
    told = confusion(COUNTS, CLASSES, Look("row %"), unanswered=unanswered)["data"][0]["hovertext"]
    assert "8 images<br>57.14 % of true cat" in told[0][0]


@pytest.mark.parametrize("shading", SHADINGS)
def test_shades_grow_with_the_values_from_none_to_the_largest(shading):
    values = np.array([0.0, 1.0, 3.0, 30.0, 1000.0])
    found = shades(values, shading)
    assert found[0] == 0
    assert found[-1] == 1
    assert (np.diff(found) >= 0).all()
    assert shades(np.array([0.0, 7.0, 7.0]), shading).tolist() == [0, 1, 1]


def test_the_logarithmic_scale_tells_small_values_apart():
    values = np.array([1.0, 10.0, 100.0])
    np.testing.assert_allclose(shades(values, "logarithmic"), [0, 0.5, 1])
    np.testing.assert_allclose(shades(values, "linear"), [0.01, 0.1, 1])


def test_more_classes_than_numbers_fit_get_a_scale_and_fit_into_a_message():
    counts = np.random.default_rng(0).integers(0, 9, (47, 47))
    figure = confusion(counts, [f"class {k}" for k in range(47)], Look("row %", "logarithmic"))
    legend = figure["data"][-1]["marker"]["colorbar"]
    assert (legend["tickvals"][0], legend["tickvals"][-1]) == (0, 1)
    assert len(json.dumps(figure)) < 600_000


def test_differences_are_better_or_worse_than_before():
    # Two cats fewer and one dog more are right; both errors went the other way.
    change = np.array([[-2, 2], [-1, 1]])
    before = np.array([[5, 0], [3, 6]])
    figure = difference(change, ("cat", "dog"), before=before)
    z = np.array(figure["data"][0]["z"])
    np.testing.assert_array_equal(np.sign(z), [[-1, -1], [1, 1]])
    assert z[0, 0] == -1
    assert _numbers(figure) == {(0, 0): "−2", (0, 1): "+2", (1, 0): "−1", (1, 1): "+1"}
    assert figure["data"][0]["hovertext"][0][0].endswith("2 images fewer<br>5 before, 3 now")
    named = difference(change, ("cat", "dog"), before=before, sides=("in a&b", "in this run"))
    assert named["data"][0]["hovertext"][0][0].endswith("<br>5 in a&amp;b, 3 in this run")
    blank = difference(change, ("cat", "dog"), Look(masked=True), before=before)
    assert blank["data"][0]["z"][0][0] == 0
    assert "5 before, 3 now" in blank["data"][0]["hovertext"][0][0]


def test_nothing_has_changed_between_a_network_and_itself():
    figure = difference(np.zeros((2, 2), int), ("a", "b"), unanswered=np.zeros(2, int))
    assert figure["data"][0]["z"] == [[0, 0], [0, 0]]
    assert _numbers(figure) == {}


def _luminance(color):
    """Relative luminance as WCAG 2 defines it, of three bytes."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in color / 255]
    return np.dot(linear, [0.2126, 0.7152, 0.0722])


def _contrast(figure, theme):
    """The lowest contrast between a number and its cell on the theme of this number (0 or 1)."""
    cells, numbers = figure["data"][0], figure["data"][-1]
    places, colors = zip(*cells["colorscale"], strict=True)
    palette = (LIGHT, DARK)[theme]
    scale = np.array([rgb(_resolved(color, palette)) for color in colors])
    found = []
    for x, y, ink in zip(numbers["x"], numbers["y"], numbers["textfont"]["color"], strict=True):
        share = (cells["z"][y][x] - cells["zmin"]) / (cells["zmax"] - cells["zmin"])
        cell = _luminance(np.array([np.interp(share, places, scale[:, k]) for k in range(3)]))
        text = _luminance(np.array(rgb(_resolved(ink, palette)), float))
        found.append((max(cell, text) + 0.05) / (min(cell, text) + 0.05))
    return min(found)


def _resolved(token, palette):
    """As the browser does it."""
    token = token.split("|")[(LIGHT, DARK).index(palette) if "|" in token else 0]
    name, _, place = token.removeprefix("@").partition(".")
    value = token if token.startswith("#") else getattr(palette, name)
    return value[int(place)] if place else value


@pytest.mark.parametrize("theme", [0, 1])
def test_every_number_can_be_read_on_its_cell(theme):
    size = 15
    change = np.arange(size * size).reshape(size, size) - size * size // 2
    assert _contrast(difference(change, [str(k) for k in range(size)]), theme) >= 4.5
    counts = np.abs(change) + 200 * np.eye(size, dtype=int)
    assert _contrast(confusion(counts, [str(k) for k in range(size)]), theme) >= 4.5


def test_the_ink_of_one_theme_needs_no_choice():
    inks = difference(np.array([[3, -3]] * 2), "ab", colors=DARK)["data"][-1]["textfont"]["color"]
    assert set(inks) <= {"#000000", "#ffffff"}


HISTORY = np.array([[[0, 90], [3, 0]], [[50, 16], [4, 50]], [[60, 1], [0, 60]]])


def test_the_strip_shows_errors_alone_on_one_scale_that_the_trained_network_sets():
    cells = strip(HISTORY, [0, 1, 2], ("a", "b"))["data"][0]
    first = [cells["z"][0][k] for k in (1, 4, 7)]  # "a" read as "b": 90, 16, 1
    assert first[0] == first[1] == 1  # the untrained network's colours end where the others' do
    assert first[2] == pytest.approx(0.12 + 0.88 / 4, abs=1e-3)  # the root of 1 in 16
    assert [cells["z"][0][k] for k in (0, 3, 6)] == [0, 0, 0]
    assert cells["z"][0][2] is None
    assert cells["customdata"][0][4] == [1, 0, 1]
    assert "epoch 1: <b>true a, predicted b</b>, 16 images" in cells["hovertext"][0][4]


def test_the_strip_frames_the_epoch_and_its_labels_lead_there():
    layout = strip(HISTORY, [0, 1, 2], ("a", "b"), epoch=2, selected=[(0, 1)])["layout"]
    assert len(layout["shapes"]) == 4  # the cell three times, and the frame
    frame = layout["shapes"][-1]
    assert (frame["x0"], frame["x1"]) == (5.5, 7.5)
    labels = layout["meta"]["headers"]["x"]
    assert [label["data"] for label in labels] == [[0], [1], [2]]
    assert [label["pressed"] for label in labels] == [False, False, True]


def test_the_strip_of_many_classes_is_clicked_by_the_matrix():
    history = np.zeros((12, 47, 47), int)
    history[3, 4, 5] = 7
    figure = strip(history, range(12), [f"class {k}" for k in range(47)])
    whole = figure["data"][1]
    assert whole["hovertext"][0][6] == "epoch 3: 7 errors"
    assert whole["customdata"][0][6] == [3]
    assert whole["z"][0][7] is None  # the gap between two
    assert len(json.dumps(figure)) < 300_000


def test_the_line_of_counts_is_not_flattened_by_the_untrained_network():
    figure = counts_line(np.array([900, 40, 20]), [0, 1, 2], 1)
    trace, axis = figure["data"][0], figure["layout"]["yaxis"]
    assert trace["y"] == [900, 40, 20]
    assert axis["range"][1] == 48
    assert axis["dtick"] == 10
    assert trace["marker"]["size"] == [6, 11, 6]
    assert counts_line(np.array([7]), [0], 0)["layout"]["yaxis"]["range"][1] > 7
