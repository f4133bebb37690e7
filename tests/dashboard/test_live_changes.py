"""What a run takes over while it trains, and what needs a new one."""

import pytest

from core.config import RunConfig, with_overrides
from core.runs import Control
from dashboard import live_changes, wording
from dashboard.live_changes import Request


def test_asked_and_applied_stand_side_by_side_in_the_order_of_the_form():
    wanted = {"training.learning_rate": 0.002, "model.dense[0].dropout": 0.25}
    found = live_changes.requests(RunConfig(), wanted, {"model.dense[0].dropout": 0.25})
    assert found == [
        Request("Dense layer 1, dropout", "25 %", "25 %"),
        Request("Learning rate", "0.002", "0.005"),
    ]
    assert [row.waiting for row in found] == [False, True]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        # A run takes these over.
        (["training.learning_rate=0.1", "augmentation.shift=2", "training.epochs=9"], []),
        (["model.blocks[1].kernel_size=5"],
         ["Block 2, kernel size: 5 pixels instead of 3 pixels"]),
        (["model.dense=[]"], ["Dense layers: 0 instead of 2"]),
        (["data.name=digits", "training.optimizer=sgd"],
         ["Data set: Digits 8×8 instead of MNIST", "Optimizer: SGD instead of Adam"]),
    ],
)  # fmt: skip
def test_what_needs_a_new_run_is_named_with_both_values(changes, expected):
    assert live_changes.needs_new_run(RunConfig(), with_overrides(RunConfig(), changes)) == expected


def test_the_requested_configuration_is_the_run_with_its_changes():
    control = Control(changes={"augmentation.shift": 2.0}, epochs=4)
    asked = live_changes.requested_config(RunConfig(), control)
    assert asked == with_overrides(RunConfig(), ["augmentation.shift=2", "training.epochs=4"])
    assert live_changes.needs_new_run(RunConfig(), asked) == []


@pytest.mark.parametrize(
    ("path", "value", "text"),
    [
        ("training.weight_decay", 0.0, "off"),
        ("training.weight_decay", 0.00001, "0.00001"),
        ("training.epochs", 1, "1 epoch"),
        ("data.train_limit", 0, "all"),
        ("data.validation_size", None, "automatic"),
        ("training.optimizer", "rmsprop", "RMSprop"),
        ("training.warmup", 0.25, "25 %"),
        ("training.batch_size", 4096, "4,096 images"),
    ],
)
def test_values_are_written_as_a_person_would(path, value, text):
    assert wording.value_text(path, value) == text
