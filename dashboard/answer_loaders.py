"""What a run answers on its splits, epoch by epoch, cached by ids.

Whatever is computed from answers (matrix, gallery, flips, calibration …) starts here.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from core import evaluation
from core.evaluation import FloatArray
from core.runs import Run, default_root
from core.training.measurement import UNTRAINED_SIZE
from dashboard import loaders
from dashboard.answer_record import Record, check_version, record_of


def probabilities(run_id: str, epoch: int, split: str) -> NDArray[np.float32]:
    """Class probabilities (N, K) of a split's images at the end of an epoch.

    Raises:
        RunError: if the run, the epoch or the file is missing or damaged.
    """
    return _probabilities(default_root(), run_id, epoch, split)


@st.cache_resource(max_entries=32, show_spinner=False)
def _probabilities(root: Path, run_id: str, epoch: int, split: str) -> NDArray[np.float32]:
    values = loaders.run(run_id).probabilities(epoch, split)
    values.setflags(write=False)
    return values


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
    classes, parts = loaders.dataset(_run.config.data.name).classes, loaders.splits(_run)
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
    labels = loaders.splits(_run).labels(split).numpy()
    data, what = loaders.dataset(_run.config.data.name), f"epoch {epoch}, {split}"
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
    found = [record for record in loaders.curve(of).epochs if record.epoch == epoch]
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
    return loaders.splits(of).sizes if info is None else info.sizes


def class_table(given: Answers) -> pd.DataFrame:
    """The per-class table as it is shown, shares in per cent."""
    table = given.per_class.copy()
    table[["precision", "recall", "f1"]] *= 100
    names = {"class": "Class", "precision": "Precision", "recall": "Recall", "f1": "F1"}
    return table.rename(columns={**names, "support": "Support"})
