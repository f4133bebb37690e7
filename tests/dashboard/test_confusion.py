"""The confusion figure: every cell carries its own indices, counts and shares, in every unit."""

import numpy as np
import pytest

from dashboard.charts.confusion import UNITS, confusion

COUNTS = np.array([[8, 2, 0], [0, 5, 0], [1, 0, 0]])
CLASSES = ("cat", "<b>dog</b>", "bird")


def _numbers(figure, row, column):
    """The values of a cell in the traces that draw it: exactly one must."""
    found = [trace["z"][row][column] for trace in figure["data"]]
    return [value for value in found if value is not None]


@pytest.mark.parametrize("unit", UNITS)
def test_each_cell_is_drawn_once_and_knows_its_indices(unit):
    figure = confusion(COUNTS, CLASSES, unit)
    for i in range(3):
        for j in range(3):
            assert len(_numbers(figure, i, j)) == 1
            drawn = [trace for trace in figure["data"] if trace["z"][i][j] is not None]
            assert drawn[0]["customdata"][i][j] == [i, j]


@pytest.mark.parametrize(
    ("unit", "text"), [("counts", "2"), ("row %", "20.0"), ("column %", "28.6")]
)
def test_two_cats_read_as_dogs(unit, text):
    # 2 of the 10 cats, and 2 of the 7 answers "dog".
    figure = confusion(COUNTS, CLASSES, unit)
    assert [trace["text"][0][1] for trace in figure["data"] if trace["text"][0][1]] == [text]


def test_hover_says_true_predicted_count_and_both_shares():
    figure = confusion(COUNTS, CLASSES)
    hover = next(filter(None, (trace["hovertext"][0][1] for trace in figure["data"])))
    assert "true cat, predicted &lt;b&gt;dog&lt;/b&gt;" in hover
    assert "2 images" in hover
    assert "20.00 % of true cat" in hover
    assert "28.57 % of predicted" in hover


def test_a_class_without_images_or_answers_divides_by_nothing():
    figure = confusion(np.zeros((2, 2), int), ("a", "b"), "row %")
    assert _numbers(figure, 0, 1) == [0.0]
    assert all(trace["text"] == [["", ""], ["", ""]] for trace in figure["data"])


def test_the_selected_cell_is_outlined_where_it_is():
    shape = confusion(COUNTS, CLASSES, selected=(0, 2))["layout"]["shapes"][0]
    assert (shape["x0"], shape["x1"], shape["y0"], shape["y1"]) == (1.5, 2.5, -0.5, 0.5)


def test_the_largest_error_takes_the_end_of_the_scale_not_the_diagonal():
    assert confusion(COUNTS, CLASSES)["data"][0]["zmax"] == 2


def test_a_perfect_matrix_and_a_single_class_can_be_drawn():
    confusion(np.eye(3, dtype=int) * 4, CLASSES)
    assert _numbers(confusion(np.array([[7]]), ("all",)), 0, 0) == [1.0]


def test_a_class_never_answered_right_looks_empty_as_every_empty_cell():
    traces = confusion(COUNTS, CLASSES)["data"]
    drawn = {trace["z"][2][2] is not None: trace for trace in traces}[True]
    assert drawn["z"][0][2] is not None
