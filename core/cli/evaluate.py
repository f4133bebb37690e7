"""``evaluate``: a run's predictions, computed anew from the weights of a checkpoint."""

from argparse import Namespace
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.cli.manage import table
from core.cli.outcome import outcome, print_json
from core.cli.selection import run_of
from core.errors import DatasetError
from core.runs import Run

if TYPE_CHECKING:
    from core.datasets import Splits
    from core.predictor import Predictor

SPLITS = ("validation", "test")
TOLERANCE = 2e-3  # float16 keeps probabilities to 2.5e-4; the rest is left to another processor


@dataclass(frozen=True)
class SplitResult:
    """What a checkpoint achieves on a split.

    Attributes:
        num_images: how many were predicted.
        accuracy: share of right predictions, in [0, 1].
        loss: mean cross-entropy.
        per_class: a row a class: class, precision, recall, f1, support.
        largest_difference: between a probability and the one saved while training.
        changed_predictions: images whose predicted class is not the one saved while training.
    """

    num_images: int
    accuracy: float
    loss: float
    per_class: list[dict[str, Any]]
    largest_difference: float
    changed_predictions: int

    @property
    def agrees(self) -> bool:
        """Whether the saved probabilities are those of these weights."""
        return self.largest_difference <= TOLERANCE


def evaluate(options: Namespace) -> int:
    """Prints accuracy, loss and the per-class table of the validation and the test split."""
    import torch

    from core.predictor import Predictor

    torch.set_num_threads(1)
    run = run_of(options)
    predictor = Predictor.of(run, options.epoch)
    splits = _splits(run)
    results = {name: _result(run, predictor, splits, name) for name in SPLITS}
    if options.json:
        print_json(_json(run, predictor.epoch, results))
    else:
        _print(run, predictor.epoch, results)
    return 0


def _splits(run: Run) -> "Splits":
    from core import datasets

    dataset = datasets.load(run.config.data.name)
    info = run.dataset_info()
    if info is not None and info.fingerprint != dataset.fingerprint:
        raise DatasetError(
            f"the data set {dataset.name} on this machine is not the one that run {run.id} learnt "
            "from (its fingerprint differs); evaluate it where that one is"
        )
    return datasets.split(dataset, run.config.data)


def _result(run: Run, predictor: "Predictor", splits: "Splits", split: str) -> SplitResult:
    import numpy as np

    from core.evaluation import accuracy, per_class_table, predict

    images, labels = splits.images(split), splits.labels(split).numpy()
    found = predict(predictor.model, images, predictor.mean, predictor.std).numpy()
    saved = run.probabilities(predictor.epoch, split)
    rows = per_class_table(labels, found.argmax(1), predictor.classes)
    of_truth = np.take_along_axis(found.astype(np.float64), labels[:, None], axis=1)
    return SplitResult(
        num_images=len(labels),
        accuracy=accuracy(found, labels),
        loss=float(-np.log(np.maximum(of_truth, np.finfo(np.float32).tiny)).mean()),
        per_class=[{str(k): v for k, v in row.items()} for row in rows.to_dict("records")],
        largest_difference=float(np.abs(found - saved).max()),
        changed_predictions=int((found.argmax(1) != saved.argmax(1)).sum()),
    )


def _json(run: Run, epoch: int, results: dict[str, SplitResult]) -> dict[str, Any]:
    values = {**outcome(run), "epoch": epoch}
    for split, result in results.items():
        values[f"{split}_accuracy"] = result.accuracy
        values[f"{split}_loss"] = result.loss
    values["splits"] = {
        split: {**vars(result), "agrees_with_saved": result.agrees}
        for split, result in results.items()
    }
    return values


def _print(run: Run, epoch: int, results: dict[str, SplitResult]) -> None:
    print(f"run {run.id} ({run.label().name}), epoch {epoch}, computed from its weights")
    for split, result in results.items():
        print(f"\n{split}: accuracy {result.accuracy:.2%}, loss {result.loss:.4f}, "
              f"{result.num_images:,} images")  # fmt: skip
        rows = [
            [str(row["class"]), *(_share(row[name]) for name in ("precision", "recall", "f1")),
             f"{row['support']:,}"]
            for row in result.per_class
        ]  # fmt: skip
        print(table(["class", "precision", "recall", "f1", "support"], rows))
        print(_agreement(result))


def _share(value: float) -> str:
    return f"{value:.4f}" if value == value else "undefined"


def _agreement(result: SplitResult) -> str:
    if result.agrees:
        return (
            "as saved while training: the largest difference of a probability is "
            f"{result.largest_difference:.1e}"
        )
    return (
        f"not as saved while training: probabilities differ by up to "
        f"{result.largest_difference:.1e}, {result.changed_predictions:,} predictions changed"
    )
