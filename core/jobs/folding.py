"""The work of a k-fold training: an analysis (`core.jobs.analysis`) that can be stopped.

What is finished is kept, so one that was stopped or killed goes on from there.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from core.errors import RunError
from core.jobs.analysis import Finding, Step
from core.jobs.fold_requests import Folding, fold_analysis, network_part, overlay_of_folds
from core.runs import Run

if TYPE_CHECKING:
    from core.config import RunConfig
    from core.datasets import Dataset
    from core.datasets.overlay import Overlay
    from core.jobs.fold_parts import FoldParts
    from core.training import Training
    from core.training.folds import FoldResult


def out_of_fold(
    run: Run, epoch: int, num_folds: int, epochs: int, decisions: str | None = None
) -> Iterator[Step | Finding]:
    """Trains fold after fold; what is finished is read back, what was begun is gone on with."""
    from core.config import with_overrides
    from core.jobs.fold_parts import FoldParts
    from core.training.folds import answer_fold, check_folds, learn_fold

    dataset = _dataset(run)
    check_folds(num_folds, epochs, len(dataset.train_labels))
    overlay = overlay_of_folds(run, Folding(num_folds, epochs, decisions))
    config = with_overrides(run.config, [f"training.epochs={epochs}"])
    folder = fold_analysis(run, num_folds, epochs, decisions).parts_path(run)
    results: list[FoldResult] = []
    for fold in range(num_folds):
        parts = FoldParts(folder, fold, dataset.fingerprint)
        result = parts.result()
        if result is None:
            training = _begin(parts, config, dataset, num_folds, overlay)
            with parts.keeping(training):
                for step, total in learn_fold(training):
                    parts.after_step(training)
                    yield fold * total + step, num_folds * total
            result = answer_fold(training, fold)
            parts.finish(result)
        results.append(result)
    yield _joined(results, dataset, epochs, overlay)


def _dataset(run: Run) -> Dataset:
    """The run's data set, refused if it is no longer the one that the run learnt from."""
    from core.datasets import entry, load
    from core.training.eager import leave_out_compiler

    if entry(run.config.data.name).embedded:
        leave_out_compiler()
    dataset, seen = load(run.config.data.name), run.dataset_info()
    if seen is not None and seen.fingerprint != dataset.fingerprint:
        raise RunError(
            f"the data set {dataset.name} is no longer the one that run {run.id} learnt from; put "
            "the old files back, or start a new run"
        )
    return dataset


def _begin(
    parts: FoldParts, config: RunConfig, dataset: Dataset, num_folds: int, overlay: Overlay | None
) -> Training:
    """The training of a fold's network: as it was kept last, or a fresh one."""
    from core.training import Training
    from core.training.folds import fold_splits

    splits = fold_splits(config, dataset, num_folds, parts.fold, overlay)
    begun = parts.begun(partial(Training.restore, config, dataset, splits=splits))
    return Training.begin(config, dataset, splits) if begun is None else begun


def _joined(
    results: list[FoldResult], dataset: Dataset, epochs: int, overlay: Overlay | None
) -> Finding:
    labels = dataset.train_labels.numpy()
    probabilities = np.zeros((len(labels), dataset.num_classes), np.float32)
    numbers = np.zeros(len(labels), np.int16)
    for result in results:
        probabilities[result.index] = result.probabilities
        numbers[result.index] = result.fold
    values = {
        "num_folds": len(results),
        "epochs": epochs,
        "num_images": len(labels),
        "accuracy": float((probabilities.argmax(1) == labels).mean()),
        "fold_accuracies": [result.accuracy for result in results],
        "seconds": sum(result.seconds for result in results),
        "dataset": dataset.name,
        "fingerprint": dataset.fingerprint,
        "decisions": overlay.digest if overlay else None,
        "relabelled": len(overlay.relabelled) if overlay else 0,
        "left_out": len(overlay.left_out) if overlay else 0,
        "networks": len(results),
    }
    networks = {
        network_part(result.fold): {name: value.numpy() for name, value in result.weights.items()}
        for result in results
    }
    return Finding(values, {"probabilities": probabilities, "fold": numbers}, networks)
