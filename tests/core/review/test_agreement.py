"""Errors of several networks: counted by hand, against scipy's binomial, and as laws."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import binom

from core.errors import ReviewError
from core.review.agreement import DIFFERENT, agreement, poisson_binomial

LABELS = np.array([0, 1, 2, 0, 1])
PREDICTED = np.array(
    [
        [0, 2, 1, 1, 1],
        [0, 2, 0, 0, 1],
        [0, 2, 1, 0, 1],
    ],
    np.int16,
)


def test_three_networks_counted_by_hand():
    found = agreement(PREDICTED, LABELS)
    assert found.wrong.tolist() == [0, 3, 3, 1, 0]
    assert found.answer.tolist() == [DIFFERENT, 2, DIFFERENT, 1, DIFFERENT]
    assert found.errors.tolist() == [3, 2, 2]
    assert found.num_agreed == 1  # all three take image 1 for a 2; of image 2 they say 1, 0 and 1
    assert found.alone.tolist() == [1, 0, 0]
    assert found.table["wrong_in"].tolist() == [0, 1, 2, 3]
    assert found.table["images"].tolist() == [2, 1, 0, 2]
    # Error rates 3/5, 2/5, 2/5: all three are wrong with 12/125, none with 18/125.
    assert found.table["expected"].iloc[3] == pytest.approx(5 * 12 / 125)
    assert found.table["expected"].iloc[0] == pytest.approx(5 * 18 / 125)


def test_equal_rates_give_the_binomial_distribution():
    np.testing.assert_allclose(poisson_binomial([0.3] * 7), binom.pmf(range(8), 7, 0.3))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 1), max_size=6))
def test_the_distribution_is_the_sum_over_all_outcomes(rates):
    expected = np.zeros(len(rates) + 1)
    for outcome in itertools.product((0, 1), repeat=len(rates)):
        chance = np.prod([p if hit else 1 - p for p, hit in zip(rates, outcome, strict=True)])
        expected[sum(outcome)] += chance
    np.testing.assert_allclose(poisson_binomial(rates), expected, atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(
    st.tuples(st.integers(1, 5), st.integers(1, 40)).flatmap(
        lambda shape: st.tuples(
            arrays(np.int16, shape, elements=st.integers(0, 3)),
            arrays(np.int64, shape[1], elements=st.integers(0, 3)),
        )
    )
)
def test_every_image_and_every_error_is_counted_once(answers):
    predicted, labels = answers
    found = agreement(predicted, labels)
    table, errors = found.table, int((predicted != labels).sum())
    assert table["images"].sum() == len(labels)
    assert table["expected"].sum() == pytest.approx(len(labels))
    assert (table["images"] * table["wrong_in"]).sum() == errors == found.errors.sum()
    assert (table["expected"] * table["wrong_in"]).sum() == pytest.approx(errors)
    assert found.alone.sum() == table["images"].iloc[1]
    shared = found.answer != DIFFERENT
    assert ((found.answer != labels) | ~shared).all()
    for column in np.flatnonzero(shared):
        given_by = predicted[:, column][predicted[:, column] != labels[column]]
        assert set(given_by.tolist()) == {found.answer[column]}


def test_one_network_alone_expects_what_it_does():
    found = agreement(PREDICTED[:1], LABELS)
    np.testing.assert_allclose(found.table["expected"], found.table["images"])


@pytest.mark.parametrize("shape", [(0, 5), (2, 4), (5,)])
def test_no_network_or_other_sizes_are_refused(shape):
    with pytest.raises(ReviewError, match="5 images"):
        agreement(np.zeros(shape, np.int16), LABELS)
