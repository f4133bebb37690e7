"""The loop against plain PyTorch, against itself, and against numbers worked out by hand."""

import math

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from core.errors import ConfigError, DivergenceError, RunError
from core.evaluation import predict
from core.preprocessing import network_input
from core.records import EpochRecord, StepRecord
from core.training import EpochResult, Training, epochs

PLAIN = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9, nesterov=True, foreach=False),
    "adam": lambda p: torch.optim.Adam(p, lr=0.01, foreach=False),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.01, weight_decay=0.0, foreach=False),
    "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.01, momentum=0.9, foreach=False),
}
RICH = [
    'model.blocks=[{"channels":4,"pooling":"max","batch_norm":true,"dropout":0.2}]',
    'model.dense=[{"width":16,"dropout":0.3}]',
    "augmentation.rotation=10",
    "augmentation.shift=1",
    "augmentation.noise=0.1",
    "training.label_smoothing=0.1",
    "training.weight_decay=0.01",
]

FAST = ["training.learning_rate=0.02", "training.epochs=3"]


def finish(training: Training) -> list[EpochRecord]:
    return [item.record for item in epochs(training) if isinstance(item, EpochResult)]


def weights(training: Training) -> dict[str, Tensor]:
    return training.checkpoint().weights


def assert_bitwise_equal(one: dict[str, Tensor], other: dict[str, Tensor]) -> None:
    assert one.keys() == other.keys()
    for name, value in one.items():
        assert torch.equal(value, other[name]), name


@pytest.mark.parametrize("optimizer", PLAIN)
def test_equals_the_loop_that_a_tutorial_writes(optimizer, digits, small):
    config = small(
        f"training.optimizer={optimizer}",
        "training.learning_rate=0.01",
        "training.schedule=constant",
        "training.epochs=1",
    )
    training = Training.begin(config, digits)
    reference = Training.begin(config, digits)
    model, order = reference.model, reference.order(1)
    plain = PLAIN[optimizer](model.parameters())
    losses = []
    for index in order.split(config.training.batch_size):
        plain.zero_grad()
        images = network_input(digits.train_images[index], digits.mean, digits.std)
        loss = F.cross_entropy(model(images), digits.train_labels[index])
        loss.backward()
        plain.step()
        losses.append(loss.item() * len(index))

    record = finish(training)[-1]

    for name, value in model.state_dict().items():
        torch.testing.assert_close(weights(training)[name], value, rtol=2e-4, atol=2e-5)
    assert record.train_loss == pytest.approx(sum(losses) / len(order), rel=1e-4)


@pytest.mark.parametrize("optimizer", PLAIN)
def test_equal_seeds_give_bitwise_equal_weights_and_another_seed_does_not(optimizer, digits, small):
    config = small(*RICH, f"training.optimizer={optimizer}")
    first, second = Training.begin(config, digits), Training.begin(config, digits)
    finish(first)
    finish(second)
    assert_bitwise_equal(weights(first), weights(second))
    other = Training.begin(small(*RICH, "training.seed=1"), digits)
    finish(other)
    assert not torch.equal(weights(first)["output.weight"], weights(other)["output.weight"])


@pytest.mark.parametrize("optimizer", PLAIN)
@pytest.mark.parametrize("after", [1, 3, 30])
def test_a_restored_training_ends_bitwise_as_one_that_was_never_interrupted(
    optimizer, after, digits, small
):
    config = small(*RICH, f"training.optimizer={optimizer}", "training.gradient_clip=1")
    whole = Training.begin(config, digits)
    finish(whole)

    interrupted = Training.begin(config, digits)
    for number, _ in enumerate(epochs(interrupted)):
        if number == after:
            break
    checkpoint = interrupted.checkpoint()
    torch.manual_seed(99)  # whatever another process would have
    restored = Training.restore(config, digits, checkpoint)
    records = finish(restored)

    assert_bitwise_equal(weights(whole), weights(restored))
    assert [record.epoch for record in records][-1] == 2
    assert restored.step == whole.step


