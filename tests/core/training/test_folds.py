"""Folds, and the answers of networks that have not learnt them."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from core.datasets import Splits
from core.datasets.overlay import Overlay
from core.errors import ConfigError, DivergenceError, ReviewError
from core.evaluation import predict
from core.training import Training, epochs
from core.training.folds import FoldResult, check_folds, fold_numbers, fold_splits, train_fold
from tests.core.training.test_loop import RICH


def trained(config, dataset, num_folds, fold, overlay=None):
    *steps, result = train_fold(config, dataset, num_folds, fold, overlay)
    assert isinstance(result, FoldResult)
    return steps, result


@given(st.lists(st.integers(0, 5), min_size=2, max_size=200), st.integers(2, 20), st.integers(0, 9))
def test_folds_are_equal_in_size_and_in_every_class(labels, num_folds, seed):
    labels = np.array(labels)
    numbers = fold_numbers(labels, num_folds, seed)
    sizes = np.bincount(numbers, minlength=num_folds)
    assert sizes.sum() == len(labels)
    assert np.ptp(sizes) <= 1
    for label in np.unique(labels):
        assert np.ptp(np.bincount(numbers[labels == label], minlength=num_folds)) <= 1
    assert np.array_equal(numbers, fold_numbers(labels, num_folds, seed))


def test_another_seed_gives_other_folds():
    labels = np.zeros(100, np.int64)
    assert not np.array_equal(fold_numbers(labels, 5, 0), fold_numbers(labels, 5, 1))


def test_a_folds_answers_are_those_of_a_plain_training_on_the_others(digits, small):
    config = small(*RICH)
    steps, result = trained(config, digits, 3, 1)

    numbers = fold_numbers(digits.train_labels.numpy(), 3, config.data.split_seed)
    rest, fold = np.flatnonzero(numbers != 1), np.flatnonzero(numbers == 1)
    splits = Splits(digits, torch.from_numpy(rest), torch.from_numpy(fold))
    plain = Training.begin(config, digits, splits)
    for _ in epochs(plain):
        pass
    expected = predict(plain.model, digits.train_images[fold], digits.mean, digits.std)

    assert result.index.tolist() == fold.tolist()
    assert np.array_equal(result.probabilities, expected.numpy())
    assert result.accuracy == pytest.approx(
        float((expected.argmax(1) == digits.train_labels[fold]).float().mean())
    )
    assert steps[-1] == (plain.step, plain.step)
    for name, value in plain.model.state_dict().items():
        assert torch.equal(result.weights[name], value)


def test_with_decisions_a_fold_learns_them_and_is_dealt_and_asked_as_without(digits, small):
    config, labels = small("training.epochs=1"), digits.train_labels
    numbers = fold_numbers(labels.numpy(), 3, config.data.split_seed)
    within, others = np.flatnonzero(numbers == 1)[:4], np.flatnonzero(numbers != 1)[:4]
    put_right = {int(index): (int(labels[index]) + 1) % 10 for index in (*within[:2], *others[:2])}
    out = (*map(int, within[2:]), *map(int, others[2:]))
    overlay = Overlay(digits.name, digits.fingerprint, put_right, out)

    splits = fold_splits(config, digits, 3, 1, overlay)
    assert splits.validation_index.tolist() == np.flatnonzero(numbers == 1).tolist()
    assert torch.equal(splits.labels("validation"), labels[numbers == 1]), "asked as given"
    learnt = dict(zip(splits.train_index.tolist(), splits.labels("train").tolist(), strict=True))
    given = {int(i): int(labels[i]) for i in np.flatnonzero(numbers != 1)}
    changed = {int(index): put_right[int(index)] for index in others[:2]}
    assert learnt == {i: k for i, k in {**given, **changed}.items() if i not in out}

    plain, decided = (trained(config, digits, 3, 1, one)[1] for one in (None, overlay))
    assert np.array_equal(plain.index, decided.index)
    assert not np.array_equal(plain.probabilities, decided.probabilities)


def test_decisions_that_leave_nothing_to_learn_are_refused(digits, small):
    everything = Overlay(
        digits.name, digits.fingerprint, {}, tuple(range(len(digits.train_labels)))
    )
    with pytest.raises(ReviewError, match="keep at least one"):
        trained(small(), digits, 2, 0, everything)


def test_all_folds_together_answer_for_every_image_once(digits, small):
    found = [trained(small("training.epochs=1"), digits, 4, fold)[1].index for fold in range(4)]
    assert sorted(np.concatenate(found).tolist()) == list(range(len(digits.train_labels)))


def test_early_stopping_never_looks_at_the_fold(digits, small):
    config = small("training.epochs=6", "training.learning_rate=1e-6")
    patient, _ = trained(config, digits, 2, 0)
    hasty, _ = trained(
        small("training.epochs=6", "training.learning_rate=1e-6", "training.early_stopping=1"),
        digits, 2, 0,
    )  # fmt: skip
    assert hasty[-1] == patient[-1]
    assert hasty[-1][0] == hasty[-1][1]


@pytest.mark.filterwarnings("ignore:overflow")
def test_a_training_that_blows_up_says_so(digits, small):
    config = small("training.optimizer=sgd", "training.learning_rate=10", "training.epochs=3")
    with pytest.raises(DivergenceError, match="learning rate"):
        trained(config, digits, 2, 0)


@pytest.mark.parametrize(
    ("num_folds", "num_epochs", "sentence"),
    [
        (1, 2, r"num_folds must be a whole number in \[2, 20\], got 1"),
        (21, 2, r"in \[2, 20\], got 21"),
        (True, 2, "got True"),
        (2.5, 2, "got 2.5"),
        (5, 0, "training.epochs must be a whole number in"),
    ],
)
def test_numbers_out_of_range_are_refused(num_folds, num_epochs, sentence):
    with pytest.raises(ConfigError, match=sentence):
        check_folds(num_folds, num_epochs, 1437)


def test_no_more_folds_than_images():
    with pytest.raises(ConfigError, match=r"in \[2, 3\], got 4"):
        check_folds(4, 1, 3)
