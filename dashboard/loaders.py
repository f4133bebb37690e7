"""Everything the pages read, cached by ids and bounded.

What is cached here is shared between all tabs: treat it as read-only. Keys are ids (folder of the
store, run, epoch, split), never arrays: Streamlit hashes only a sample of a large array, and would
give a stale answer. An epoch that is written is never written again, so its entries stay true.
Computation belongs to `core`; this module only joins ids with calls.
"""

import contextlib
import math
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from core import datasets, evaluation, jobs
from core.datasets import Dataset, Splits
from core.errors import RunError
from core.evaluation import FloatArray
from core.records import Curve
from core.runs import Run, RunStore, RunSummary, default_root
from core.runs.listing import unopened
from core.runs.opening import ID_PATTERN
from core.training.measurement import UNTRAINED_SIZE
from dashboard.answer_record import Record, check_version, record_of

_SUPERVISOR_SECONDS = 5.0  # to import what it needs, on a machine that is busy
ACTIVE = ("queued", "running", "paused")  # states that change without anyone's doing


def store() -> RunStore:
    """The one store of this process: its listing cache makes the next listing cheap."""
    return _store(default_root())


@st.cache_resource(max_entries=4, show_spinner=False)
def _store(root: Path) -> RunStore:
    return RunStore(root)


def summaries() -> list[RunSummary]:
    """All runs, newest first; read anew each time, unchanged ones from the store's cache."""
    return store().list()


def queue() -> tuple[str, ...]:
    """Ids of the runs that wait, the next one first; somebody is made to look after them."""
    waiting = store().queue()
    if waiting and _waits_long(store().root / waiting[0]):
        _look_after_queue(default_root())
    return waiting


def _waits_long(path: Path) -> bool:
    """Whether a supervisor, if it was started with the run, would be there by now."""
    status = unopened(path).written_status()
    since = (status and status.queued_at) or 0.0
    # Either way: a clock that was set back leaves the beginning in the future.
    return abs(time.time() - since) > _SUPERVISOR_SECONDS


@st.cache_data(
    max_entries=4, ttl=_SUPERVISOR_SECONDS, show_spinner=False
)  # at most so often, by all tabs together
def _look_after_queue(root: Path) -> None:
    """Starts a supervisor where the last one was killed, or did not survive a reboot."""
    with contextlib.suppress(RunError):  # a store that cannot be written: the queue stands still
        jobs.revive(_store(root))


def run(run_id: str) -> Run:
    """The run of an id.

    Raises:
        RunError: if there is none, or its folder cannot be read.
    """
    return store().get(run_id)


def disk_size(run_id: str) -> int:
    """Bytes that a run's folder takes, as of a few seconds ago."""
    return _disk_size(store().root / run_id)


# A run of 1,000 epochs has 6,000 files: not at every repaint.
@st.cache_data(max_entries=256, ttl=10, show_spinner=False)
def _disk_size(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):  # files that vanish meanwhile count nothing
        with contextlib.suppress(OSError):
            total += path.lstat().st_size
    return total


def store_owns(run_id: str) -> bool:
    """Whether a folder has a name that the store gives, so that the store may delete it."""
    return ID_PATTERN.fullmatch(run_id) is not None and not (store().root / run_id).is_symlink()


@st.cache_resource(max_entries=4, show_spinner="Loading the images …")
def dataset(name: str) -> Dataset:
    """A data set by name.

    Raises:
        DatasetError: if it is unknown, missing or damaged.
    """
    return datasets.load(name)


def splits(of: Run) -> Splits:
    """The train, validation and test images of a run, as it saw them.

    Raises:
        RunError: if the decisions that it learns with are missing or damaged.
        DatasetError: if its data set cannot be loaded.
    """
    return _splits(of.config.data.model_dump_json(), of.overlay_digest, of)


@st.cache_resource(max_entries=8, show_spinner=False)
def _splits(data_config: str, overlay_digest: str | None, _run: Run) -> Splits:
    return datasets.split(dataset(_run.config.data.name), _run.config.data, _run.overlay())


def probabilities(run_id: str, epoch: int, split: str) -> NDArray[np.float32]:
    """Class probabilities (N, K) of a split's images at the end of an epoch.

    Raises:
        RunError: if the run, the epoch or the file is missing or damaged.
    """
    return _probabilities(default_root(), run_id, epoch, split)


@st.cache_resource(max_entries=32, show_spinner=False)
def _probabilities(root: Path, run_id: str, epoch: int, split: str) -> NDArray[np.float32]:
    values = run(run_id).probabilities(epoch, split)
    values.setflags(write=False)
    return values


def weights(run_id: str, epoch: int) -> dict[str, Any]:
    """The tensors of a run's network at the end of an epoch, by name; read-only.

    Raises:
        RunError: if the run, the epoch or the file is missing or damaged.
    """
    return _weights(default_root(), run_id, epoch)


@st.cache_resource(max_entries=8, show_spinner=False)
def _weights(root: Path, run_id: str, epoch: int) -> dict[str, Any]:
    return run(run_id).weights(epoch)


