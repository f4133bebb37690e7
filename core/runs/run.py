"""One run: its folder, read while it may be written, and written by one process only."""

import contextlib
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.config import RunConfig
from core.errors import RunError
from core.line_files import LineWriter, read_lines, tail
from core.records import Checkpoint, EpochRecord, Record, from_json, from_line, to_line
from core.run_files import held, is_held, read_json, write_json
from core.runs import checkpoints, overlays, requests, saving
from core.runs.status import (
    Control,
    DatasetInfo,
    Label,
    Status,
    Want,
    clean_name,
    clean_note,
    control_from,
    dataset_info_from,
    label_from,
    status_from,
    to_values,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from core.datasets.overlay import Overlay

SILENCE_SECONDS = 10.0  # the training process gives a sign of life every second
CRASHED = "The training process ended without a word. Resume goes on from its last checkpoint."
DAMAGED = "status.json is missing or damaged. Resume goes on from the last checkpoint."


@dataclass(frozen=True)
class Run:
    """A run's folder. Readers need nothing else; open one with `RunStore.get` or `open_run`.

    Methods that write say whose task that is. Files that are missing or damaged raise `RunError`.
    """

    path: Path
    config: RunConfig
    created: float
    overlay_digest: str | None = None  # None: it learns the labels as they are given

    @property
    def id(self) -> str:
        """The folder's name, as in ``20260131-142500-3fa09c``."""
        return self.path.name

    # What people call it

    def label(self) -> Label:
        """Name, note and star; empty ones where nobody has set them."""
        return label_from(read_json(self.path / "label.json"))

    def set_label(
        self, *, name: str | None = None, note: str | None = None, starred: bool | None = None
    ) -> Label:
        """Changes what is given and keeps the rest; control characters are taken out."""
        with self._control_lock():
            label = self.label()
            label = Label(
                label.name if name is None else clean_name(name),
                label.note if note is None else clean_note(note),
                label.starred if starred is None else starred,
            )
            write_json(self.path / "label.json", to_values(label))
        return label

    # Where it stands, and what is wanted

    def status(self) -> Status:
        """Where the run stands now; ``crashed`` and ``responding`` are told from its lock.

        Raises:
            RunError: if the folder is gone.
        """
        status = self.written_status()
        if status is None:
            if not self.path.is_dir():
                raise self._gone()
            state: Any = "running" if self.is_locked() else "crashed"
            status = Status(state=state, message=DAMAGED, dataset=self.config.data.name)
            return replace(status, epochs=self.config.training.epochs, created=self.created)
        return self.judged(status)

    def written_status(self) -> Status | None:
        """What ``status.json`` says; None if it is missing or damaged."""
        return status_from(read_json(self.path / "status.json"))

    def judged(self, status: Status) -> Status:
        """The status that was read, with what the lock and the heartbeat tell put in."""
        if not status.active:
            return status
        if self.is_locked():
            return replace(status, responding=self._is_responding(status))
        # It may have ended properly between the two looks; what it wrote last then tells.
        again = self.written_status() or status
        if not again.active:
            return again
        return replace(again, state="crashed", message=CRASHED, eta_seconds=None)

    def is_locked(self) -> bool:
        """Whether a process holds the run; the kernel answers, so a dead one never does."""
        return is_held(self.path / "lock")

    def _is_responding(self, status: Status) -> bool:
        try:
            seen = (self.path / "heartbeat").stat().st_mtime
        except OSError:
            seen = status.updated
        # Either way: a clock that was set back leaves the last beat in the future.
        return abs(time.time() - seen) <= SILENCE_SECONDS

    def control(self) -> Control:
        """What is wanted; where the file is damaged, what is in force."""
        control = control_from(read_json(self.path / "control.json"))
        if control is not None:
            return control
        status = self.written_status() or Status()
        return Control(epochs=status.epochs or None, revision=status.revision_applied)

    def request(
        self,
        want: Want | None = None,
        epochs: int | None = None,
        changes: dict[str, Any] | None = None,
    ) -> Control:
        """Writes down what is wanted; the training process carries it out within one batch.

        Args:
            want: ``run``, ``pause`` or ``stop``.
            epochs: how many to train in all.
            changes: new values of live hyperparameters, by path.

        Raises:
            ConfigError: if a value is out of range or cannot change while a run trains.
            RunError: if the folder is gone.
            DiskError: if the disk is full or read-only.
        """
        accepted = requests.accepted_changes(self.config, changes or {})
        if epochs is not None:
            requests.check_epochs(self.config, epochs, self.status())
        with self._control_lock():
            control = self.control()
            control = Control(
                want=want or control.want,
                epochs=control.epochs if epochs is None else epochs,
                changes={**control.changes, **accepted},
                revision=control.revision + 1,
            )
            write_json(self.path / "control.json", to_values(control))
        return control

    # What it has measured

    def read_metrics(self, offset: int = 0) -> tuple[list[Record], int]:
        """Records from a byte offset on, and the offset to go on from. Torn lines are left out."""
        lines, offset = read_lines(self.path / "metrics.jsonl", offset)
        return [record for line in lines if (record := from_line(line)) is not None], offset

    def epochs(self) -> list[int]:
        """Epochs with a checkpoint, ascending; 0 is the untrained network."""
        return saving.finished_epochs(self.path)

    def epoch_record(self, epoch: int) -> EpochRecord:
        """The numbers of a finished epoch."""
        values = checkpoints.read_object(self._epoch_folder(epoch), checkpoints.RECORD)
        try:
            record = from_json(values)
        except ValueError as error:
            raise RunError(f"epoch {epoch} of run {self.id} is damaged: {error}") from None
        if not isinstance(record, EpochRecord):
            raise RunError(f"epoch {epoch} of run {self.id} holds no epoch record")
        return record

    def weights(self, epoch: int) -> "dict[str, Tensor]":
        """The network's tensors after a finished epoch, by name, on the CPU."""
        return checkpoints.read_tensors(self._epoch_folder(epoch), checkpoints.WEIGHTS)

    def probabilities(self, epoch: int, split: str) -> "NDArray[np.float32]":
        """Class probabilities (N, K) of ``validation`` or ``test`` after a finished epoch."""
        return saving.read_probabilities(self._epoch_folder(epoch), self.id, split)

    def overlay(self) -> "Overlay | None":
        """The decisions of a review that it learns with; None if it learns the given labels.

        Raises:
            RunError: if they are missing or damaged: without them it would be another run.
        """
        path = self.path / overlays.OVERLAY
        return overlays.read_overlay(path, self.overlay_digest, f"run {self.id}")

    def dataset_info(self) -> DatasetInfo | None:
        """The data it learns from; None before its first start."""
        return dataset_info_from(read_json(self.path / "dataset.json"))

    def log_tail(self, lines: int = 20) -> str:
        """The last lines that the training process printed."""
        return tail(self.path / "worker.log", lines)

    # For whoever holds the lock

    def lock(self, timeout: float = 3.0) -> AbstractContextManager[None]:
        """Holds the run: only then may its status, metrics and checkpoints be written.

        Args:
            timeout: seconds to wait; a few, because readers probe the lock for an instant.

        Raises:
            InUseError: on entering, if another process holds it.
        """
        busy = f"run {self.id} is in use by another process"
        return held(self.path / "lock", timeout=timeout, busy=busy)

    def write_status(self, status: Status, *, sync: bool = True) -> Status:
        """Replaces the status and stamps it. Needs the lock."""
        status = replace(status, updated=time.time())
        write_json(self.path / "status.json", to_values(status), sync=sync)
        return status

    def write_dataset_info(self, info: DatasetInfo) -> None:
        """Notes the data. Needs the lock."""
        write_json(self.path / "dataset.json", to_values(info))

    def metrics_writer(self) -> LineWriter:
        """Appends to the metrics; a torn tail is cut off first. Needs the lock."""
        return LineWriter(self.path / "metrics.jsonl")

    def append(self, records: Iterable[Record]) -> None:
        """Appends records and waits for the disk. Needs the lock."""
        writer = self.metrics_writer()
        try:
            for record in records:
                writer.append(to_line(record))
            writer.sync()
        finally:
            writer.close()

    def write_epoch(
        self, record: EpochRecord, checkpoint: Checkpoint, probabilities: "dict[str, Tensor]"
    ) -> None:
        """Keeps a finished epoch for good; what was saved within it is let go. Needs the lock.

        Args:
            record: its numbers.
            checkpoint: the training after it.
            probabilities: ``validation`` and ``test``, each (N, K) float16.
        """
        saving.write_epoch(self.path, record, checkpoint, probabilities)

    def save_resume(self, checkpoint: Checkpoint) -> None:
        """Keeps the training as it is in mid-epoch, replacing the last such one. Needs the lock."""
        saving.save_resume(self.path, checkpoint)

    def latest_state(self, check: saving.Check = lambda _: None) -> Checkpoint | None:
        """The newest checkpoint that is whole; None if there is none. Needs the lock.

        A damaged one is moved to ``quarantine/``, and the one before is taken; so is one that
        `check` raises a `UserError` for, as long as there is one that it does not.

        Raises:
            RunError: if there are whole checkpoints and `check` refuses them all.
        """
        return saving.latest_state(self.path, check)

    def _epoch_folder(self, epoch: int) -> Path:
        folder = saving.epoch_folder(self.path, epoch)
        if not folder.is_dir():
            there = self.epochs()
            known = f"{there[0]} to {there[-1]}" if there else "none yet"
            raise RunError(f"run {self.id} has no epoch {epoch}; there are {known}")
        return folder

    @contextlib.contextmanager
    def _control_lock(self) -> Iterator[None]:
        """One request after the other, so that none is lost between two pages."""
        if not self.path.is_dir():
            raise self._gone()
        busy = f"run {self.id} is being changed by another process; try again"
        with held(self.path / "control.lock", timeout=5.0, busy=busy):
            yield

    def _gone(self) -> RunError:
        return RunError(f"run {self.id} does not exist any more: its folder is gone")
