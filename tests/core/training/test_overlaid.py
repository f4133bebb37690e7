"""Training with a review's decisions: other labels and fewer images, nothing else."""

from dataclasses import replace

import pytest
import torch

from core.datasets import Overlay, Splits, split
from core.records import StepRecord
from core.training import EpochResult, Training, epochs
from tests.core.training.test_loop import RICH, assert_bitwise_equal, finish, weights


@pytest.fixture
def overlay(digits):
    return Overlay("digits", digits.fingerprint, dict.fromkeys(range(40), 3), tuple(range(40, 90)))


def test_it_learns_bitwise_as_from_a_file_with_these_labels(digits, small, overlay):
    config = small(*RICH)
    with_overlay = Training.begin(config, digits, split(digits, config.data, overlay))
    finish(with_overlay)

    labels = digits.train_labels.clone()
    labels[:40] = 3
    given = split(digits, config.data)
    kept = given.train_index[(given.train_index < 40) | (given.train_index >= 90)]
    file = replace(digits, train_labels=labels)
    by_hand = Training.begin(config, file, Splits(file, kept, given.validation_index))
    finish(by_hand)

    assert_bitwise_equal(weights(with_overlay), weights(by_hand))
    plain = Training.begin(config, digits)
    finish(plain)
    assert not torch.equal(weights(plain)["output.weight"], weights(by_hand)["output.weight"])


def test_it_is_measured_on_the_same_images_and_labels(digits, small, overlay):
    config = small()
    plain = Training.begin(config, digits)
    overlaid = Training.begin(config, digits, split(digits, config.data, overlay))
    before, after = next(iter(epochs(plain))), next(iter(epochs(overlaid)))
    assert isinstance(before, EpochResult) and isinstance(after, EpochResult)
    # The untrained network is the same one, so only its training images may answer differently.
    assert before.record.validation_loss == after.record.validation_loss
    assert before.record.test_loss == after.record.test_loss
    assert before.record.train_loss != after.record.train_loss


@pytest.mark.parametrize("after", [1, 20])
def test_restored_it_ends_bitwise_as_one_that_was_never_interrupted(after, digits, small, overlay):
    config = small(*RICH)
    splits = split(digits, config.data, overlay)
    whole = Training.begin(config, digits, splits)
    finish(whole)
    interrupted = Training.begin(config, digits, splits)
    for number, told in enumerate(epochs(interrupted)):
        if number >= after and isinstance(told, StepRecord):
            break
    restored = Training.restore(config, digits, interrupted.checkpoint(), splits)
    finish(restored)
    assert_bitwise_equal(weights(whole), weights(restored))
