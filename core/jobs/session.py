"""One process's stretch of a run: restore, train, keep what comes, do what is asked."""

import contextlib
import math
import signal
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

from core import datasets
from core.datasets import Dataset
from core.errors import ConfigError, RunError
from core.jobs.reporter import Reporter
from core.line_files import LineWriter
from core.records import ResumeRecord, StepRecord, to_line
from core.run_files import read_json, signature
from core.runs import Control, DatasetInfo, Run
from core.runs.status import control_from
from core.training import EpochResult, Training, epochs

SAVE_SECONDS = 60.0  # between two checkpoints within an epoch: at most so much is learnt again
POLL_SECONDS = 0.1  # while paused


class Session:
    """Trains a run whose lock is held. A request is carried out between two steps."""

    def __init__(self, run: Run, reporter: Reporter):
        self.run = run
        self.reporter = reporter
        self._control_path = run.path / "control.json"
        self._seen = signature(self._control_path)
        self._control = run.control()
        self._asked_to_end = False
        self._unsaved = False
        self._save_due = math.inf
        self._writer: LineWriter = run.metrics_writer()
        self.training = self._load()

    def train(self) -> None:
        """Trains to the last planned epoch, or until a stop is asked for."""
        with self._ended_by_signal(), contextlib.closing(self._writer):
            self._save_due = time.monotonic() + SAVE_SECONDS
            self._apply(self._control)
            while self._obey():
                if self._train_planned() and not self._is_extended():
                    self.reporter.end(self.training, state="completed", message=self._early_stop())
                    return
            self._save()
            self.reporter.end(self.training, state="stopped")

    def _load(self) -> Training:
        """The training at its last checkpoint, or a fresh one."""
        config = self.run.config
        dataset = datasets.load(config.data.name)
        self._check_data(dataset)
        # Before any checkpoint is looked at: a damaged overlay must not make them seem foreign.
        splits = datasets.split(dataset, config.data, self.run.overlay())
        restore = partial(Training.restore, config, dataset, splits=splits)
        checkpoint = self.run.latest_state(restore)
        if checkpoint is None:
            training = Training.begin(config, dataset, splits)
        else:
            training = restore(checkpoint)
            if self._planned() != self.reporter.status.epochs:
                self._renew_patience(training)
        self._note_data(training)
        if not self._writer.is_empty:
            self._append(ResumeRecord(training.epoch_fraction, training.step))
        return training

    def _check_data(self, dataset: Dataset) -> None:
        known = self.run.dataset_info()
        if known is not None and known.fingerprint != dataset.fingerprint:
            raise RunError(
                f"the data set {dataset.name} is no longer the one that run {self.run.id} began "
                "with; put the old files back, or start a new run"
            )

    def _note_data(self, training: Training) -> None:
        if self.run.dataset_info() is None:
            dataset = training.dataset
            self.run.write_dataset_info(
                DatasetInfo(
                    name=dataset.name,
                    fingerprint=dataset.fingerprint,
                    classes=dataset.classes,
                    shape=dataset.shape,
                    mean=dataset.mean,
                    std=dataset.std,
                    sizes=dict(training.splits.sizes),
                )
            )

    def _train_planned(self) -> bool:
        """Iterates the training; True when it has come to its end, False when it was stopped."""
        for result in epochs(self.training, self._is_interrupted):
            self._keep(result)
            if not self._obey():
                return self.training.epoch >= self.training.planned_epochs
        return True

    def _is_extended(self) -> bool:
        """Whether more epochs were asked for while the last one was being kept."""
        before = self.training.planned_epochs
        self._read_control()
        more = before < self.training.planned_epochs
        if more:
            self._renew_patience(self.training)
        return more

    @staticmethod
    def _renew_patience(training: Training) -> None:
        """Asking for more epochs overrules an early stop: its patience begins anew."""
        training.progress.best_epoch = training.epoch

    def _planned(self) -> int:
        return self._control.epochs or self.run.config.training.epochs

    def _keep(self, result: StepRecord | EpochResult) -> None:
        if isinstance(result, StepRecord):
            self._append(result)
            self._unsaved = True
            self.reporter.progress(self.training)
            return
        # Told first, saved then: a kill in between costs this epoch's time, never a point.
        self._append(result.record)
        self._writer.sync()
        self.run.write_epoch(result.record, self.training.checkpoint(), result.probabilities)
        self._saved()
        self.reporter.epoch(self.training, result.record)

    def _append(self, record: Any) -> None:
        self._writer.append(to_line(record))

    def _is_interrupted(self) -> bool:
        """Asked before every step: about two microseconds."""
        return (
            signature(self._control_path) != self._seen
            or time.monotonic() > self._save_due
            or self._asked_to_end
        )

    def _obey(self) -> bool:
        """Carries out what is asked; False if the run is to end."""
        if time.monotonic() > self._save_due:
            self._save()
        self._read_control()
        if self._control.want == "pause" and not self._asked_to_end:
            self._hold()
        return self._control.want != "stop" and not self._asked_to_end

    def _read_control(self) -> None:
        """Takes a new request over. A torn or foreign file changes nothing."""
        stamp = signature(self._control_path)
        if stamp == self._seen:
            return
        self._seen = stamp
        control = control_from(read_json(self._control_path))
        if control is not None:
            self._control = control
            self._apply(control)

    def _apply(self, control: Control) -> None:
        """Puts the planned epochs and changed values in force, with a mark on the curve."""
        training = self.training
        training.planned_epochs = max(self._planned(), math.ceil(training.epoch_fraction))
        force = training.applied
        wanted = {path: new for path, new in control.changes.items() if force.get(path) != new}
        if wanted:
            try:
                self._append(training.change(wanted))
                self._unsaved = True
            except ConfigError as error:
                print(f"request {control.revision} was left out: {error}", flush=True)
        self.reporter.where(training, revision_applied=control.revision)

    def _hold(self) -> None:
        """Waits, with everything saved, until something else than a pause is wanted."""
        self._save()
        self.reporter.where(self.training, state="paused", eta_seconds=None)
        while self._control.want == "pause" and not self._asked_to_end:
            time.sleep(POLL_SECONDS)
            self._read_control()
            if not self.run.path.is_dir():
                raise FileNotFoundError(self.run.path)
        self.reporter.where(self.training, state="running")

    def _save(self) -> None:
        """A checkpoint within the epoch, if anything has happened since the last one."""
        began = time.monotonic()
        if self._unsaved:
            self._writer.sync()
            self.run.save_resume(self.training.checkpoint())
        self._saved(cost=time.monotonic() - began)

    def _saved(self, cost: float = 0.0) -> None:
        self._unsaved = False
        # A slow disk or a large network: saving takes no more than a fiftieth of the time.
        self._save_due = time.monotonic() + max(SAVE_SECONDS, 50 * cost)

    def _early_stop(self) -> str:
        training = self.training
        if training.epoch >= training.planned_epochs:
            return ""
        return (
            f"Stopped early: the validation loss has not improved since epoch "
            f"{training.progress.best_epoch}."
        )

    @contextlib.contextmanager
    def _ended_by_signal(self) -> Iterator[None]:
        """A polite request of the system to end (SIGTERM) saves first, like a stop."""

        def note(number: int, frame: object) -> None:
            self._asked_to_end = True

        before = signal.signal(signal.SIGTERM, note)
        try:
            yield
        finally:
            signal.signal(signal.SIGTERM, before)
