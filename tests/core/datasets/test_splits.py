"""Laws of the splits."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.config import DataConfig
from core.datasets import SPLITS, Dataset, load, split
from core.datasets.splits import stratified
from core.errors import DatasetError


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load("digits")


def test_validation_by_default_is_a_fifth_but_at_most_five_thousand(digits):
    assert split(digits, DataConfig()).sizes == {"train": 1150, "validation": 287, "test": 360}
    mnist = split(load("mnist"), DataConfig())
    assert mnist.sizes == {"train": 55_000, "validation": 5_000, "test": 10_000}


def test_train_and_validation_are_the_training_file_taken_apart(digits):
    splits = split(digits, DataConfig(validation_size=200))
    together = torch.cat((splits.train_index, splits.validation_index))
    assert torch.equal(together.sort().values, torch.arange(1437))
    assert torch.equal(splits.train_index, splits.train_index.sort().values)
    assert splits.train_index.dtype == splits.validation_index.dtype == torch.int64


def test_equal_seeds_give_equal_splits_and_others_do_not(digits):
    first, again, other = (
        split(digits, DataConfig(split_seed=seed)).validation_index for seed in (7, 7, 8)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_train_limit_takes_the_first_and_leaves_validation_alone(digits):
    whole = split(digits, DataConfig())
    limited = split(digits, DataConfig(train_limit=100))
    assert torch.equal(limited.train_index, whole.train_index[:100])
    assert torch.equal(limited.validation_index, whole.validation_index)
    assert split(digits, DataConfig(train_limit=1_000_000)).sizes == whole.sizes


def test_images_labels_and_index_belong_together(digits):
    splits = split(digits, DataConfig(train_limit=50))
    for name in SPLITS:
        source = digits.test_images if name == "test" else digits.train_images
        labels = digits.test_labels if name == "test" else digits.train_labels
        index = splits.index(name)
        assert len(index) == splits.sizes[name]
        assert torch.equal(splits.images(name), source[index])
        assert torch.equal(splits.labels(name), labels[index])


def test_the_images_and_labels_of_a_file_are_those_of_the_data_set(digits):
    assert digits.images_of("train") is digits.train_images
    assert digits.images_of("test") is digits.test_images
    assert digits.labels_of("train") is digits.train_labels
    assert digits.labels_of("test") is digits.test_labels
    for wanted in (digits.images_of, digits.labels_of):
        with pytest.raises(DatasetError, match="there are the files train and test, got 'valid"):
            wanted("validation")


def test_an_unknown_split_is_refused(digits):
    with pytest.raises(DatasetError, match="one of train, validation, test, got 'dev'"):
        split(digits, DataConfig()).images("dev")


def test_so_many_held_out_that_nothing_is_left_is_refused(digits):
    with pytest.raises(DatasetError, match="at most 1,427 for Digits 8×8, .* got 1,428"):
        split(digits, DataConfig(validation_size=1428))
    assert split(digits, DataConfig(validation_size=1427)).sizes["train"] == 10


@given(
    labels=st.lists(st.integers(0, 4), min_size=1, max_size=60),
    share=st.floats(0, 1),
    seed=st.integers(0, 2**31 - 1),
)
@settings(max_examples=100, deadline=None)
def test_every_class_gives_its_share_to_within_one(labels, share, seed):
    size = int(len(labels) * share)
    chosen = stratified(np.array(labels), size, seed)
    assert chosen.sum() == size
    for label in set(labels):
        count = labels.count(label)
        taken = int(chosen[np.array(labels) == label].sum())
        assert abs(taken - size * count / len(labels)) < 1
        assert taken <= count


def test_shares_by_hand():
    # 10 of 20 from classes of 9, 7 and 4: 4.5, 3.5 and 2.0; the first of the equal halves gets it.
    labels = np.repeat([0, 1, 2], [9, 7, 4])
    assert np.bincount(labels[stratified(labels, 10, 0)]).tolist() == [5, 3, 2]
