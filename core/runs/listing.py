"""Listing a store: a row for every folder, read anew only where a file has changed."""

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

from core.config import RunConfig
from core.errors import RunError
from core.run_files import Signature, read_json, signature
from core.runs.opening import ID_PATTERN, open_run
from core.runs.run import Run
from core.runs.status import Label, Status, label_from, status_from


@dataclass(frozen=True)
class RunSummary:
    """A run's row in the table of runs. Accuracies lie in [0, 1], times are as in `Status`.

    Attributes:
        state: one of the run's states, or ``unreadable``.
        problem: why it is unreadable; empty otherwise.
    """

    id: str
    name: str = ""
    note: str = ""
    starred: bool = False
    state: str = "unreadable"
    problem: str = ""
    message: str = ""
    responding: bool = True
    epoch: int = 0
    epochs: int = 0
    epoch_fraction: float = 0.0
    dataset: str = ""
    preset: str = ""
    parameters: int | None = None
    train_accuracy: float | None = None
    validation_accuracy: float | None = None
    test_accuracy: float | None = None
    train_seconds: float = 0.0
    images_per_second: float = 0.0
    eta_seconds: float | None = None
    created: float = 0.0
    started: float | None = None
    updated: float = 0.0
    queued_at: float | None = None


_OF_STATUS = {spot.name for spot in fields(Status)}
_SHARED = tuple(spot.name for spot in fields(RunSummary) if spot.name in _OF_STATUS)


@dataclass
class _Known:
    """What was read of a run, and what its files looked like then.

    Attributes:
        train_accuracy: of the status, or else of the epoch that it names.
    """

    status_stamp: Signature | None = None
    status: Status | None = None
    label_stamp: Signature | None = None
    label: Label = Label()
    row: RunSummary | None = None
    train_accuracy: float | None = None


class Listing:
    """The rows of a store. Unchanged runs cost two looks at the file system each."""

    def __init__(self, root: Path):
        self._root = root
        self._known: dict[str, _Known] = {}

    def rows(self) -> list[RunSummary]:
        """A row for each run, newest first; folders that are no run come last."""
        rows = [self._row(entry) for entry in self._folders()]
        names = {row.id for row in rows}
        # Another thread may be listing, too: what it drops in between is read again.
        self._known = {name: known for name, known in self._known.items() if name in names}
        return sorted(rows, key=lambda row: (row.created, row.id), reverse=True)

    def statuses(self) -> Iterator[tuple[str, Status]]:
        """What every readable ``status.json`` says, by id; nothing is told from locks."""
        for entry in self._folders():
            if _is_run(entry) and (status := self._refreshed_status(entry).status):
                yield entry.name, status

    def _folders(self) -> Iterator["os.DirEntry[str]"]:
        """Folders of the store, hidden ones (half made, half deleted) left out."""
        try:
            entries = os.scandir(self._root)
        except FileNotFoundError:
            return
        with entries:
            for entry in entries:
                if entry.name[0] != "." and (entry.is_dir() or entry.is_symlink()):
                    yield entry

    def _row(self, entry: "os.DirEntry[str]") -> RunSummary:
        if not _is_run(entry):
            return RunSummary(entry.name, problem=f"{entry.name!r} is not the folder of a run")
        known = self._refreshed_label(entry, self._refreshed_status(entry))
        # Kept in a variable of its own: another thread may be listing, too.
        if (row := known.row) is None:
            row = self._read_row(entry, known)
            if known.status is not None and not known.status.active:
                known.row = row  # of the others, what a lock tells holds for this moment only
        return row

    def _read_row(self, entry: "os.DirEntry[str]", known: _Known) -> RunSummary:
        status = known.status
        try:
            if status is None:
                status = open_run(Path(entry.path)).status()
            elif status.active:
                status = unopened(Path(entry.path)).judged(status)
        except RunError as error:
            return RunSummary(entry.name, problem=str(error))
        values, label = {**vars(status), "train_accuracy": known.train_accuracy}, known.label
        return RunSummary(
            entry.name,
            name=label.name,
            note=label.note,
            starred=label.starred,
            **{name: values[name] for name in _SHARED},
        )

    def _refreshed_status(self, entry: "os.DirEntry[str]") -> _Known:
        known = self._known.setdefault(entry.name, _Known())
        path = f"{entry.path}/status.json"
        if (stamp := signature(path)) is None or stamp != known.status_stamp:
            known.status = status_from(read_json(path))
            known.train_accuracy = _train_accuracy(Path(entry.path), known.status)
            known.status_stamp, known.row = stamp, None
        return known

    def _refreshed_label(self, entry: "os.DirEntry[str]", known: _Known) -> _Known:
        path = f"{entry.path}/label.json"
        if (stamp := signature(path)) != known.label_stamp:
            known.label = label_from(read_json(path))
            known.label_stamp, known.row = stamp, None
        return known


def _is_run(entry: "os.DirEntry[str]") -> bool:
    return ID_PATTERN.fullmatch(entry.name) is not None and not entry.is_symlink()


def _train_accuracy(path: Path, status: Status | None) -> float | None:
    """While the last finished epoch was learnt; older versions noted it in the epoch alone."""
    if status is None or status.train_accuracy is not None or not status.epoch:
        return status.train_accuracy if status else None
    try:
        found = unopened(path).epoch_record(status.epoch).train_accuracy
    except RunError:  # the page that looks at the epoch says what is wrong with it
        return None
    return found if math.isfinite(found) else None


def unopened(path: Path) -> Run:
    """A run whose configuration does not matter for what is asked of it."""
    return Run(path, RunConfig(), 0.0)
