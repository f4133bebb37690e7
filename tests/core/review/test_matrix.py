"""Matrices with "don't know", in order, over the epochs: by hand, by scikit-learn, by law."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from core.errors import UserError
from core.review.matrix import (
    Answered,
    answered,
    confusions,
    evenly,
    in_cells,
    shares,
    similarity_order,
)

LABELS = np.array([0, 0, 1, 1, 2])
PROBABILITIES = np.array(
    [
        [0.90, 0.05, 0.05],
        [0.30, 0.60, 0.10],
        [0.10, 0.80, 0.10],
        [0.40, 0.35, 0.25],
        [0.20, 0.25, 0.55],
    ],
    np.float32,
)


def answered_at(labels: np.ndarray, values: np.ndarray, threshold: float) -> Answered:
    """The matrix of the largest probabilities of (N, K)."""
    return answered(labels, values.argmax(1), values.max(1), values.shape[1], threshold)


@st.composite
def predictions(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    size, classes = draw(st.integers(1, 60)), draw(st.integers(1, 6))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    values = rng.dirichlet(np.full(classes, 0.4), size).astype(np.float32)
    return rng.integers(0, classes, size), values


def test_a_threshold_leaves_out_the_unsure_by_hand():
    found = answered_at(LABELS, PROBABILITIES, 0.55)
    # Confidences 0.9, 0.6, 0.8, 0.4, 0.55: the fourth image gets "don't know".
    np.testing.assert_array_equal(found.matrix, [[1, 1, 0], [0, 1, 0], [0, 0, 1]])
    np.testing.assert_array_equal(found.unanswered, [0, 1, 0])
    assert (found.num_answered, found.num_unanswered, found.num_errors) == (4, 1, 1)
    assert found.coverage == 4 / 5
    assert found.accuracy == 3 / 4


def test_nobody_answered_has_no_accuracy_and_no_images_no_coverage():
    silent = answered_at(LABELS, PROBABILITIES, 1.0)
    assert silent.coverage == 0
    assert math.isnan(silent.accuracy)
    none = answered_at(LABELS[:0], PROBABILITIES[:0], 0.0)
    assert math.isnan(none.coverage)
    assert none.matrix.sum() == 0


@given(predictions(), st.floats(0, 1))
def test_the_matrix_is_scikit_learns_and_its_sums_are_the_counts(drawn, threshold):
    labels, values = drawn
    found = answered_at(labels, values, threshold)
    sure = values.max(1) >= threshold
    classes = values.shape[1]
    if sure.any() and classes > 1:  # scikit-learn warns of a single class
        expected = metrics.confusion_matrix(
            labels[sure], values.argmax(1)[sure], labels=range(classes)
        )
        np.testing.assert_array_equal(found.matrix, expected)
        right = metrics.accuracy_score(labels[sure], values.argmax(1)[sure])
        assert found.accuracy == pytest.approx(right)
    assert found.num_answered + found.num_unanswered == len(labels)
    support = np.bincount(labels, minlength=classes)
    np.testing.assert_array_equal(found.matrix.sum(1) + found.unanswered, support)


@given(predictions(), st.floats(0, 1), st.floats(0, 1))
def test_coverage_and_errors_never_grow_with_the_threshold(drawn, one, other):
    low, high = sorted((one, other))
    fewer, more = answered_at(*drawn, high), answered_at(*drawn, low)
    assert fewer.coverage <= more.coverage
    assert fewer.num_errors <= more.num_errors
    assert (fewer.matrix <= more.matrix).all()
    assert answered_at(*drawn, 0.0).coverage == 1


@pytest.mark.parametrize("threshold", [-0.1, 1.5, math.nan])
def test_a_threshold_out_of_range_is_told(threshold):
    with pytest.raises(UserError, match=r"must lie in \[0, 1\], got"):
        answered_at(LABELS, PROBABILITIES, threshold)


def test_shares_of_rows_and_columns_by_hand_and_of_nothing():
    with_unanswered, _ = shares(np.array([[3, 1], [0, 0]]), np.array([4, 0]))
    np.testing.assert_allclose(with_unanswered, [[3 / 8, 1 / 8], [0, 0]])
    rows, columns = shares(np.array([[3, 1], [0, 0]]))
    np.testing.assert_array_equal(rows, [[0.75, 0.25], [0, 0]])
    np.testing.assert_array_equal(columns, [[1, 1], [0, 0]])


def test_classes_that_are_confused_stand_next_to_each_other():
    # 0 with 3, 1 with 4; 2 with nothing.
    matrix = np.diag([90, 90, 90, 90, 90])
    matrix[0, 3] = matrix[3, 0] = matrix[1, 4] = 10
    order = similarity_order(matrix)
    assert sorted(order) == [0, 1, 2, 3, 4]
    assert abs(order.index(0) - order.index(3)) == 1
    assert abs(order.index(1) - order.index(4)) == 1


@given(st.integers(1, 8), st.integers(0, 2**32 - 1))
def test_the_order_names_every_class_once_and_only_depends_on_the_counts(size, seed):
    matrix = np.random.default_rng(seed).integers(0, 5, (size, size))
    order = similarity_order(matrix)
    assert sorted(order) == list(range(size))
    assert order == similarity_order(matrix)
    assert order == similarity_order(matrix * 3)
    assert order == [0] or order[0] < order[-1]


@pytest.mark.parametrize(
    "matrix", [np.array([[5]]), np.array([[3, 2], [1, 4]]), np.eye(6, dtype=int)]
)
def test_nothing_to_order_keeps_the_given_order(matrix):
    assert similarity_order(matrix) == list(range(len(matrix)))


@given(predictions(), st.data())
def test_cells_hold_exactly_their_images(drawn, data):
    labels, values = drawn
    classes, predicted = values.shape[1], values.argmax(1)
    side = st.none() | st.integers(0, classes + 1)
    cells = data.draw(st.lists(st.tuples(side, side), max_size=4))
    found = in_cells(labels, predicted, cells, classes)
    for image, (true, answer) in enumerate(zip(labels, predicted, strict=True)):
        inside = any(
            row in (None, true) and column in (None, answer)
            for row, column in cells
            if (row or 0) < classes and (column or 0) < classes
        )
        assert found[image] == inside


@given(predictions())
def test_whole_rows_and_columns_add_up(drawn):
    labels, values = drawn
    predicted, classes = values.argmax(1), values.shape[1]
    matrix = answered_at(labels, values, 0.0).matrix
    for index in range(classes):
        assert in_cells(labels, predicted, [(index, None)], classes).sum() == matrix[index].sum()
        assert in_cells(labels, predicted, [(None, index)], classes).sum() == matrix[:, index].sum()


@given(st.integers(0, 300), st.integers(2, 20))
def test_epochs_are_evenly_chosen_with_the_first_and_the_latest(count, most):
    epochs = list(range(3, 3 + count))
    chosen = evenly(epochs, most)
    assert len(chosen) == min(count, most)
    assert chosen == sorted(set(chosen))
    assert not epochs or (chosen[0], chosen[-1]) == (epochs[0], epochs[-1])
    steps = np.diff(chosen)
    assert len(steps) == 0 or steps.max() - steps.min() <= 1


def _history(*pairs: tuple[int, int]) -> np.ndarray:
    """One (2, 2) matrix an epoch, with these counts of 0 read as 1 and of 1 read as 0."""
    return np.array([[[100 - there, there], [back, 100 - back]] for there, back in pairs])


def test_the_story_of_a_confusion_by_hand():
    history = _history((0, 100), (40, 7), (20, 9), (4, 0), (3, 8))
    table = confusions(history, [0, 1, 2, 3, 4])
    back, there = table.to_dict("records")  # 8 images now, and 3
    assert (back["true"], back["predicted"], back["count"], back["peak"]) == (1, 0, 8, 9)
    assert (back["peak_epoch"], back["share"]) == (2, 0.08)
    assert pd.isna(back["unlearnt_since"])  # it came back after epoch 3
    assert (there["count"], there["peak"], there["peak_epoch"]) == (3, 40, 1)
    assert there["unlearnt_since"] == 3


def test_the_untrained_network_has_no_part_in_the_story():
    table = confusions(_history((100, 50), (0, 2)), [0, 1])
    assert table[["true", "predicted", "peak"]].to_numpy().tolist() == [[1, 0, 2]]
    assert confusions(_history((100, 50)), [0]).empty


@given(st.integers(1, 6), st.integers(2, 4), st.integers(0, 2**32 - 1))
def test_an_unlearnt_confusion_has_stayed_low_since_then_and_not_before(epochs, classes, seed):
    history = np.random.default_rng(seed).integers(0, 40, (epochs, classes, classes))
    table = confusions(history, list(range(1, epochs + 1)))
    for row in table.itertuples():
        counts = history[:, row.true, row.predicted]
        assert row.count == counts[-1]
        assert row.peak == counts.max() == counts[row.peak_epoch - 1]
        low = counts <= 0.1 * counts.max()
        if pd.isna(row.unlearnt_since):
            assert not low[-1]
        else:
            assert low[row.unlearnt_since - 1 :].all()
            assert not low[row.unlearnt_since - 2]
