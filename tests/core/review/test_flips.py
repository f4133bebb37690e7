"""Flips between two results: counted by hand, against the definition, and on random answers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.special import xlogy
from scipy.stats import binom, norm

from core.errors import ReviewError
from core.evaluation import examples
from core.review.flips import OUTCOMES, class_flips, flips, interval, mcnemar

Z = norm.ppf(0.975)


def _answers(labels, predicted, num_classes=3, index=None):
    """A table of examples with these predictions, each nine parts in ten sure."""
    labels, predicted = np.asarray(labels, np.int64), np.asarray(predicted, np.int64)
    chances = np.full((len(labels), num_classes), 0.1 / max(num_classes - 1, 1), np.float32)
    chances[np.arange(len(labels)), predicted] = 0.9
    index = np.arange(len(labels)) if index is None else np.asarray(index, np.int64)
    return examples(labels, chances, index)


LABELS = [0, 0, 1, 1, 2, 2, 2]
BEFORE = [0, 1, 0, 1, 0, 2, 2]
AFTER = [0, 0, 1, 0, 1, 2, 2]


def test_each_image_has_the_outcome_counted_by_hand():
    found = flips(_answers(LABELS, BEFORE), _answers(LABELS, AFTER))
    assert list(found.table["outcome"]) == [
        "both right", "fixed", "fixed", "broken", "both wrong", "both right", "both right",
    ]  # fmt: skip
    assert found.counts == {"fixed": 2, "broken": 1, "both wrong": 1, "both right": 3}
    assert found.difference == 1
    assert found.num_flips == 3
    assert list(found.table["before"]) == BEFORE
    assert list(found.table["predicted"]) == AFTER
    assert found.table["before_confidence"].tolist() == pytest.approx([0.9] * len(LABELS))


def test_the_table_of_classes_counted_by_hand():
    table = flips(_answers(LABELS, BEFORE, 4), _answers(LABELS, AFTER, 4)).table
    assert class_flips(table, 4).to_numpy().tolist() == [
        [0, 2, 1, 0, 0, 1],
        [1, 2, 1, 1, 0, 0],
        [2, 3, 0, 0, 1, 2],
        [3, 0, 0, 0, 0, 0],
    ]


@pytest.mark.parametrize(
    ("fixed", "broken", "expected"),
    [
        (0, 0, 1.0),
        (5, 5, 1.0),
        (1, 0, 1.0),
        (6, 0, 2 / 2**6),
        (0, 6, 2 / 2**6),
        (9, 1, 2 * (1 + 10) / 2**10),
    ],
)
def test_mcnemar_by_hand(fixed, broken, expected):
    assert mcnemar(fixed, broken) == pytest.approx(expected)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_is_twice_the_smaller_tail_of_a_fair_coin(fixed, broken):
    tail = binom.cdf(min(fixed, broken), fixed + broken, 0.5)
    assert mcnemar(fixed, broken) == pytest.approx(min(1.0, 2 * tail))


@st.composite
def _two_results(draw):
    num_classes = draw(st.integers(1, 5))
    size = draw(st.integers(1, 60))
    classes = st.lists(st.integers(0, num_classes - 1), min_size=size, max_size=size)
    return num_classes, draw(classes), draw(classes), draw(classes)


@settings(max_examples=60, deadline=None)
@given(_two_results())
def test_fixed_less_broken_is_the_difference_in_right_answers(results):
    num_classes, labels, before, after = results
    found = flips(_answers(labels, before, num_classes), _answers(labels, after, num_classes))
    right = [
        sum(a == b for a, b in zip(labels, answers, strict=True)) for answers in (before, after)
    ]
    assert found.counts["fixed"] - found.counts["broken"] == right[1] - right[0]
    assert found.difference == right[1] - right[0]
    assert sum(found.counts.values()) == len(labels)
    assert found.low <= found.difference / len(labels) <= found.high
    assert -1 <= found.low <= found.high <= 1
    per_class = class_flips(found.table, num_classes)
    assert per_class["images"].tolist() == np.bincount(labels, minlength=num_classes).tolist()
    for outcome in OUTCOMES:
        assert per_class[outcome].sum() == found.counts[outcome]


@settings(max_examples=60, deadline=None)
@given(_two_results())
def test_the_way_back_exchanges_fixed_and_broken(results):
    num_classes, labels, before, after = results
    there = flips(_answers(labels, before, num_classes), _answers(labels, after, num_classes))
    back = flips(_answers(labels, after, num_classes), _answers(labels, before, num_classes))
    assert back.counts["fixed"] == there.counts["broken"]
    assert back.counts["broken"] == there.counts["fixed"]
    assert back.counts["both wrong"] == there.counts["both wrong"]
    assert back.counts["both right"] == there.counts["both right"]
    assert back.difference == -there.difference
    assert back.p_value == pytest.approx(there.p_value)
    assert (back.low, back.high) == pytest.approx((-there.high, -there.low))


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 40), st.integers(0, 40))
def test_the_interval_leaves_zero_out_just_where_mcnemars_statistic_is_large(fixed, broken):
    low, high = interval(fixed, broken, fixed + broken + 1)
    assert (low > 0 or high < 0) == ((fixed - broken) ** 2 > Z**2 * (fixed + broken))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 30), st.integers(0, 30), st.integers(1, 200))
def test_the_ends_are_z_standard_errors_away(fixed, broken, others):
    """The variance at an end, by maximising the likelihood of the counts with that difference."""
    size = fixed + broken + others
    for end in interval(fixed, broken, size):

        def unlikely(share_broken, end=end):
            shares = share_broken + end, share_broken, 1 - end - 2 * share_broken
            return -sum(xlogy((fixed, broken, others), np.maximum(shares, 0)))

        bounds = (max(0.0, -end), (1 - end) / 2)
        best = minimize_scalar(unlikely, bounds=bounds, method="bounded", options={"xatol": 1e-12})
        error = np.sqrt((2 * best.x + end * (1 - end)) / size)
        assert abs((fixed - broken) / size - end) == pytest.approx(Z * error, rel=1e-3)


@pytest.mark.parametrize("shares", [(0.0167, 0.0033), (0.005, 0.0005), (0.07, 0.001)])
def test_the_interval_holds_the_true_difference_as_often_as_it_says(shares):
    fixed, broken = shares
    draws = np.random.default_rng(0).multinomial(10_000, [fixed, broken, 1 - fixed - broken], 2_000)
    ends = [interval(up, down, 10_000) for up, down, _ in draws.tolist()]
    assert 0.935 < np.mean([low <= fixed - broken <= high for low, high in ends]) < 0.965


def test_without_images_there_is_no_difference():
    assert interval(0, 0, 0) == (0.0, 0.0)


def test_other_images_or_labels_are_refused():
    one = _answers(LABELS, BEFORE)
    with pytest.raises(ReviewError, match="different images"):
        flips(one, _answers(LABELS, AFTER, index=range(1, 8)))
    with pytest.raises(ReviewError, match="different images"):
        flips(one, one[:5])
    with pytest.raises(ReviewError, match="different labels"):
        flips(one, _answers([0, 0, 1, 1, 2, 2, 1], AFTER))
