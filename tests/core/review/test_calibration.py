"""Calibration against counts by hand, scikit-learn and Guo's own arithmetic, and as invariants."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.special import logsumexp, softmax
from sklearn import metrics
from sklearn.calibration import calibration_curve

from core.errors import RunError
from core.review.calibration import (
    SCHEMES,
    TEMPERATURES,
    bin_of,
    calibration_error,
    fit_temperature,
    log_probabilities,
    reliability,
    scores,
    tempered,
)

CONFIDENCE = np.array([0.55, 0.6, 0.75, 0.95, 1.0])
CORRECT = np.array([True, False, True, True, True])


def random_answers(seed: int, num_images: int, num_classes: int, sharpness: float = 1.0):
    """Labels drawn from softmax(z), and softmax(sharpness · z) as probabilities are saved."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, 2, (num_images, num_classes))
    labels = np.array([random.choice(num_classes, p=row) for row in softmax(logits, axis=1)])
    return labels, softmax(sharpness * logits, axis=1).astype(np.float16).astype(np.float32)


def test_bins_of_equal_width_by_hand():
    table = reliability(CONFIDENCE, CORRECT, num_bins=5)
    assert table["images"].tolist() == [0, 0, 2, 1, 2], "0.6 belongs to (0.4, 0.6]"
    assert table["errors"].tolist() == [0, 0, 1, 0, 0]
    assert table["confidence"].tolist()[2:] == pytest.approx([0.575, 0.75, 0.975])
    assert table["accuracy"].tolist()[2:] == [0.5, 1.0, 1.0]
    assert table["gap"].tolist()[2:] == pytest.approx([-0.075, 0.25, 0.025])
    assert table["accuracy"][:2].isna().all()
    # (2 · 0.075 + 0.25 + 2 · 0.025) / 5
    assert calibration_error(table) == pytest.approx(0.09)


def test_bins_of_equal_mass_by_hand():
    table = reliability(CONFIDENCE, CORRECT, 2, "equal mass")
    assert table["images"].tolist() == [2, 3]
    assert table["high"].tolist() == [0.6, 1.0]
    # 2/5 · |1/2 − 0.575| + 3/5 · |1 − 0.9|
    assert calibration_error(table) == pytest.approx(0.03 + 0.06)


def test_equal_confidences_are_never_parted_and_leave_the_rest_its_bins():
    confidence = np.array([0.1, 0.2, 0.3, 0.4] + [1.0] * 20)
    table = reliability(confidence, np.ones(24, bool), 3, "equal mass")
    assert table["images"].tolist() == [2, 2, 20]


def test_the_interval_is_wilsons():
    table = reliability(np.full(10, 0.9), np.arange(10) > 1, 1)
    # (p + z²/2n ± z √(p(1 − p)/n + z²/4n²)) / (1 + z²/n) for p = 0.8, n = 10, z = 1.96
    z = 1.959964
    middle, half = 0.8 + z**2 / 20, z * math.sqrt(0.16 / 10 + z**2 / 400)
    assert table["accuracy_low"][0] == pytest.approx((middle - half) / (1 + z**2 / 10), abs=1e-6)
    assert table["accuracy_high"][0] == pytest.approx((middle + half) / (1 + z**2 / 10), abs=1e-6)


@given(
    hnp.arrays(np.float64, st.integers(1, 80), elements=st.floats(0, 1, width=16)),
    st.integers(1, 20),
    st.sampled_from(SCHEMES),
    st.randoms(use_true_random=False),
)
def test_bins_hold_every_image_once_and_what_bin_of_says(confidence, num_bins, scheme, random):
    correct = np.array([random.random() < 0.7 for _ in confidence])
    table = reliability(confidence, correct, num_bins, scheme)
    assert table["images"].sum() == len(confidence)
    assert table["errors"].sum() == (~correct).sum()
    assert len(table) <= num_bins
    edges = np.append(table["low"], table["high"].iloc[-1])
    bins = bin_of(confidence, edges)
    for row in table.itertuples():
        inside = bins == row.bin
        assert inside.sum() == row.images
        assert (~correct[inside]).sum() == row.errors
        lower = confidence >= row.low if row.bin == 0 else confidence > row.low
        assert (inside == (lower & (confidence <= row.high))).all()
        if row.images:
            assert row.accuracy_low - 1e-9 <= row.accuracy <= row.accuracy_high + 1e-9
    assert 0 <= calibration_error(table) <= 1
    if scheme == "equal mass":
        assert (table["images"] > 0).all()
        assert (np.diff(edges) > 0).all() or len(table) == 1 or edges[0] == edges[1] == 0


@pytest.mark.parametrize("seed", range(3))
def test_equal_width_is_scikit_learns_calibration_curve(seed):
    labels, probabilities = random_answers(seed, 2000, 5)
    confidence = probabilities.max(1).astype(float)
    correct = probabilities.argmax(1) == labels
    accuracy, said = calibration_curve(correct, confidence, n_bins=15)
    table = reliability(confidence, correct, 15).dropna()
    np.testing.assert_allclose(table["accuracy"], accuracy)
    np.testing.assert_allclose(table["confidence"], said)


def test_equal_mass_is_equal_where_no_confidences_are():
    confidence = np.random.default_rng(0).permutation(np.linspace(0.1, 0.9, 1000))
    table = reliability(confidence, confidence > 0.5, 8, "equal mass")
    assert table["images"].tolist() == [125] * 8


