"""What a k-fold training keeps until all of it is done: finished folds, and the one in progress.

``<fold>/`` is what the network of a finished fold answers, with its weights;
``<fold>.training/`` a checkpoint of one that is being trained, as of its last finished epoch or of
the step at which it was stopped.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from core.errors import RunError
from core.jobs.kept_arrays import Arrays, keep_arrays, kept_arrays, let_go
from core.run_files import make_folder
from core.runs.saving import latest_state, save_resume
from core.training.folds import FoldResult

if TYPE_CHECKING:
    from core.records import Checkpoint
    from core.training import Training

_WEIGHTS = "weights"
_SHARE = 50  # saving takes no more than a fiftieth of the time: an epoch can last milliseconds


@dataclass
class FoldParts:
    """One fold of a k-fold training on the disk.

    Attributes:
        folder: of the analysis's parts.
        fold: its number, from 0.
        fingerprint: of the data set: parts that were made of another one do not count.
    """

    folder: Path
    fold: int
    fingerprint: str
    _saved_epoch: int = 0
    _save_due: float = 0.0

    @property
    def _finished(self) -> Path:
        return self.folder / f"{self.fold:04d}"

    @property
    def _begun(self) -> Path:
        return self.folder / f"{self.fold:04d}.training"

    def result(self) -> FoldResult | None:
        """What the fold's network answers; None where it is not finished, or damaged.

        Then it is trained again.
        """
        try:
            arrays, about = kept_arrays(self._finished)
            weights, _ = kept_arrays(self._finished, _WEIGHTS)
        except RunError:
            return None
        if (about.get("fold"), about.get("fingerprint")) != (self.fold, self.fingerprint):
            return None
        return FoldResult(
            self.fold,
            arrays["index"],
            arrays["probabilities"],
            about["accuracy"],
            about["seconds"],
            {name: torch.from_numpy(values) for name, values in weights.items()},
        )

    def finish(self, result: FoldResult) -> None:
        """Keeps the answers; the checkpoint on the way to them is let go.

        Raises:
            DiskError: if the disk is full or read-only.
        """
        arrays: Arrays = {"index": result.index, "probabilities": result.probabilities}
        about = {
            "fold": self.fold,
            "fingerprint": self.fingerprint,
            "accuracy": result.accuracy,
            "seconds": result.seconds,
        }
        weights = {name: value.numpy() for name, value in result.weights.items()}
        keep_arrays(self._finished, arrays, about, {_WEIGHTS: weights})
        let_go(self._begun)

    def begun(self, restore: Callable[[Checkpoint], Training]) -> Training | None:
        """The training as it was kept last; None where nothing of it is left that can be used.

        Args:
            restore: the training that a checkpoint was taken of. It raises a `UserError` for one
                of another training.
        """

        def check(checkpoint: Checkpoint) -> None:
            if checkpoint.state.get("fingerprint") != self.fingerprint:
                raise RunError("it is of other data")
            restore(checkpoint)

        try:
            checkpoint = latest_state(self._begun, check)
        except RunError:  # whole, but of another training
            let_go(self._begun)
            return None
        if checkpoint is None:
            return None
        training = restore(checkpoint)
        self._saved_epoch = training.epoch
        return training

    @contextmanager
    def keeping(self, training: Training) -> Iterator[None]:
        """Keeps the training where it stands if the generator that iterates it is closed.

        Raises:
            DiskError: if the disk is full or read-only.
            RunError: if the run has been deleted meanwhile.
        """
        try:
            yield
        except GeneratorExit:
            self._save(training)
            raise

    def after_step(self, training: Training) -> None:
        """Keeps the training once it has finished another epoch.

        Raises:
            DiskError: if the disk is full or read-only.
            RunError: if the run has been deleted meanwhile.
        """
        if training.epoch > self._saved_epoch and time.monotonic() >= self._save_due:
            self._save(training)

    def _save(self, training: Training) -> None:
        began = time.monotonic()
        make_folder(self.folder)
        make_folder(self._begun)
        checkpoint = training.checkpoint()
        state = {**checkpoint.state, "fingerprint": self.fingerprint}
        save_resume(self._begun, replace(checkpoint, state=state))
        self._saved_epoch = training.epoch
        self._save_due = time.monotonic() + _SHARE * (time.monotonic() - began)
