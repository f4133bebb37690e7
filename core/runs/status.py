"""The small files of a run: what is (status), what is wanted (control), what it is called (label).

One writer a file: the status is written by whoever holds the run's lock, the control file by pages
and the command line, the label by either. Foreign values in them are ignored.
"""

import re
import unicodedata
from dataclasses import asdict, dataclass, field, fields
from types import NoneType
from typing import Annotated, Any, Literal, TypeVar, get_args

from pydantic import Field, FiniteFloat, PositiveInt, TypeAdapter, ValidationError

State = Literal["queued", "running", "paused", "stopped", "completed", "failed", "crashed"]
Want = Literal["run", "pause", "stop"]

STATES: tuple[str, ...] = get_args(State)
WANTS: tuple[str, ...] = get_args(Want)
MAX_NAME, MAX_NOTE = 120, 20_000  # characters
LAST_TIME = 2.5e11  # seconds since 1970: the year 9892, near the last one that has dates

_Values = TypeVar("_Values", "Status", "Control", "Label")


@dataclass(frozen=True)
class Status:
    """Where a run stands. Times are seconds since 1970; durations are seconds.

    Attributes:
        state: ``crashed`` is never written: readers tell it from a lock that nobody holds.
        responding: False when the training process lives but has been silent for ten seconds.
        message: why, in a sentence: what failed, or what is being waited for.
        epoch: the last finished epoch.
        epochs: planned ones.
        step: optimizer steps so far.
        epoch_fraction: epochs done so far, the begun one counted in part.
        images_per_second: of late, evaluation left out.
        eta_seconds: time to the last planned epoch; None where it is not known.
        train_seconds: time spent training, in the whole run.
        applied: every live hyperparameter's value in force, by path.
        revision_applied: the last request (`Control.revision`) that has been carried out.
        train_accuracy: in the last finished epoch, while learning, in [0, 1].
        validation_accuracy, test_accuracy: after it, in [0, 1].
        parameters: the network's number of weights and biases.
        queued_at: when it was put into the queue; None when it is not in it.
        attempts: how often its process ended before it could report.
        pid, pid_created: the training process, and when that began: to tell it from a namesake.
    """

    state: State = "queued"
    responding: bool = True
    message: str = ""
    epoch: int = 0
    epochs: int = 0
    step: int = 0
    epoch_fraction: float = 0.0
    images_per_second: float = 0.0
    eta_seconds: float | None = None
    train_seconds: float = 0.0
    applied: dict[str, Any] = field(default_factory=dict)
    revision_applied: int = 0
    train_accuracy: float | None = None
    validation_accuracy: float | None = None
    test_accuracy: float | None = None
    dataset: str = ""
    preset: str = ""
    parameters: int | None = None
    created: float = 0.0
    started: float | None = None
    updated: float = 0.0
    queued_at: float | None = None
    attempts: int = 0
    pid: int | None = None
    pid_created: float | None = None

    @property
    def active(self) -> bool:
        """Whether a process is training it, or waits with it in memory."""
        return self.state in ("running", "paused")

    @property
    def waiting(self) -> bool:
        """Whether it stands in the queue."""
        return self.state == "queued" and self.queued_at is not None


@dataclass(frozen=True)
class Control:
    """What is wanted of a run.

    Attributes:
        want: train, hold still, or end with a usable checkpoint.
        epochs: planned ones; None leaves the configuration's.
        changes: new values of live hyperparameters, by path.
        revision: grows with every request.
    """

    want: Want = "run"
    epochs: int | None = None
    changes: dict[str, Any] = field(default_factory=dict)
    revision: int = 0


@dataclass(frozen=True)
class Label:
    """What people call a run and say about it; never part of a path."""

    name: str = ""
    note: str = ""
    starred: bool = False


@dataclass(frozen=True)
class DatasetInfo:
    """The data a run has learnt from, noted when it first started.

    Attributes:
        name: as in `core.datasets.load`.
        fingerprint: SHA-256 of its images, labels and classes.
        classes: names by class index.
        shape: (channels, height, width) of an image.
        mean, std: per channel of the training pixels in [0, 1].
        sizes: images by split.
    """

    name: str
    fingerprint: str
    classes: Annotated[tuple[str, ...], Field(min_length=1)]
    shape: tuple[PositiveInt, PositiveInt, PositiveInt]
    mean: tuple[FiniteFloat, ...]
    std: tuple[Annotated[FiniteFloat, Field(gt=0)], ...]
    sizes: dict[str, int]


_DATASET_INFO = TypeAdapter(DatasetInfo)


def to_values(record: Status | Control | Label | DatasetInfo) -> dict[str, Any]:
    """The record as JSON values."""
    return asdict(record)


def status_from(values: dict[str, Any] | None) -> Status | None:
    """The status in a file's values; None if they are not one."""
    if values is None or values.get("state") not in STATES:
        return None
    return _built(Status, values)


def control_from(values: dict[str, Any] | None) -> Control | None:
    """The control file's values; None if they are not one."""
    if values is None or values.get("want") not in WANTS:
        return None
    return _built(Control, values)


def label_from(values: dict[str, Any] | None) -> Label:
    """The label in a file's values; an empty one where there is none."""
    return _built(Label, values or {}) or Label()


def dataset_info_from(values: dict[str, Any] | None) -> DatasetInfo | None:
    """The noted data set; None if it has not been noted or is damaged."""
    try:
        found = _DATASET_INFO.validate_python(values)
    except ValidationError:
        return None
    return found if len(found.mean) == len(found.std) == found.shape[0] else None


def _accepted(kind: type) -> dict[str, set[type]]:
    """By field, the types that JSON may give it."""
    types: dict[str, set[type]] = {}
    for spot in fields(kind):
        default = spot.default_factory() if callable(spot.default_factory) else spot.default
        optional = "None" in str(spot.type)
        number = {int, float, NoneType} if optional else {int, float}
        types[spot.name] = number if optional or type(default) in number else {type(default)}
    return types


_ACCEPTED = {kind: _accepted(kind) for kind in (Status, Control, Label)}


def _built(kind: type[_Values], values: dict[str, Any]) -> _Values | None:
    """The record of the known values; None if one has another type than it should."""
    accepted = _ACCEPTED[kind]
    known = {name: value for name, value in values.items() if name in accepted}
    if any(type(value) not in accepted[name] for name, value in known.items()):
        return None
    if not all(in_reach(value) for value in known.values() if isinstance(value, int | float)):
        return None
    return kind(**known)


def in_reach(number: float) -> bool:
    """Whether it can be a time since 1970 that has a date, a duration or a count."""
    return 0 <= number <= LAST_TIME


# Bidirectional controls can make a name read as another one.
_HIDDEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def clean_name(text: str) -> str:
    """One line of at most 120 characters, without control or direction characters."""
    return _clean(text, keep="")[:MAX_NAME].strip()


def clean_note(text: str) -> str:
    """Text of at most 20,000 characters, without control characters other than line ends, tabs."""
    return _clean(text, keep="\n\t")[:MAX_NOTE]


def _clean(text: str, keep: str) -> str:
    text = _HIDDEN.sub("", text)
    return "".join(
        letter if letter in keep or unicodedata.category(letter)[0] != "C" else " "
        for letter in text
    )
