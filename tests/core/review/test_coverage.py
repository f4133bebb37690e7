"""Coverage and risk against counts by hand, a plain count at any threshold, and as invariants."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from core.errors import RunError
from core.review.coverage import (
    at_accuracy,
    at_coverage,
    at_threshold,
    coverage_curve,
    named,
    rounded_down,
)

CONFIDENCE = np.array([0.5, 0.9, 0.7, 0.9, 0.6])
CORRECT = np.array([False, True, False, True, True])


def test_by_hand():
    curve = coverage_curve(CONFIDENCE, CORRECT)
    assert curve["threshold"].tolist() == [0.9, 0.7, 0.6, 0.5]
    assert curve["answered"].tolist() == [2, 3, 4, 5]
    assert curve["errors"].tolist() == [0, 1, 1, 2]
    assert curve["coverage"].tolist() == pytest.approx([0.4, 0.6, 0.8, 1.0])
    assert curve["risk"].tolist() == pytest.approx([0, 1 / 3, 1 / 4, 2 / 5])
    assert curve["accuracy"].tolist() == pytest.approx([1, 2 / 3, 3 / 4, 3 / 5])


def test_asking_by_threshold_coverage_and_accuracy():
    curve = coverage_curve(CONFIDENCE, CORRECT)
    assert at_threshold(curve, 0.65)["answered"] == 3
    assert at_threshold(curve, 0.7)["answered"] == 3, "sure enough is enough"
    assert at_threshold(curve, 0.91) is None
    assert at_coverage(curve, 0.6)["risk"] == pytest.approx(1 / 3)
    assert at_coverage(curve, 0.61)["answered"] == 4, "no fewer than asked for"
    assert at_coverage(curve, 0)["answered"] == 2
    hundred = coverage_curve(np.arange(100) / 100, np.ones(100, bool))
    assert at_coverage(hundred, 0.07)["answered"] == 7, "no more than asked for"
    assert at_accuracy(curve, 0.75)["answered"] == 4, "though three answers are worse"
    assert at_accuracy(curve, 0.99)["answered"] == 2
    assert at_accuracy(coverage_curve(CONFIDENCE, ~CORRECT), 0.5) is None


@given(
    hnp.arrays(np.float64, st.integers(1, 60), elements=st.floats(0, 1, width=16)),
    st.floats(0, 1),
    st.randoms(use_true_random=False),
)
def test_the_curve_is_what_counting_gives_and_coverage_falls_with_the_threshold(
    confidence, threshold, random
):
    correct = np.array([random.random() < 0.6 for _ in confidence])
    curve = coverage_curve(confidence, correct)
    assert (np.diff(curve["threshold"]) < 0).all()
    assert (np.diff(curve["coverage"]) > 0).all()
    assert (np.diff(curve["errors"]) >= 0).all()
    last = curve.iloc[-1]
    assert (last["coverage"], last["errors"]) == (1.0, (~correct).sum())
    answered = confidence >= threshold
    row = at_threshold(curve, threshold)
    assert (0 if row is None else row["answered"]) == answered.sum()
    if row is not None:
        assert row["errors"] == (answered & ~correct).sum()
    wanted = at_coverage(curve, threshold)
    assert wanted["coverage"] >= threshold - 1e-6


def test_nothing_to_answer():
    curve = coverage_curve(np.zeros(0), np.zeros(0, bool))
    assert curve.empty
    assert at_threshold(curve, 0.5) is None
    assert at_coverage(curve, 0.5) is None
    assert at_accuracy(curve, 0.5) is None


def test_sizes_must_agree():
    with pytest.raises(RunError, match="5 confidences, but 2 answers"):
        coverage_curve(CONFIDENCE, CORRECT[:2])


@pytest.mark.parametrize(
    ("threshold", "name"),
    [(0.77637, 0.7763), (0.7763, 0.7763), (0.29, 0.29), (0.99996, 0.9999), (1.0, 1.0), (0.0, 0.0),
     (0.00009, 0.0), (float(np.float32(0.7764)), 0.7764), (float(np.float32(0.9)), 0.8999)],
)  # fmt: skip
def test_a_threshold_has_the_name_from_which_on_it_is_answered(threshold, name):
    assert rounded_down(threshold) == name
    assert name <= threshold < name + 1e-4


@given(hnp.arrays(np.float64, st.integers(1, 60), elements=st.floats(0.9, 1)))
def test_a_named_threshold_answers_what_its_row_says(confidence):
    curve = coverage_curve(confidence, confidence > 0.95)
    steps = named(curve)
    assert steps["answered"].iloc[-1] == len(confidence)
    assert set(steps["threshold"]) == set(map(rounded_down, confidence))
    for _, row in steps.iterrows():
        assert at_threshold(curve, row["threshold"])["answered"] == row["answered"]
