"""What came into a cell and what left it: counted by hand, and on random answers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ReviewError
from core.evaluation import examples
from core.review.moves import MOVES, move_counts, moves


def _answers(labels, predicted, sure=None, index=None, num_classes=10):
    """A table of examples with these predictions and confidences."""
    labels, predicted = np.asarray(labels, np.int64), np.asarray(predicted, np.int64)
    sure = np.full(len(labels), 0.9) if sure is None else np.asarray(sure)
    chances = np.repeat(((1 - sure) / (num_classes - 1))[:, None], num_classes, axis=1)
    chances[np.arange(len(labels)), predicted] = sure
    index = np.arange(len(labels)) if index is None else np.asarray(index, np.int64)
    return examples(labels, chances.astype(np.float32), index)


LABELS = [7, 7, 7, 7, 7, 9]
BEFORE = [9, 9, 7, 9, 7, 7]
AFTER = [7, 9, 9, 3, 7, 9]


def _in_cell(predicted):
    """Sevens read as nines."""
    return np.array([(t, p) == (7, 9) for t, p in zip(LABELS, predicted, strict=True)])


def test_a_cell_that_loses_as_many_as_it_gains_shows_all_of_them():
    before = _answers(LABELS, BEFORE, [0.5, 0.6, 0.7, 0.8, 0.9, 0.9])
    after = _answers(LABELS, AFTER, [0.91, 0.92, 0.93, 0.94, 0.95, 0.96])
    table = moves(before, after, _in_cell(BEFORE), _in_cell(AFTER))
    # Image 2 has come, 3 and 0 have left, the surer one first, and 1 has stayed.
    assert table["index"].tolist() == [2, 3, 0, 1]
    assert table["move"].tolist() == ["new", "gone", "gone", "kept"]
    assert table["before"].tolist() == [7, 9, 9, 9]
    assert table["predicted"].tolist() == [9, 3, 7, 9]
    assert table["before_confidence"].tolist() == pytest.approx([0.7, 0.8, 0.5, 0.6])
    assert move_counts(table) == {"new": 1, "gone": 2, "kept": 1}


def test_nothing_there_before_or_after_is_an_empty_table():
    none = np.zeros(len(LABELS), bool)
    table = moves(_answers(LABELS, BEFORE), _answers(LABELS, AFTER), none, none)
    assert table.empty
    assert move_counts(table) == dict.fromkeys(MOVES, 0)


def test_other_images_are_refused():
    none = np.zeros(len(LABELS), bool)
    with pytest.raises(ReviewError, match="different images"):
        moves(_answers(LABELS, BEFORE), _answers(LABELS, AFTER, index=range(1, 7)), none, none)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40))
def test_new_less_gone_is_what_the_difference_says(places):
    was, is_now = (np.array(side) for side in zip(*places, strict=True))
    labels = np.zeros(len(places), np.int64)
    found = moves(_answers(labels, labels), _answers(labels, labels), was, is_now)
    counts = move_counts(found)
    assert counts["new"] - counts["gone"] == is_now.sum() - was.sum()
    assert counts["new"] + counts["kept"] == is_now.sum()
    assert set(found["index"]) == set(np.flatnonzero(was | is_now))