def test_the_sums_of_an_epoch_survive_an_interruption(digits, small):
    config = small("training.epochs=1")
    whole = finish(Training.begin(config, digits))[-1]
    interrupted = Training.begin(config, digits)
    for number, _ in enumerate(epochs(interrupted)):
        if number == 5:
            break
    resumed = finish(Training.restore(config, digits, interrupted.checkpoint()))[-1]
    assert resumed.train_loss == pytest.approx(whole.train_loss, rel=1e-9)
    assert resumed.train_accuracy == whole.train_accuracy
    assert resumed.gradient_norm == pytest.approx(whole.gradient_norm, rel=1e-6)


def test_epoch_zero_is_the_untrained_network(digits, small):
    training = Training.begin(small(), digits)
    before = weights(training)
    first = next(iter(epochs(training)))
    assert isinstance(first, EpochResult)
    assert first.record.epoch == 0
    assert math.isnan(first.record.gradient_norm)
    assert_bitwise_equal(before, weights(training))


def test_zero_weights_give_the_loss_of_guessing(digits, small):
    training = Training.begin(small("model.blocks=[]", "model.dense=[]"), digits)
    with torch.no_grad():
        for weight in training.model.parameters():
            weight.zero_()
    record = next(iter(epochs(training))).record
    assert record.train_loss == pytest.approx(math.log(10), abs=1e-6)
    assert record.validation_loss == pytest.approx(math.log(10), abs=1e-6)
    assert record.test_loss == pytest.approx(math.log(10), abs=1e-6)


def test_every_image_is_seen_once_an_epoch_in_an_order_of_its_own(digits, small):
    training = Training.begin(small(), digits)
    first, second = training.order(1), training.order(2)
    assert torch.equal(first.sort().values, training.splits.train_index.sort().values)
    assert not torch.equal(first, second)
    assert torch.equal(first, training.order(1))


def test_the_batch_size_can_change_in_mid_epoch_and_no_image_is_lost(digits, small):
    training = Training.begin(small("training.epochs=1"), digits)
    seen: list[Tensor] = []
    learn = training.learn
    training.learn = lambda index: (seen.append(index), learn(index))[1]
    for number, _ in enumerate(epochs(training)):
        if number == 4:
            training.change({"training.batch_size": 100})
    assert {64, 100} <= {len(index) for index in seen}
    assert torch.equal(torch.cat(seen), training.order(1))


def test_an_interruption_is_answered_within_one_batch(digits, small):
    training = Training.begin(small("training.epochs=1", "training.batch_size=10"), digits)
    steps = [item for item in epochs(training, lambda: True) if isinstance(item, StepRecord)]
    assert [step.num_steps for step in steps] == [1] * training.steps_per_epoch


def test_changes_are_told_applied_and_restored(digits, small):
    training = Training.begin(small("model.dense[0].dropout=0.1"), digits)
    items = epochs(training)
    next(items)
    next(items)
    change = training.change({"training.learning_rate": 0.001, "model.dense[0].dropout": 0.5})
    assert change.changes == {
        "training.learning_rate": [0.005, 0.001],
        "model.dense[0].dropout": [0.1, 0.5],
    }
    assert change.step == training.step == 1
    assert training.model.dense[0].dropout.p == 0.5
    rate_before = training.learning_rate
    restored = Training.restore(training.original, digits, training.checkpoint())
    assert restored.applied == training.applied
    assert restored.learning_rate == rate_before
    assert restored.model.dense[0].dropout.p == 0.5


@pytest.mark.parametrize("path", ["model.blocks[0].channels", "training.optimizer", "data.name"])
def test_what_needs_a_new_model_says_so(path, digits, small):
    training = Training.begin(small(), digits)
    with pytest.raises(ConfigError, match="needs a new run"):
        training.change({path: 3})


def test_more_epochs_go_on_at_the_last_rate(digits, small):
    training = Training.begin(small(), digits)
    finish(training)
    training.planned_epochs = 3
    steps = [item for item in epochs(training) if isinstance(item, StepRecord)]
    assert training.epoch == 3
    assert all(step.learning_rate == pytest.approx(0.005 / 100) for step in steps)


def test_a_rate_far_too_large_ends_in_a_sentence(digits, small):
    config = small("training.optimizer=sgd", "training.learning_rate=10", "training.momentum=0.99")
    with pytest.raises(DivergenceError, match=r"epoch 1, step \d+, at learning rate .* Try a"):
        finish(Training.begin(config, digits))


