"""K-fold training in the background: an analysis (`core.jobs.analysis`) that can be stopped.

A fold that is finished is kept, so one that was stopped or killed goes on with the next.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import RunError
from core.jobs.analysis import Analysis, Finding, Step
from core.jobs.kept_arrays import keep_arrays, kept_arrays
from core.run_files import read_json, signature
from core.runs import Run

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from core.datasets import Dataset
    from core.training.folds import FoldResult

KIND = "out_of_fold"


def fold_analysis(run: Run, num_folds: int, epochs: int) -> Analysis:
    """The analysis that gives every image of a run's train file an answer out of sample.

    Its result holds num_folds, epochs, num_images, accuracy and fold_accuracies (of the given
    labels, in [0, 1]), seconds, dataset and fingerprint; its arrays are ``probabilities``
    (N, K) float32 in the order of the train file, and ``fold`` (N,) int16.

    Args:
        run: whose network and recipe are trained; it stays as it is.
        num_folds: networks to train, each on the rest of its fold.
        epochs: of each of them.

    Raises:
        ConfigError: if a number is out of range.
    """
    from core.datasets import entry
    from core.training.folds import check_folds

    check_folds(num_folds, epochs, entry(run.config.data.name).num_train)
    # No epoch of the run has a part in it; the untrained network is the one that every run has.
    return Analysis(KIND, 0, {"num_folds": num_folds, "epochs": epochs})


def latest_folds(run: Run) -> tuple[int, int] | None:
    """Folds and epochs of the k-fold training that was asked for last; None if there was none."""
    folder = Analysis(KIND, 0, {}).path(run).parent
    dated = [(signature(path), path) for path in folder.glob(f"{KIND}-*.request")]
    for _, path in sorted((seen, path) for seen, path in dated if seen is not None)[::-1]:
        arguments = (read_json(path) or {}).get("arguments")
        if isinstance(arguments, dict):
            num_folds, epochs = arguments.get("num_folds"), arguments.get("epochs")
            if isinstance(num_folds, int) and isinstance(epochs, int):
                return num_folds, epochs
    return None


def out_of_fold(run: Run, epoch: int, num_folds: int, epochs: int) -> Iterator[Step | Finding]:
    """Trains fold after fold; finished ones are read back."""
    from core.config import with_overrides
    from core.training.folds import FoldResult, check_folds, train_fold

    dataset = _dataset(run)
    check_folds(num_folds, epochs, len(dataset.train_labels))
    config = with_overrides(run.config, [f"training.epochs={epochs}"])
    folder = Analysis(KIND, epoch, {"num_folds": num_folds, "epochs": epochs}).parts_path(run)
    results: list[FoldResult] = []
    for fold in range(num_folds):
        path = folder / f"{fold:04d}"
        result = _kept(path, fold, dataset)
        if result is None:
            for told in train_fold(config, dataset, num_folds, fold):
                if isinstance(told, FoldResult):
                    result = told
                    _keep(path, told, dataset)
                else:
                    step, total = told
                    yield fold * total + step, num_folds * total
        assert result is not None  # the last that a fold yields
        results.append(result)
    yield _joined(results, dataset, epochs)


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


def _keep(path: Path, result: FoldResult, dataset: Dataset) -> None:
    arrays: dict[str, NDArray[Any]] = {
        "index": result.index,
        "probabilities": result.probabilities,
    }
    about = {
        "fold": result.fold,
        "fingerprint": dataset.fingerprint,
        "accuracy": result.accuracy,
        "seconds": result.seconds,
    }
    keep_arrays(path, arrays, about)


def _kept(path: Path, fold: int, dataset: Dataset) -> FoldResult | None:
    """A finished fold; None where there is none, or it is damaged: then it is trained again."""
    from core.training.folds import FoldResult

    try:
        arrays, about = kept_arrays(path)
    except RunError:
        return None
    if (about.get("fold"), about.get("fingerprint")) != (fold, dataset.fingerprint):
        return None
    return FoldResult(
        fold, arrays["index"], arrays["probabilities"], about["accuracy"], about["seconds"]
    )


def _joined(results: list[FoldResult], dataset: Dataset, epochs: int) -> Finding:
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
    }
    return Finding(values, {"probabilities": probabilities, "fold": numbers})
