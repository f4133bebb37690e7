"""A trained network with all that is needed to answer for one image of its kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from torch import Tensor

from core.errors import RunError
from core.evaluation import predict
from core.image_input import Shape
from core.model import ConvNet, with_weights
from core.runs import Run


@dataclass(frozen=True)
class Predictor:
    """One epoch of a run, ready to be asked.

    Attributes:
        model: logits (N, K) from normalised images (N, C, H, W).
        classes: the K class names.
        input_shape: (C, H, W).
        mean: of the training pixels in [0, 1], one number a channel.
        std: likewise.
        run_id: the run that learnt the weights.
        epoch: the epoch they are from.
        about: what else there is to tell: data set, accuracies by split, configuration, SHA-256 of
            the review decisions that it has learnt with (None without any).
    """

    model: ConvNet
    classes: tuple[str, ...]
    input_shape: Shape
    mean: tuple[float, ...]
    std: tuple[float, ...]
    run_id: str
    epoch: int
    about: dict[str, Any] = field(default_factory=dict)

    @staticmethod
    def of(run: Run, epoch: int | None = None) -> Predictor:
        """The network of a run after a finished epoch; None takes the last one.

        Raises:
            RunError: if there is no such epoch, or its files are damaged.
            ArchitectureError: if the weights are those of another network.
        """
        epoch = last_epoch(run) if epoch is None else epoch
        found = Predictor.with_weights(run, run.weights(epoch), epoch)
        record = run.epoch_record(epoch)
        about = {
            **found.about,
            "accuracy": {
                "train": _number(record.train_accuracy),
                "validation": _number(record.validation_accuracy),
                "test": _number(record.test_accuracy),
            },
            "config": run.config.model_dump(mode="json"),
            "decisions": run.overlay_digest,
        }
        return replace(found, about=about)

    @staticmethod
    def with_weights(run: Run, weights: Mapping[str, Tensor], epoch: int) -> Predictor:
        """A network of a run's layers with other weights than those of its own epochs.

        Args:
            run: whose layers, classes and way to prepare images.
            weights: by name.
            epoch: after which they were taken.

        Raises:
            RunError: if nobody can tell how the run's images were prepared.
            ArchitectureError: if the weights are those of another network.
        """
        info = run.dataset_info()
        if info is None:
            raise RunError(
                f"the dataset.json of run {run.id} is missing or damaged: without it nobody can "
                "tell how its images were prepared"
            )
        model = with_weights(run.config.model, info.shape, len(info.classes), weights)
        about = {"dataset": info.name}
        return Predictor(model, info.classes, info.shape, info.mean, info.std, run.id, epoch, about)

    def probabilities(self, image: Tensor) -> list[float]:
        """K probabilities for one image (C, H, W) uint8, by the same code that evaluates a run."""
        values: list[float] = predict(self.model, image[None], self.mean, self.std)[0].tolist()
        return values

    def answer(self, image: Tensor) -> dict[str, Any]:
        """What the service replies for one image (C, H, W) uint8."""
        probabilities = self.probabilities(image)
        best = max(range(len(probabilities)), key=probabilities.__getitem__)
        return {
            "class": self.classes[best],
            "class_index": best,
            "probabilities": dict(zip(self.classes, probabilities, strict=True)),
            "run_id": self.run_id,
            "epoch": self.epoch,
        }

    def description(self) -> dict[str, Any]:
        """What the service tells of the network."""
        return {
            "run_id": self.run_id,
            "epoch": self.epoch,
            "input_shape": list(self.input_shape),
            "classes": list(self.classes),
            "mean": list(self.mean),
            "std": list(self.std),
            "parameters": sum(weight.numel() for weight in self.model.parameters()),
            **self.about,
        }


def last_epoch(run: Run) -> int:
    """The last finished epoch; 0 is the untrained network.

    Raises:
        RunError: if not even that has been saved.
    """
    epochs = run.epochs()
    if not epochs:
        raise RunError(f"run {run.id} has no finished epoch yet; wait for its first one")
    return epochs[-1]


def _number(value: float) -> float | None:
    return value if value == value else None  # JSON knows no NaN
