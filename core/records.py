"""What a training run says about itself, one JSON line each, and the curve made of these lines.

The lines of a run are only ever appended. When a run goes on from a checkpoint, the points written
after that checkpoint no longer hold; a `ResumeRecord` says so, and `Curve` leaves them out.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class LayerStatistics:
    """One layer's activations over a sample of images.

    Attributes:
        name: the module's name in the network, as in ``blocks.0.conv``.
        mean: mean over images and units.
        std: standard deviation over images and units.
        dead_share: share of units that are never active, in [0, 1].
    """

    name: str
    mean: float
    std: float
    dead_share: float


@dataclass(frozen=True)
class StepRecord:
    """A small group of optimizer steps.

    Attributes:
        epoch: the epoch being learnt, 1-based.
        step: optimizer steps so far in the run, 1-based.
        loss: mean training loss of the group.
        num_steps: steps in the group.
        learning_rate: in force at `step`.
        epoch_fraction: position on the x axis: 0.0 is untrained, 1.0 the end of epoch 1.
    """

    kind: ClassVar[str] = "step"

    epoch: int
    step: int
    loss: float
    num_steps: int
    learning_rate: float
    epoch_fraction: float


@dataclass(frozen=True)
class EpochRecord:
    """A finished epoch; epoch 0 is the untrained network.

    Losses are mean cross-entropies, accuracies and shares lie in [0, 1]. A number that does not
    exist (the training loss of epoch 0) is NaN here and ``null`` in the file.

    Attributes:
        seconds: time for this epoch, evaluation included.
        train_seconds: time for training in the whole run so far.
        gradient_norm: mean norm of the gradient over the epoch's steps.
        layers: activation statistics, input first.
    """

    kind: ClassVar[str] = "epoch"

    epoch: int
    train_loss: float
    train_accuracy: float
    validation_loss: float
    validation_accuracy: float
    test_loss: float
    test_accuracy: float
    learning_rate: float
    seconds: float
    train_seconds: float
    images_per_second: float
    gradient_norm: float
    layers: list[LayerStatistics] = field(default_factory=list)


@dataclass(frozen=True)
class ChangeRecord:
    """Hyperparameters changed while the run was training.

    Attributes:
        changes: config path to ``[old, new]``, as in ``training.learning_rate``.
    """

    kind: ClassVar[str] = "change"

    epoch_fraction: float
    step: int
    changes: dict[str, list[Any]]


@dataclass(frozen=True)
class ResumeRecord:
    """Training went on from here; points after it that were written before are void."""

    kind: ClassVar[str] = "resume"

    epoch_fraction: float
    step: int


Record = StepRecord | EpochRecord | ChangeRecord | ResumeRecord

_KINDS: dict[str, type[Record]] = {
    StepRecord.kind: StepRecord,
    EpochRecord.kind: EpochRecord,
    ChangeRecord.kind: ChangeRecord,
    ResumeRecord.kind: ResumeRecord,
}
_TYPES = {
    kind: {spot.name: spot.type for spot in fields(record)} for kind, record in _KINDS.items()
}


@dataclass(frozen=True)
class Checkpoint:
    """All that training needs to go on bit by bit.

    Attributes:
        weights: the network's parameters and buffers by name.
        optimizer: the optimizer's and the random generators' tensors by name.
        state: JSON; at least ``epoch`` (last finished), ``step`` and ``epoch_fraction``.
    """

    weights: dict[str, Tensor]
    optimizer: dict[str, Tensor]
    state: dict[str, Any]


def to_json(record: Record) -> dict[str, Any]:
    """The record as strict JSON values: ``kind`` first, NaN and infinity as None."""
    values = {"kind": record.kind, **asdict(record)}
    return {name: _without_nan(value) for name, value in values.items()}


def _without_nan(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list):
        return [_without_nan(item) for item in value]
    if isinstance(value, dict):
        return {name: _without_nan(item) for name, item in value.items()}
    return value


def from_json(values: Any) -> Record:
    """The record that `to_json` wrote; unknown fields of a later version are left out.

    Raises:
        ValueError: if the values are not those of a record.
    """
    if not isinstance(values, dict) or values.get("kind") not in _KINDS:
        raise ValueError("not a record of a run")
    kind: str = values["kind"]
    known = {
        name: _restored(values[name], type_name)
        for name, type_name in _TYPES[kind].items()
        if name in values
    }
    try:
        if kind == EpochRecord.kind:
            known["layers"] = [_layer(row) for row in known.get("layers", [])]
        return _KINDS[kind](**known)
    except (TypeError, AttributeError, KeyError) as error:
        raise ValueError(f"not a {kind} record: {error}") from None


def _restored(value: Any, type_name: Any) -> Any:
    """The value as its field's type; None where a number does not exist is NaN."""
    if type_name == "float":
        value = math.nan if value is None else value
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"not a number: {value!r}")
        return float(value)
    if type_name == "int" and (isinstance(value, bool) or not isinstance(value, int)):
        raise ValueError(f"not a whole number: {value!r}")
    return value


def _layer(row: dict[str, Any]) -> LayerStatistics:
    numbers = (_restored(row[name], "float") for name in ("mean", "std", "dead_share"))
    return LayerStatistics(str(row["name"]), *numbers)


def to_line(record: Record) -> bytes:
    """One line of ``metrics.jsonl``, newline included."""
    return json.dumps(to_json(record), separators=(",", ":"), allow_nan=False).encode() + b"\n"


def from_line(line: bytes | str) -> Record | None:
    """The record on a line; None for a torn or foreign line, which is no record."""
    try:
        return from_json(json.loads(line))
    except (ValueError, RecursionError):
        return None


@dataclass
class Curve:
    """The points of a run that hold, in order; grows as lines are read.

    Attributes:
        steps: losses by step, ascending.
        epochs: finished epochs, ascending.
        changes: marks on the curve.
        resumes: where training went on after an interruption.
    """

    steps: list[StepRecord] = field(default_factory=list)
    epochs: list[EpochRecord] = field(default_factory=list)
    changes: list[ChangeRecord] = field(default_factory=list)
    resumes: list[ResumeRecord] = field(default_factory=list)

    def extend(self, records: Iterable[Record]) -> Curve:
        """Adds records in the order of the file; a `ResumeRecord` voids the points after it."""
        for record in records:
            if isinstance(record, StepRecord):
                self.steps.append(record)
            elif isinstance(record, EpochRecord):
                # An epoch is told before it is saved; killed in between, it is learnt again.
                while self.epochs and self.epochs[-1].epoch >= record.epoch:
                    self.epochs.pop()
                self.epochs.append(record)
            elif isinstance(record, ChangeRecord):
                # A change made right at a checkpoint is applied, and noted, again on resuming.
                if record not in self.changes:
                    self.changes.append(record)
            else:
                self._go_back_to(record)
        return self

    def _go_back_to(self, resume: ResumeRecord) -> None:
        while self.steps and self.steps[-1].step > resume.step:
            self.steps.pop()
        # A hair of room: the fraction is a quotient, the epoch a whole number.
        while self.epochs and self.epochs[-1].epoch > resume.epoch_fraction + 1e-9:
            self.epochs.pop()
        self.changes = [change for change in self.changes if change.step <= resume.step]
        self.resumes = [earlier for earlier in self.resumes if earlier.step <= resume.step]
        self.resumes.append(resume)


def curve(records: Iterable[Record]) -> Curve:
    """The points that hold, from all records of a run in the order they were written."""
    return Curve().extend(records)