def test_what_the_last_step_does_is_noticed_too(digits, small):
    # One step an epoch: its loss is measured before it, and looks fine.
    config = small(
        'model.dense=[{"width":500},{"width":500},{"width":500}]', "model.blocks=[]",
        "training.learning_rate=10", "training.batch_size=4096", "training.epochs=1",
        "training.warmup=0",
    )  # fmt: skip
    with pytest.raises(DivergenceError, match="The validation loss is .* after epoch 1, at"):
        finish(Training.begin(config, digits))


@pytest.mark.parametrize("lacking", ["progress", "planned_epochs"])
def test_a_checkpoint_of_something_else_is_refused(lacking, digits, small):
    checkpoint = Training.begin(small(), digits).checkpoint()
    with pytest.raises(RunError, match="not one of this run: .*dense.0.linear"):
        Training.restore(small('model.dense=[{"width":5}]'), digits, checkpoint)
    del checkpoint.state[lacking]
    with pytest.raises(RunError, match=f"not one of this run: no '{lacking}'"):
        Training.restore(small(), digits, checkpoint)


def test_early_stopping_waits_for_as_many_epochs_as_it_says(digits, small):
    config = small(
        "training.epochs=20", "training.early_stopping=2", "training.schedule=constant",
        "training.learning_rate=1e-30",
    )  # fmt: skip
    # Nothing is learnt, so that the first epoch stays the best.
    assert [record.epoch for record in finish(Training.begin(config, digits))] == [0, 1, 2, 3]


def test_the_gradient_norm_is_that_of_the_gradient_and_clipping_bounds_the_step(digits, small):
    plain = small("training.optimizer=sgd", "training.momentum=0", "training.schedule=constant")
    training = Training.begin(plain, digits)
    index = training.order(1)[:64]
    _, _, norm = training.learn(index)
    gradients = [weight.grad.flatten() for weight in training.model.parameters()]
    assert float(norm) == pytest.approx(float(torch.cat(gradients).norm()), rel=1e-5)

    clipped = Training.begin(small(
        "training.optimizer=sgd", "training.momentum=0", "training.schedule=constant",
        "training.gradient_clip=0.5", "training.learning_rate=1",
    ), digits)  # fmt: skip
    before = torch.cat([value.flatten() for value in weights(clipped).values()])
    clipped.learn(index)
    after = torch.cat([value.flatten() for value in weights(clipped).values()])
    assert float((after - before).norm()) == pytest.approx(0.5, rel=1e-4)


def test_the_probabilities_are_those_of_the_weights(digits, small):
    training = Training.begin(small(), digits)
    *_, last = (item for item in epochs(training) if isinstance(item, EpochResult))
    for name in ("validation", "test"):
        images = training.splits.images(name)
        expected = predict(training.model, images, digits.mean, digits.std)
        assert torch.equal(last.probabilities[name].argmax(1), expected.argmax(1))
        torch.testing.assert_close(last.probabilities[name].float(), expected, atol=5e-4, rtol=0)
    right = last.probabilities["test"].argmax(1) == digits.test_labels
    assert last.record.test_accuracy == int(right.sum()) / len(right)


def test_a_lone_last_image_is_left_out_where_batch_norm_cannot_take_it(digits, small):
    num_images = len(Training.begin(small(), digits).splits.train_index)
    config = small(
        "training.epochs=1", f"training.batch_size={num_images - 1}",
        'model.blocks=[{"channels":4,"kernel_size":8,"batch_norm":true}]',
    )  # fmt: skip
    training = Training.begin(config, digits)
    finish(training)
    assert training.step == 1


def test_a_single_image_is_too_few_for_batch_norm(digits, small):
    config = small('model.blocks=[{"channels":2,"batch_norm":true}]', "data.train_limit=1")
    with pytest.raises(ConfigError, match="train_limit must be at least 2 where .* got 1"):
        Training.begin(config, digits)


def test_mixed_precision_learns_as_well(digits, small):
    records = finish(Training.begin(small(*FAST, "training.mixed_precision=true"), digits))
    assert records[-1].validation_accuracy > records[0].validation_accuracy + 0.3
