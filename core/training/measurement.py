"""What the network is worth after an epoch: its answers, their loss and accuracy, its layers."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812  the name the whole field uses
from torch import Tensor, nn

from core.capture import capture
from core.errors import DivergenceError
from core.evaluation import predict_logits, to_half
from core.layers import LayerRow, layer_table
from core.preprocessing import network_input
from core.records import EpochRecord, LayerStatistics
from core.training.state import Training

PROBE_SIZE = 512  # validation images that the activation statistics are taken on
BLOWN_UP = 1e6  # a validation loss from here on: batch norm's first epochs were seen in hundreds
UNTRAINED_SIZE = 5000  # training images that epoch 0 is measured on


@dataclass(frozen=True)
class EpochResult:
    """A finished epoch with what the network answers after it.

    Attributes:
        probabilities: ``validation`` and ``test``, each (N, K) float16 on the CPU.
    """

    record: EpochRecord
    probabilities: dict[str, Tensor]


def measure_untrained(training: Training) -> EpochResult:
    """Epoch 0: the network with its first weights, on the held-out splits and some of train."""
    began = time.perf_counter()
    index = training.splits.train_index[:UNTRAINED_SIZE].to(training.device)
    logits = _logits(training, training.images[index])
    labels = training.labels[index]
    training.progress.started = True
    loss = float(F.cross_entropy(logits, labels))
    return _measure(training, began, loss, _accuracy(logits, labels))


def finish_epoch(training: Training) -> EpochResult:
    """Counts the epoch as finished and measures the network after it.

    Raises:
        DivergenceError: if its last steps have blown it up.
    """
    began = time.perf_counter()
    progress = training.progress
    loss, correct = progress.loss_sum / progress.consumed, progress.correct / progress.consumed
    progress.epoch += 1
    result = _measure(training, began, loss, correct)
    _check_divergence(result.record)
    if result.record.validation_loss < progress.best_loss:
        progress.best_loss, progress.best_epoch = result.record.validation_loss, progress.epoch
    training.begin_next_epoch()
    return result


def _check_divergence(record: EpochRecord) -> None:
    """The last steps' effect shows in no training loss, but here."""
    loss = record.validation_loss
    if not math.isfinite(loss) or loss > BLOWN_UP:
        what = f"is {loss:.3g}" if math.isfinite(loss) else "is not finite"
        raise DivergenceError(
            f"The validation loss {what} after epoch {record.epoch}, at learning rate "
            f"{record.learning_rate:.3g}. Try a learning rate of {record.learning_rate / 10:.1g}, "
            "a gradient clip of 1, a longer warm-up, or batch norm."
        )


def _measure(
    training: Training, began: float, train_loss: float, train_accuracy: float
) -> EpochResult:
    """The record of the epoch just reached, with the answers on validation and test."""
    progress = training.progress
    losses, accuracies, probabilities = {}, {}, {}
    for name in ("validation", "test"):
        logits = _logits(training, training.splits.images(name).to(training.device)).cpu()
        labels = training.splits.labels(name)
        losses[name] = float(F.cross_entropy(logits, labels))
        accuracies[name] = _accuracy(logits, labels)
        probabilities[name] = to_half(logits.softmax(1))
    learning = progress.epoch_seconds
    record = EpochRecord(
        epoch=progress.epoch,
        train_loss=train_loss,
        train_accuracy=train_accuracy,
        validation_loss=losses["validation"],
        validation_accuracy=accuracies["validation"],
        test_loss=losses["test"],
        test_accuracy=accuracies["test"],
        learning_rate=training.optimizer.param_groups[0]["lr"] if progress.step else 0.0,
        seconds=learning + time.perf_counter() - began,
        train_seconds=progress.seconds,
        images_per_second=progress.consumed / learning if learning else 0.0,
        gradient_norm=progress.norm_sum / progress.num_norms if progress.num_norms else math.nan,
        layers=_probe(training),
    )
    return EpochResult(record, probabilities)


def _accuracy(logits: Tensor, labels: Tensor) -> float:
    # A quotient of whole numbers: 0.98 is then 0.98, and not float32's 0.9800000190734863.
    return int(logits.argmax(1).eq(labels).sum()) / len(labels)


def _logits(training: Training, images: Tensor) -> Tensor:
    return predict_logits(training.model, images, training.dataset.mean, training.dataset.std)


def _probe(training: Training) -> list[LayerStatistics]:
    images = training.splits.images("validation")[:PROBE_SIZE].to(training.device)
    pixels = network_input(images, training.dataset.mean, training.dataset.std)
    model = training.model
    names = _probed_layers(layer_table(model.config, model.input_shape, model.num_classes))
    return activation_statistics(model, names, pixels)


def _probed_layers(rows: Sequence[LayerRow]) -> list[str]:
    """One name a block or dense layer: what it passes on, before pooling and dropout thin it."""
    told = {"conv", "batch norm", "add", "activation", "dense"}
    last = {".".join(row.name.split(".")[:2]): row.name for row in rows if row.kind in told}
    return list(last.values())


def activation_statistics(
    model: nn.Module, names: Sequence[str], images: Tensor
) -> list[LayerStatistics]:
    """Mean, standard deviation and share of dead units of each named module's output.

    A unit is a channel of a map or a unit of a dense layer. It is dead when it gives the same
    value for every image at every place: it tells nothing, whatever the activation function.

    Args:
        model: any module.
        names: modules inside it, as `torch.nn.Module.named_modules` names them.
        images: what the network is given, (N, C, H, W) float32, normalised.
    """
    statistics = []
    with torch.inference_mode(), capture(model, names) as outputs:
        model(images)
    for name in names:
        output = outputs[name].float()
        per_unit = output.transpose(0, 1).flatten(1)
        dead = per_unit.amax(1) == per_unit.amin(1)
        std, mean = torch.std_mean(output)
        statistics.append(
            LayerStatistics(name, float(mean), float(std), float(dead.float().mean()))
        )
    return statistics
