"""The loop itself: groups of steps, then what an epoch came to."""

import math
import time
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from core.errors import DivergenceError
from core.records import StepRecord
from core.training.measurement import EpochResult, finish_epoch, measure_untrained
from core.training.state import Training

PUBLISH_SECONDS = 0.25  # a reader sees a new point at least this often
POINTS_PER_EPOCH = 100
EXPLOSION = 50  # times the loss of guessing: no recovery was seen from there


def epochs(
    training: Training, interrupted: Callable[[], bool] = lambda: False
) -> Iterator[StepRecord | EpochResult]:
    """Trains up to `training.planned_epochs`, yielding what happens as it happens.

    A fresh training yields epoch 0, the untrained network, first. Between two records the caller
    may change `training`, take its checkpoint, wait as long as it likes, or stop iterating.

    Args:
        training: fresh or restored; it moves on with every record.
        interrupted: asked after every step; when true, what is pending is yielded at once, so
            that the caller can act within one batch.

    Raises:
        DivergenceError: if the loss is not finite or has exploded.
    """
    if not training.progress.started:
        yield measure_untrained(training)
    while training.epoch < training.planned_epochs and not _exhausted(training):
        yield from _steps(training, interrupted)
        yield finish_epoch(training)


def learn_epoch(training: Training) -> Iterator[StepRecord]:
    """Trains the rest of an epoch and measures nothing after it, yielding groups of steps.

    For a network whose held-out images must not be looked at before the end.

    Raises:
        DivergenceError: if the loss is not finite or has exploded.
    """
    yield from _steps(training, lambda: False)
    training.progress.epoch += 1
    training.begin_next_epoch()


def _exhausted(training: Training) -> bool:
    patience = training.config.training.early_stopping
    progress = training.progress
    return 0 < patience <= progress.epoch - progress.best_epoch


def _steps(training: Training, interrupted: Callable[[], bool]) -> Iterator[StepRecord]:
    """The rest of the epoch, in groups of steps."""
    progress = training.progress
    order = training.order(progress.epoch + 1)
    training.recall_random()
    group = _Group()
    while (index := _next_batch(training, order)) is not None:
        group.add(*training.learn(index), len(index))
        progress.step += 1
        progress.steps_in_epoch += 1
        progress.consumed += len(index)
        if group.is_full(training.steps_per_epoch) or interrupted():
            yield group.close(training)
            training.recall_random()
            group = _Group()
    if group.losses:
        yield group.close(training)


def _next_batch(training: Training, order: Tensor) -> Tensor | None:
    """The next images in the epoch's order; None when none, or too few for batch norm, are left."""
    # Read anew for every step: the caller may have changed the batch size.
    index = order[training.progress.consumed :][: training.config.training.batch_size]
    # The variance of a lone image does not exist where its map is a single pixel.
    batch_norm = any(block.batch_norm for block in training.config.model.blocks)
    return index if len(index) > (1 if batch_norm else 0) else None


class _Group:
    """Steps that have been taken and not yet been told."""

    def __init__(self) -> None:
        self.began = time.perf_counter()
        self.losses: list[Tensor] = []
        self.correct: list[Tensor] = []
        self.norms: list[Tensor] = []
        self.sizes: list[int] = []

    def add(self, loss: Tensor, correct: Tensor, norm: Tensor | None, size: int) -> None:
        self.losses.append(loss)
        self.correct.append(correct)
        self.sizes.append(size)
        if norm is not None:
            self.norms.append(norm)

    def is_full(self, steps_per_epoch: int) -> bool:
        enough = max(1, steps_per_epoch // POINTS_PER_EPOCH)
        late = time.perf_counter() - self.began >= PUBLISH_SECONDS
        return late or len(self.losses) >= enough

    def close(self, training: Training) -> StepRecord:
        """Adds the group to the epoch's sums and tells it; the training can be saved after it."""
        training.keep_random()
        # The only place where the loop waits for the device: once a group, not once a step.
        losses = torch.stack(self.losses).tolist()
        _check_divergence(training, losses)
        progress = training.progress
        progress.loss_sum += sum(a * b for a, b in zip(losses, self.sizes, strict=True))
        progress.correct += int(torch.stack(self.correct).sum())
        progress.norm_sum += float(torch.stack(self.norms).sum()) if self.norms else 0.0
        progress.num_norms += len(self.norms)
        seconds = time.perf_counter() - self.began
        progress.epoch_seconds += seconds
        progress.seconds += seconds
        rate = float(training.optimizer.param_groups[0]["lr"])
        return StepRecord(
            epoch=progress.epoch + 1,
            step=progress.step,
            loss=sum(losses) / len(losses),
            num_steps=len(losses),
            learning_rate=rate,
            epoch_fraction=training.epoch_fraction,
        )


def _check_divergence(training: Training, losses: list[float]) -> None:
    limit = EXPLOSION * math.log(training.dataset.num_classes)
    for number, loss in enumerate(losses):
        if not math.isfinite(loss) or loss > limit:
            what = f"exploded to {loss:.3g}" if math.isfinite(loss) else f"became {loss}"
            step = training.step - len(losses) + number + 1
            rate = training.optimizer.param_groups[0]["lr"]
            raise DivergenceError(
                f"The training loss {what} in epoch {training.epoch + 1}, step {step}, at learning "
                f"rate {rate:.3g}. Try a learning rate of {rate / 10:.1g}, a gradient clip of 1, "
                "a longer warm-up, or batch norm."
            )
