"""What the activation statistics of a run say is wrong, and what to try about it.

The rules need no more than what every epoch records: mean, standard deviation and share of dead
units of each layer, and the gradient's norm.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from core.config import Activation, ModelConfig
from core.records import EpochRecord, LayerStatistics

DEAD_SHARE = 0.5  # of a layer's units; up to a quarter is usual behind ReLU
WEAK_SLOPE = 0.1  # mean slope of a saturating function, as a share of its steepest
SILENT = 1e-3  # standard deviation of activations; the network's input has 1
LOUD = 1e3  # likewise
STEEP, FLAT = 100.0, 1e-4  # norm of the gradient
JUMP = 20.0  # times the median gradient norm of the epochs before
LEARNT = 0.5  # training accuracy above which a flat gradient is no wonder


@dataclass(frozen=True)
class Hint:
    """Something that looks wrong.

    Attributes:
        problem: dead, saturated, silent, exploding or vanishing.
        where: the layer, or ``gradient``.
        sentence: what was measured, and what it means.
        remedy: what to try.
    """

    problem: str
    where: str
    sentence: str
    remedy: str


def hints(
    epochs: Sequence[EpochRecord], model: ModelConfig, epoch: int | None = None
) -> list[Hint]:
    """What looks wrong at an epoch, the gradient first, then layer by layer from the input.

    Args:
        epochs: the run's records in order; of an epoch that is there twice the last one holds.
        model: the network, for the activation functions.
        epoch: the one to judge; the last one by default. An epoch without a record has no hints.
    """
    known = {record.epoch: record for record in epochs}
    if not known:
        return []
    judged = known.get(max(known) if epoch is None else epoch)
    if judged is None:
        return []
    before = [record.gradient_norm for record in known.values() if record.epoch < judged.epoch]
    found = [_gradient(judged, [norm for norm in before if math.isfinite(norm)])]
    found += [_layer(layer, _function(layer.name, model)) for layer in judged.layers]
    return [hint for hint in found if hint is not None]


def mean_slope(layer: LayerStatistics, function: Activation) -> float | None:
    """The mean derivative of a saturating function over its outputs, as a share of its maximum.

    It follows exactly from the mean ``m`` and standard deviation ``s`` of the outputs: ``tanh' =
    1 − y²`` gives ``1 − m² − s²``, ``sigmoid' = y (1 − y)`` gives ``m − m² − s²``, at most 1/4.
    None for functions that do not saturate at both ends.
    """
    square = layer.mean**2 + layer.std**2
    if function == "tanh":
        return 1 - square
    if function == "sigmoid":
        return 4 * (layer.mean - square)
    return None


def _gradient(record: EpochRecord, before: Sequence[float]) -> Hint | None:
    norm = record.gradient_norm
    if math.isnan(norm):  # epoch 0 has not learnt from anything
        return None
    if norm > STEEP or (before and norm > JUMP * median(before)):
        usual = (
            f", {norm / median(before):.0f} times the median of the epochs before" if before else ""
        )
        return Hint(
            "exploding",
            "gradient",
            f"the gradient's norm is {norm:.3g} at epoch {record.epoch}{usual}: the steps are "
            "likely to throw away what was learnt",
            "a smaller learning rate, gradient clipping, or batch norm",
        )
    if norm < FLAT and record.train_accuracy < LEARNT:
        return Hint(
            "vanishing",
            "gradient",
            f"the gradient's norm is only {norm:.1e} at epoch {record.epoch}, with "
            f"{record.train_accuracy:.0%} right in training: hardly anything is learnt",
            "a larger learning rate, ReLU instead of a saturating function, or batch norm",
        )
    return None


def _layer(layer: LayerStatistics, function: Activation) -> Hint | None:
    if not math.isfinite(layer.std) or layer.std > LOUD:
        return Hint(
            "exploding",
            layer.name,
            f"the activations of {layer.name} spread by {layer.std:.3g}: the signal grows from "
            "layer to layer",
            "a smaller learning rate, or batch norm",
        )
    if layer.dead_share >= DEAD_SHARE:
        return Hint(
            "dead",
            layer.name,
            f"{layer.dead_share:.0%} of the units of {layer.name} are dead: they give the same "
            "value for every image",
            "a smaller learning rate, leaky ReLU, or batch norm"
            if function == "relu"
            else "a smaller learning rate, or batch norm",
        )
    slope = mean_slope(layer, function)
    if slope is not None and slope < WEAK_SLOPE:
        return Hint(
            "saturated",
            layer.name,
            f"the {function} of {layer.name} has {max(slope, 0):.0%} of its steepest slope on "
            "average: hardly any gradient passes",
            "a smaller learning rate, batch norm before the activation, or ReLU",
        )
    if layer.std < SILENT:
        return Hint(
            "silent",
            layer.name,
            f"the activations of {layer.name} spread by only {layer.std:.1e}: nearly the same "
            "whatever the image",
            "batch norm, a larger learning rate, or fewer layers",
        )
    return None


def _function(name: str, model: ModelConfig) -> Activation:
    """The activation function of a layer of the layer table; ``none`` where it is another."""
    group, _, rest = name.partition(".")
    index, _, part = rest.partition(".")
    if part != "activation" or group not in ("blocks", "dense") or not index.isdigit():
        return "none"
    layers = model.blocks if group == "blocks" else model.dense
    return layers[int(index)].activation if int(index) < len(layers) else "none"
