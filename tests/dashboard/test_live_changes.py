"""What a run takes over while it trains, and what needs a new one."""

import pytest

from core.config import RunConfig, with_overrides
from core.runs import Control
from dashboard import live_changes, wording
from dashboard.live_changes import Request


def test_asked_and_applied_stand_side_by_side_in_the_order_of_the_form():
    wanted = {"training.learning_rate": 0.002, "model.dense[0].dropout": 0.25}
    constant = with_overrides(RunConfig(), ["training.schedule=constant"])
    found = live_changes.requests(constant, wanted, {"model.dense[0].dropout": 0.25}, 1.5)
    assert found == [
        Request("Dense layer 1, dropout", "25 %", "25 %"),
        Request("Learning rate", "0.002", "0.005"),
    ]
    assert [row.waiting for row in found] == [False, True]
    assert [row.in_force for row in found] == ["25 %", "0.005"]
    assert [row.state for row in found] == ["applied", "waiting"]


@pytest.mark.parametrize(
    ("schedule", "epochs_done", "in_force", "state"),
    [
        ("one_cycle", 3.0, "0.008 × 0.01", "the one-cycle schedule is at its floor"),
        ("one_cycle", 7.5, "0.008 × 0.01", "the one-cycle schedule is at its floor"),
        ("one_cycle", 1.875, "0.008 × 0.51", "the one-cycle schedule is under way"),  # 1 - 0.99/2
        ("step", 2.0, "0.008 × 0.1", "the step schedule is under way"),
        ("cosine", 4.0, "0.008 × 0.01", "the cosine schedule is at its floor"),
    ],
)
def test_a_rate_that_a_schedule_scales_is_never_told_as_being_in_force(
    schedule, epochs_done, in_force, state
):
    config = with_overrides(RunConfig(), [f"training.schedule={schedule}"])
    rate = {"training.learning_rate": 0.008}
    (row,) = live_changes.requests(config, rate, rate, epochs_done)
    assert (row.in_force, row.state) == (in_force, f"applied as the peak rate: {state}")
    (row,) = live_changes.requests(config, rate, {}, epochs_done)
    assert row.state == "waiting"


@pytest.mark.parametrize(
    ("schedule", "planned", "epochs_done", "begin"),
    [
        ("one_cycle", 3, 2.9, ""),
        ("one_cycle", 3, 3.0, "The one-cycle schedule has ended: added epochs learn at 1 % of"),
        ("one_cycle", 7, 1.2, "The one-cycle schedule ends with epoch 3: the ones after it learn"),
        ("step", 4, 3.5, "The step schedule has ended: added epochs learn at 1 % of"),
        ("constant", 7, 3.0, ""),
    ],
)
def test_how_little_added_epochs_learn_is_said_from_the_moment_they_are_planned(
    schedule, planned, epochs_done, begin
):
    config = with_overrides(RunConfig(), [f"training.schedule={schedule}"])
    note = live_changes.added_epochs_note(config, planned, epochs_done)
    assert note.startswith(begin) and bool(note) == bool(begin)


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
