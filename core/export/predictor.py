"""A trained network with all that is needed to answer for one image of its kind."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

from core.evaluation import predict
from core.image_input import Shape


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
        about: what else there is to tell: data set, configuration, accuracies by split.
    """

    model: nn.Module
    classes: tuple[str, ...]
    input_shape: Shape
    mean: tuple[float, ...]
    std: tuple[float, ...]
    run_id: str
    epoch: int
    about: dict[str, Any] = field(default_factory=dict)

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