def test_the_scores_are_scikit_learns():
    labels, probabilities = random_answers(1, 3000, 4, sharpness=2.0)
    shares = tempered(probabilities, 1.0)
    found = scores(labels, shares, 10)
    assert found.accuracy == pytest.approx(metrics.accuracy_score(labels, shares.argmax(1)))
    assert found.loss == pytest.approx(metrics.log_loss(labels, shares))
    truth = np.eye(4)[labels]
    assert found.brier == pytest.approx(((shares - truth) ** 2).sum(1).mean())
    table = reliability(shares.max(1), shares.argmax(1) == labels, 10)
    assert found.calibration_error == calibration_error(table)
    assert found.confidence == pytest.approx(shares.max(1).mean())


def test_a_network_that_says_what_is_true_is_calibrated_and_one_twice_as_sure_is_not():
    labels, honest = random_answers(2, 20_000, 4)
    _, loud = random_answers(2, 20_000, 4, sharpness=2.0)
    assert scores(labels, tempered(honest, 1.0)).calibration_error < 0.01
    assert scores(labels, tempered(loud, 1.0)).calibration_error > 0.1
    assert scores(labels, tempered(loud, 2.0)).calibration_error < 0.01


@pytest.mark.parametrize("sharpness", [0.5, 1.0, 2.0, 3.0])
def test_the_temperature_undoes_the_sharpness(sharpness):
    labels, probabilities = random_answers(3, 20_000, 4, sharpness)
    found = fit_temperature(labels, probabilities)
    assert found.value == pytest.approx(sharpness, rel=0.05)
    assert not found.at_limit
    assert found.images == 20_000


def test_no_temperature_makes_the_labels_likelier():
    labels, probabilities = random_answers(4, 500, 6, 1.7)
    best = fit_temperature(labels, probabilities).value
    logs = log_probabilities(probabilities)

    def loss(temperature: float) -> float:
        scaled = logs / temperature
        return float((logsumexp(scaled, axis=1) - scaled[np.arange(500), labels]).mean())

    grid = np.geomspace(*TEMPERATURES, 400)
    assert loss(best) <= min(map(loss, grid)) + 1e-9
    # Where the derivative by 1/T is 0, the labels' mean logit is the one that is expected.
    shares = tempered(probabilities, best)
    assert (shares * logs).sum(1).mean() == pytest.approx(
        logs[np.arange(500), labels].mean(), abs=1e-4
    )


@given(st.integers(0, 1000), st.floats(*TEMPERATURES))
def test_tempering_keeps_the_order_and_sums_to_one(seed, temperature):
    _, probabilities = random_answers(seed, 20, 5)
    shares = tempered(probabilities, temperature)
    np.testing.assert_allclose(shares.sum(1), 1)
    rows = np.arange(20)
    assert (shares[rows, probabilities.argmax(1)] == shares.max(1)).all()
    softer = tempered(probabilities, temperature * 1.5)
    assert (softer.max(1) <= shares.max(1) + 1e-12).all()


def test_what_half_precision_rounds_away_at_the_top_comes_back():
    exact = np.array([[0.99985, 0.0001, 0.00005]])
    saved = exact.astype(np.float16)
    assert saved[0, 0] == 1.0
    np.testing.assert_allclose(np.exp(log_probabilities(saved)), exact, rtol=2e-3)


def test_a_saved_zero_is_no_certainty():
    logs = log_probabilities(np.array([[1.0, 0.0]], np.float16))
    assert logs[0, 1] == pytest.approx(-24 * math.log(2))


@pytest.mark.parametrize(("wrong", "limit"), [(0, TEMPERATURES[0]), (100, TEMPERATURES[1])])
def test_without_errors_or_without_sense_the_temperature_is_at_its_limit(wrong, limit):
    probabilities = np.tile(np.array([[0.9, 0.1]], np.float32), (100, 1))
    labels = np.where(np.arange(100) < wrong, 1, 0)
    found = fit_temperature(labels, probabilities)
    assert found.at_limit
    assert found.value == pytest.approx(limit, rel=0.02)


def test_nothing_and_a_single_class_are_no_trouble():
    none = np.zeros((0, 3), np.float32)
    assert fit_temperature(np.zeros(0, int), none).value == 1.0
    assert math.isnan(scores(np.zeros(0, int), none).calibration_error)
    for scheme in SCHEMES:
        table = reliability(np.zeros(0), np.zeros(0, bool), 5, scheme)
        assert table["images"].sum() == 0
        assert math.isnan(calibration_error(table))
    alone = tempered(np.ones((4, 1), np.float32), 3.0)
    assert fit_temperature(np.zeros(4, int), alone).value == 1.0
    found = scores(np.zeros(4, int), alone)
    assert (found.accuracy, found.calibration_error, found.brier, found.loss) == (1, 0, 0, 0)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: tempered(np.array([[0.5, np.nan], [1, 0]]), 1.0), "1 of 2 images are not finite"),
        (lambda: tempered(np.zeros(3), 1.0), "two dimensions, got the shape 3"),
        (lambda: fit_temperature(np.zeros(2, int), np.ones((3, 2))), "2 labels, but answers to 3"),
        (lambda: reliability(CONFIDENCE, CORRECT, 0), r"must lie in \[1, 100\], got 0"),
        (lambda: reliability(CONFIDENCE, CORRECT[:2]), "2 labels, but answers to 5"),
    ],
)
def test_what_cannot_be_used_gets_a_sentence(call, words):
    with pytest.raises(RunError, match=words):
        call()
