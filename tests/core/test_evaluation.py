"""Metrics against scikit-learn, against counts worked out by hand, and as invariants."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn import metrics
from torch import nn

from core.errors import RunError
from core.evaluation import (
    accuracy,
    check_probabilities,
    confusion_matrix,
    errors,
    evaluating,
    examples,
    per_class_table,
    predict,
    to_half,
)

LABELS = np.array([0, 0, 1, 1, 2], dtype=np.int64)
PROBABILITIES = np.array(
    [[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.3, 0.6, 0.1], [0.9, 0.05, 0.05], [0.4, 0.3, 0.3]],
    dtype=np.float32,
)


def test_by_hand():
    assert accuracy(PROBABILITIES, LABELS) == pytest.approx(2 / 5)
    matrix = confusion_matrix(LABELS, PROBABILITIES.argmax(1), 3)
    assert matrix.tolist() == [[1, 1, 0], [1, 1, 0], [1, 0, 0]]
    table = per_class_table(LABELS, PROBABILITIES.argmax(1), ["a", "b", "c"])
    assert table["class"].tolist() == ["a", "b", "c"]
    assert table["precision"].tolist()[:2] == pytest.approx([1 / 3, 1 / 2])
    assert np.isnan(table["precision"][2]), "c was never predicted"
    assert table["recall"].tolist() == pytest.approx([1 / 2, 1 / 2, 0])
    assert table["support"].tolist() == [2, 2, 1]
    wrong = errors(LABELS, PROBABILITIES, np.array([10, 11, 12, 13, 14]))
    assert wrong["index"].tolist() == [13, 11, 14]
    assert wrong["position"].tolist() == [3, 1, 4]
    assert wrong["confidence"].tolist() == pytest.approx([0.9, 0.8, 0.4])


@st.composite
def predictions(draw):
    num_classes = draw(st.integers(2, 6))  # scikit-learn warns of a single one
    classes = st.integers(0, num_classes - 1)
    pairs = draw(st.lists(st.tuples(classes, classes), min_size=1, max_size=60))
    labels, predicted = np.array(pairs, dtype=np.int64).T
    return num_classes, labels, predicted


@given(predictions())
def test_the_matrix_is_scikit_learns_and_sums_to_the_examples(case):
    num_classes, labels, predicted = case
    matrix = confusion_matrix(labels, predicted, num_classes)
    assert (matrix == metrics.confusion_matrix(labels, predicted, labels=range(num_classes))).all()
    assert matrix.sum() == len(labels)
    table = per_class_table(labels, predicted, [str(k) for k in range(num_classes)])
    assert (matrix.sum(1) == table["support"]).all()


@given(hnp.arrays(np.float32, (12, 4), elements=st.floats(0, 1, width=32)))
def test_halving_the_precision_keeps_every_prediction(raw):
    probabilities = torch.from_numpy(raw + np.float32(1e-3)).log().softmax(1)
    half = to_half(probabilities)
    assert torch.equal(half.argmax(1), probabilities.argmax(1))
    assert float((half.float() - probabilities).abs().max()) <= 1e-3


def test_two_nearly_equal_probabilities_are_not_confused():
    probabilities = torch.tensor([[0.49999, 0.50001], [0.50001, 0.49999]])
    assert probabilities.half().argmax(1).tolist() == [0, 0], "rounding alone would tie"
    assert to_half(probabilities).argmax(1).tolist() == [1, 0]


@settings(deadline=None)
@given(st.integers(1, 30), st.integers(1, 12))
def test_predictions_do_not_depend_on_the_batch_size(num_images, batch_size):
    generator = torch.Generator().manual_seed(num_images)
    images = torch.randint(0, 256, (num_images, 1, 4, 4), dtype=torch.uint8, generator=generator)
    model = nn.Sequential(nn.Flatten(), nn.Linear(16, 3))
    whole = predict(model, images, (0.5,), (0.25,))
    parts = predict(model, images, (0.5,), (0.25,), batch_size=batch_size)
    torch.testing.assert_close(parts, whole, rtol=0, atol=1e-6)
    torch.testing.assert_close(whole.sum(1), torch.ones(num_images))
    pixels = (images.float() / 255 - 0.5) / 0.25
    torch.testing.assert_close(whole, model(pixels).softmax(1).detach(), rtol=0, atol=1e-5)


def test_modes_are_restored_after_an_exception():
    model = nn.Sequential(nn.Dropout(), nn.BatchNorm1d(2))
    model[1].eval()
    with pytest.raises(RuntimeError), evaluating(model):
        assert not model.training
        raise RuntimeError
    assert model.training
    assert model[0].training
    assert not model[1].training


def test_examples_keep_the_order_of_the_split():
    table = examples(LABELS, PROBABILITIES, np.array([5, 6, 7, 8, 9]))
    assert table["index"].tolist() == [5, 6, 7, 8, 9]
    assert table["true"].tolist() == LABELS.tolist()
    assert table["predicted"].tolist() == [0, 1, 1, 0, 0]


def test_every_measure_of_an_example_is_the_one_worked_out_by_hand():
    probabilities = np.array([[0.5, 0.25, 0.25], [0.125, 0.875, 0.0]], np.float32)
    row, other = examples(np.array([1, 2]), probabilities, np.array([0, 1])).to_dict("records")
    assert (row["confidence"], row["probability"], row["margin"]) == (0.5, 0.25, 0.25)
    assert row["loss"] == pytest.approx(np.log(4))
    assert row["entropy"] == pytest.approx(1.5 * np.log(2))
    assert not row["correct"]
    assert other["margin"] == 0.75
    assert other["loss"] == pytest.approx(24 * np.log(2)), "a saved 0 was at most half of 2^-23"


def test_a_tie_has_no_margin():
    table = examples(np.array([0]), np.array([[0.5, 0.5]], np.float32), np.array([0]))
    assert table["margin"].tolist() == [0.0]


def test_one_class_alone_has_all_the_margin_and_no_entropy():
    table = examples(np.array([0]), np.array([[1.0]], np.float32), np.array([0]))
    assert (table["margin"][0], table["entropy"][0], table["loss"][0]) == (1.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("probabilities", "words"),
    [
        ([[0.5, np.nan], [1, 0]], "1 of 2 images are not finite"),
        ([[0.5, 0.5]], "2 labels, but probabilities of shape 1×2"),
    ],
)
def test_probabilities_that_are_none_get_a_sentence(probabilities, words):
    with pytest.raises(RunError, match=words):
        examples(np.array([0, 1]), np.array(probabilities, np.float32), np.array([0, 1]))


@pytest.mark.parametrize(
    ("labels", "probabilities", "num_classes", "words"),
    [
        (None, np.zeros(3), None, "two dimensions, got the shape 3"),
        (None, [[0.5, np.inf]], None, "1 of 1 images are not finite"),
        (None, [[1.0, 0.0]], 3, "1 labels of 3 classes, but probabilities of shape 1×2"),
        ([0, 1], [[1.0, 0.0]], 2, "2 labels of 2 classes, but probabilities of shape 1×2"),
        ([0], [[1.0, 0.0]], 3, "1 labels of 3 classes, but probabilities of shape 1×2"),
        ([0, 1, 2], np.zeros(3), None, "two dimensions"),
    ],
)
def test_probabilities_are_checked_for_everybody_in_one_place(
    labels, probabilities, num_classes, words
):
    given = None if labels is None else np.array(labels)
    with pytest.raises(RunError, match=words):
        check_probabilities(given, np.array(probabilities), num_classes)


def test_probabilities_that_can_be_used_are_let_through():
    check_probabilities(np.array([0]), np.array([[0.5, 0.5]]), 2)
    check_probabilities(None, np.zeros((0, 2)))
    check_probabilities(np.zeros(0, int), np.zeros((0, 3)), 3)
