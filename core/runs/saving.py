"""Where a run keeps its checkpoints: finished epochs for good, one within an epoch until then."""

import contextlib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import RunError
from core.records import Checkpoint, EpochRecord, to_json
from core.run_files import disk_errors, to_json_bytes
from core.runs.checkpoints import (
    PROBABILITIES,
    RECORD,
    checkpoint_files,
    read_checkpoint,
    remove_folder,
    tensor_bytes,
    write_folder,
)

if TYPE_CHECKING:
    from torch import Tensor


def epoch_folder(run: Path, epoch: int) -> Path:
    """Where an epoch is kept."""
    return run / "epochs" / f"{epoch:04d}"


def finished_epochs(run: Path) -> list[int]:
    """Epochs with a checkpoint, ascending."""
    return [int(folder.name) for folder in _numbered(run / "epochs")]


def write_epoch(
    run: Path, record: EpochRecord, checkpoint: Checkpoint, probabilities: "dict[str, Tensor]"
) -> None:
    """Keeps a finished epoch for good; what was saved within it is let go."""
    files = checkpoint_files(checkpoint)
    files[PROBABILITIES] = tensor_bytes(probabilities)
    files[RECORD] = to_json_bytes(to_json(record))
    folder = epoch_folder(run, record.epoch)
    _make(folder.parent)
    write_folder(folder, files)
    _remove(_numbered(run / "resume"))


def save_resume(run: Path, checkpoint: Checkpoint) -> None:
    """Keeps the training as it is in mid-epoch, in place of the last such one."""
    older = _numbered(run / "resume")
    # A new folder each time, because no rename replaces a folder with content.
    number = int(older[-1].name) + 1 if older else 1
    folder = run / "resume" / f"{number:06d}"
    _make(folder.parent)
    write_folder(folder, checkpoint_files(checkpoint))
    _remove(older)


def latest_state(run: Path) -> Checkpoint | None:
    """The newest checkpoint that is whole; damaged ones are moved to ``quarantine/``."""
    within = _newest_whole(run, _numbered(run / "resume"))
    finished = _newest_whole(run, _numbered(run / "epochs"))
    if within is None or finished is None:
        return within or finished
    # At equal steps the one within the epoch holds changes made since.
    return within if within.state["step"] >= finished.state["step"] else finished


def _newest_whole(run: Path, folders: list[Path]) -> Checkpoint | None:
    for folder in reversed(folders):
        try:
            return read_checkpoint(folder)
        except RunError as error:
            _quarantine(run, folder, str(error))
    return None


def _quarantine(run: Path, folder: Path, reason: str) -> None:
    """Moves a damaged checkpoint out of the way and says so in the log."""
    name = f"{folder.parent.name}-{folder.name}"
    parent, number = run / "quarantine", 1
    while (target := parent / f"{name}-{number}").exists():
        number += 1
    _make(parent)
    with disk_errors(target):
        folder.rename(target)
    print(f"{reason}; moved to quarantine/{target.name}", flush=True)


def _numbered(parent: Path) -> list[Path]:
    """Folders with a number for a name, ascending; half-written ones have another name."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        found = [entry for entry in parent.iterdir() if re.fullmatch("[0-9]{4,9}", entry.name)]
        return sorted(found, key=lambda entry: int(entry.name))
    return []


def _make(folder: Path) -> None:
    with disk_errors(folder):
        folder.mkdir(mode=0o700, exist_ok=True)


def _remove(folders: Iterable[Path]) -> None:
    for folder in folders:
        remove_folder(folder)
