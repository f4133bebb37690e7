"""Intervals and tests of shares, against published examples and scipy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, fisher_exact

from core.review.proportions import fisher, holm, newcombe, wilson

groups = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@settings(max_examples=30, deadline=None)
@given(groups, st.sampled_from([0.8, 0.95, 0.99]))
def test_the_score_interval_is_that_of_scipy(group, confidence):
    hits, total = group
    low, high = wilson(hits, total, confidence)
    expected = binomtest(hits, total).proportion_ci(confidence, method="wilson")
    assert (float(low), float(high)) == pytest.approx((expected.low, expected.high), abs=1e-9)


# Newcombe 1998, Table II, method 10.
@pytest.mark.parametrize(
    ("a", "m", "b", "n", "low", "high"),
    [
        (56, 70, 48, 80, 0.0524, 0.3339),
        (9, 10, 3, 10, 0.1705, 0.8090),
        (5, 56, 0, 29, -0.0381, 0.1926),
        (0, 10, 0, 10, -0.2775, 0.2775),
        (10, 10, 0, 10, 0.6075, 1.0000),
    ],
)
def test_the_interval_of_a_difference_is_the_published_one(a, m, b, n, low, high):
    difference, *ends = (float(value) for value in newcombe(a, m, b, n))
    assert difference == pytest.approx(a / m - b / n)
    assert ends == pytest.approx([low, high], abs=5e-5)


@settings(max_examples=30, deadline=None)
@given(groups, groups)
def test_a_difference_the_other_way_round_is_its_negative(one, other):
    difference, low, high = newcombe(*one, *other)
    back, back_low, back_high = newcombe(*other, *one)
    assert -1 <= low <= difference <= high <= 1
    assert (back, back_low, back_high) == pytest.approx((-difference, -high, -low))


def test_fisher_tasted_tea():
    np.testing.assert_allclose(fisher([3, 4], [4, 4], [1, 0], [4, 4]), [34 / 70, 2 / 70])
    assert np.isnan(fisher(0, 0, 1, 4)).all()


@settings(max_examples=60, deadline=None)
@given(groups, groups)
def test_fisher_is_that_of_scipy(one, other):
    (k, n), (j, m) = one, other
    expected = fisher_exact([[k, n - k], [j, m - j]]).pvalue
    assert fisher(k, n, j, m)[0] == pytest.approx(expected, rel=1e-6)


def test_holm_by_hand():
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(holm([0.9, 0.4]), [0.9, 0.8])
    np.testing.assert_allclose(holm([0.6, 0.7]), [1.0, 1.0])
    np.testing.assert_allclose(holm([np.nan, 0.02, 0.5]), [np.nan, 0.04, 0.5])
    assert len(holm([])) == 0


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0, 1), max_size=12))
def test_holm_keeps_the_order_and_lies_between_the_value_and_bonferroni(values):
    adjusted = holm(values)
    assert (adjusted >= np.array(values)).all()
    assert (adjusted <= np.minimum(np.array(values) * len(values), 1)).all()
    order = np.argsort(values, kind="stable")
    assert (np.diff(adjusted[order]) >= 0).all()


def test_an_empty_group_has_no_share():
    assert all(np.isnan(wilson(0, 0)))
    assert all(np.isnan(newcombe(0, 0, 1, 2)))
