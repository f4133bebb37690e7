"""Choosing cells of the matrix: clicks, undoing, what exists, and exactly the images behind it."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard import cells
from dashboard.cells import Choice, chosen, clicked, images_of, toggled
from dashboard.charts.matrix_frame import UNSURE
from dashboard.selection import Selection

CLASSES = ("zero", "*one*", "two")


def _point(*carried, several=False):
    return {"customdata": list(carried), "several": several}


def test_a_click_chooses_a_cell_and_a_second_one_undoes_it():
    first = clicked(Choice(), _point(2, 1))
    assert first == {"cells": ((2, 1),), "group": None, "example": None}
    assert clicked(Choice(cells=((2, 1),)), _point(2, 1))["cells"] == ()
    assert clicked(Choice(cells=((2, 1),)), _point(0, 1))["cells"] == ((0, 1),)
    assert clicked(Choice(cells=((2, 1), (0, 1))), _point(0, 1))["cells"] == ((0, 1),)


def test_shift_adds_a_cell_or_takes_it_out():
    both = clicked(Choice(cells=((2, 1),)), _point(0, None, several=True))
    assert both["cells"] == ((2, 1), (0, None))
    assert clicked(Choice(cells=both["cells"]), _point(2, 1, several=True))["cells"] == ((0, None),)


SIDES = st.none() | st.integers(0, 9)
CELLS = st.tuples(SIDES, SIDES).filter(lambda cell: cell != (None, None))


@given(st.lists(CELLS, unique=True, max_size=5), CELLS, st.booleans())
def test_two_clicks_undo_each_other(before, cell, several):
    before = tuple(before) if several else ()
    twice = toggled(toggled(before, cell, several), cell, several)
    assert set(twice) == set(before)


def test_dont_know_takes_the_place_of_cells_and_gives_it_back():
    assert clicked(Choice(cells=((2, 1),)), _point(2, UNSURE)) == {
        "cells": (), "group": "unsure:2", "example": None,
    }  # fmt: skip
    assert clicked(Choice(), _point(None, UNSURE))["group"] == "unsure:all"
    assert clicked(Choice(unsure=(2,)), _point(2, UNSURE))["group"] is None
    assert clicked(Choice(unsure=(2,)), _point(1, 1))["group"] is None


@pytest.mark.parametrize(
    "carried", [None, [], [1], [None, None], ["4", "9"], [True, 1], [1.5, 2], {"x": 1}]
)
def test_a_click_on_nothing_changes_nothing(carried):
    assert clicked(Choice(), {"customdata": carried}) is None


def test_what_the_address_names_is_kept_where_it_exists():
    choice = chosen(Selection(cells=((1, 2), (5, None), (None, 2))), 3)
    assert choice.cells == ((1, 2), (None, 2))
    assert choice.foreign == ("5-*",)
    assert chosen(Selection(cells=((1, 2),)), 3).single == (1, 2)
    assert chosen(Selection(cells=((1, None),)), 3).single is None


def test_dont_know_needs_a_threshold_and_a_class_that_exists():
    assert chosen(Selection(group="unsure:all", threshold=0.9), 3).unsure == (None,)
    assert chosen(Selection(group="unsure:2", threshold=0.9), 3).unsure == (2,)
    assert chosen(Selection(group="unsure:2"), 3) == Choice()
    assert chosen(Selection(group="unsure:7", threshold=0.9), 3).foreign == ("7",)
    assert chosen(Selection(group="flips:fixed", threshold=0.9), 3) == Choice()
    both = chosen(Selection(cells=((1, 1),), group="unsure:all", threshold=0.9), 3)
    assert (both.cells, both.unsure) == ((), (None,))


def _table(seed=0, size=200):
    rng = np.random.default_rng(seed)
    true, predicted = rng.integers(0, 3, (2, size))
    return pd.DataFrame(
        {
            "index": np.arange(size) + 1000,
            "true": true,
            "predicted": predicted,
            "correct": true == predicted,
            "confidence": rng.random(size),
        }
    )


@given(st.integers(0, 1000), st.sampled_from([0.0, 0.4, 1.0]))
def test_every_image_is_behind_exactly_one_cell_or_not_answered(seed, threshold):
    table = _table(seed)
    found = [
        images_of(table, Choice(cells=((true, predicted),)), threshold, 3)["index"]
        for true in range(3)
        for predicted in range(3)
    ]
    found += [images_of(table, Choice(unsure=(row,)), threshold, 3)["index"] for row in range(3)]
    assert sorted(pd.concat(found)) == table["index"].tolist()


def test_images_come_with_the_most_confident_error_first():
    rows = images_of(_table(), Choice(cells=((1, None),)), 0.2, 3)
    assert set(rows["true"]) == {1}
    errors = int((~rows["correct"]).sum())
    assert not rows["correct"][:errors].any()
    assert rows["correct"][errors:].all()
    assert rows["confidence"][:errors].is_monotonic_decreasing
    assert rows["confidence"].min() >= 0.2


def test_without_a_choice_all_that_are_answered_are_there():
    table = _table()
    assert len(images_of(table, Choice(), 0.5, 3)) == int((table["confidence"] >= 0.5).sum())
    unsure = images_of(table, Choice(unsure=(None,)), 0.5, 3)
    assert unsure["confidence"].max() < 0.5
    assert len(unsure) == int((table["confidence"] < 0.5).sum())
    wrong, right = unsure[~unsure["correct"]], unsure[unsure["correct"]]
    assert not unsure["correct"][: len(wrong)].any(), "those that would be wrong lead"
    assert wrong["confidence"].is_monotonic_decreasing
    assert right["confidence"].is_monotonic_decreasing


def test_titles_name_few_cells_and_count_many():
    assert cells.title(Choice(), CLASSES) == "All images"
    assert cells.title(Choice(cells=((0, 1),)), CLASSES) == "True zero, predicted \\*one\\*"
    several = Choice(cells=((0, None), (None, 2)))
    assert cells.title(several, CLASSES) == "True zero · Predicted two"
    assert cells.title(several, CLASSES, 1) == "2 cells"
    assert cells.title(Choice(unsure=(None,)), CLASSES) == "Not answered"
    assert cells.title(Choice(unsure=(2,)), CLASSES) == "Not answered, true two"