@dataclass
class _Tail:
    """A run's curve, and how far its file has been read."""

    curve: Curve = field(default_factory=Curve)
    offset: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


def curve(of: Run) -> Curve:
    """The run's points so far: goes on reading where the last call stopped."""
    tail = _tail(default_root(), of.id)
    with tail.lock:
        records, tail.offset = of.read_metrics(tail.offset)
        tail.curve.extend(records)
        # A copy: the other tabs' curves must not grow while this one draws.
        return Curve(*(list(part) for part in vars(tail.curve).values()))


@st.cache_resource(max_entries=16, show_spinner=False)
def _tail(root: Path, run_id: str) -> _Tail:
    return _Tail()


@dataclass(frozen=True)
class Answers:
    """What a run answers on one split at one epoch, ready to be shown.

    Attributes:
        classes: names by class index.
        examples: one row an image, as `core.evaluation.examples` describes it.
        matrix: counts (K, K), row = true class, column = predicted class.
        per_class: class, precision, recall, f1, support.
        accuracy: share of right answers, in [0, 1].
        num_errors: wrong answers.
    """

    classes: tuple[str, ...]
    examples: pd.DataFrame
    matrix: NDArray[np.int64]
    per_class: pd.DataFrame
    accuracy: float
    num_errors: int


def answers(of: Run, epoch: int, split: str) -> Answers:
    """The answers of an epoch on ``validation`` or ``test``.

    Raises:
        RunError: if the saved probabilities are missing, damaged or of another size.
        DatasetError: if the run's data set cannot be loaded.
    """
    return _answers(default_root(), of.id, epoch, split, of)


@st.cache_resource(max_entries=32, show_spinner=False)
def _answers(root: Path, run_id: str, epoch: int, split: str, _run: Run) -> Answers:
    classes, parts = dataset(_run.config.data.name).classes, splits(_run)
    labels, values = parts.labels(split).numpy(), probabilities(run_id, epoch, split)
    predicted = _record(root, run_id, epoch, split, _run, values).predicted.astype(np.int64)
    matrix = evaluation.confusion_matrix(labels, predicted, len(classes))
    return Answers(
        classes=classes,
        examples=evaluation.examples(labels, values, parts.index(split).numpy()),
        matrix=matrix,
        per_class=evaluation.per_class_table(labels, predicted, classes),
        accuracy=evaluation.accuracy(values, labels),
        num_errors=len(labels) - int(matrix.trace()),
    )


def record(of: Run, epoch: int, split: str) -> Record:
    """What is kept of an epoch's answers; each epoch's file is read and checked once.

    Raises:
        RunError: if the saved probabilities are missing, damaged, no numbers, or of another data
            set.
        DatasetError: if the run's data set cannot be loaded.
    """
    return _record(default_root(), of.id, epoch, split, of, None)


# 60 KB for 10,000 images, 360 KB for 60,000. Whoever looks at one image over the epochs asks for
# all of them, in order: with room for fewer than a run has, each would push out the next one asked.
@st.cache_resource(max_entries=1024, show_spinner=False)
def _record(
    root: Path, run_id: str, epoch: int, split: str, _run: Run, _values: FloatArray | None
) -> Record:
    """Of `_values`, where they have been read already."""
    values = _run.probabilities(epoch, split) if _values is None else _values
    labels = splits(_run).labels(split).numpy()
    data, what = dataset(_run.config.data.name), f"epoch {epoch}, {split}"
    check_version(_run, data, len(labels), values, what)
    return record_of(labels, values)


@dataclass(frozen=True)
class Accuracy:
    """The share of right answers on a split; None where it was not measured.

    Attributes:
        split: train, validation or test.
        accuracy: in [0, 1].
        errors: wrong answers; on train rounded from the accuracy.
        images: how many were looked at; the untrained network sees only some of train.
    """

    split: str
    accuracy: float | None
    errors: int | None
    images: int


def accuracies(of: Run, epoch: int) -> list[Accuracy]:
    """Accuracy on train (measured while learning), validation and test at an epoch."""
    found = [record for record in curve(of).epochs if record.epoch == epoch]
    record = found[-1] if found else None
    numbers = []
    for split, images in _sizes(of).items():
        share = getattr(record, f"{split}_accuracy", math.nan)
        known = not math.isnan(share)
        if split == "train" and epoch == 0:
            images = min(images, UNTRAINED_SIZE)
        errors = round((1 - share) * images) if known else None
        numbers.append(Accuracy(split, share if known else None, errors, images))
    return numbers


def _sizes(of: Run) -> dict[str, int]:
    """Images by split, as noted when the run first started: they outlive the data and decisions."""
    info = of.dataset_info()
    return splits(of).sizes if info is None else info.sizes


def class_table(given: Answers) -> pd.DataFrame:
    """The per-class table as it is shown, shares in per cent."""
    table = given.per_class.copy()
    table[["precision", "recall", "f1"]] *= 100
    names = {"class": "Class", "precision": "Precision", "recall": "Recall", "f1": "F1"}
    return table.rename(columns={**names, "support": "Support"})
