"""Where a run keeps its checkpoints: finished epochs for good, one within an epoch until then."""

import contextlib
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import RunError, UserError
from core.records import Checkpoint, EpochRecord, to_json
from core.run_files import disk_errors, to_json_bytes
from core.runs.checkpoints import (
    PROBABILITIES,
    RECORD,
    checkpoint_files,
    read_checked,
    read_checkpoint,
    remove_folder,
    tensor_bytes,
    write_folder,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

Check = Callable[[Checkpoint], object]


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


def read_probabilities(folder: Path, run_id: str, split: str) -> "NDArray[np.float32]":
    """A split's class probabilities (N, K) out of an epoch's folder, checked."""
    import numpy as np
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        arrays = load(read_checked(folder, PROBABILITIES))
        return arrays[split].astype(np.float32)
    except (SafetensorError, KeyError):
        raise RunError(
            f"epoch {int(folder.name)} of run {run_id} has no probabilities for the split "
            f"{split!r}; there are validation and test"
        ) from None


def save_resume(run: Path, checkpoint: Checkpoint) -> None:
    """Keeps the training as it is in mid-epoch, in place of the last such one."""
    older = _numbered(run / "resume")
    # A new folder each time, because no rename replaces a folder with content.
    number = int(older[-1].name) + 1 if older else 1
    folder = run / "resume" / f"{number:06d}"
    _make(folder.parent)
    write_folder(folder, checkpoint_files(checkpoint))
    _remove(older)


def latest_state(run: Path, check: Check) -> Checkpoint | None:
    """The newest checkpoint that is whole and passes `check`; others go to ``quarantine/``.

    Args:
        run: the run's folder.
        check: raises a `UserError` for a checkpoint that is not one of this run.

    Raises:
        RunError: if there are whole checkpoints and none passes: then the configuration is the
            foreign one, and nothing is moved.
    """
    foreign: list[tuple[Path, str]] = []
    within = _newest_whole(run, _numbered(run / "resume"), check, foreign)
    finished = _newest_whole(run, _numbered(run / "epochs"), check, foreign)
    if foreign and within is None and finished is None:
        folder, reason = foreign[-1]
        raise RunError(
            f"no checkpoint of run {run.name} fits its config.json ({folder.parent.name}/"
            f"{folder.name}: {reason}); put the old config.json back, or start a new run"
        )
    for folder, reason in foreign:
        _quarantine(run, folder, reason)
    if within is None or finished is None:
        return within or finished
    # At equal steps the one within the epoch holds changes made since.
    return within if within.state["step"] >= finished.state["step"] else finished


def _newest_whole(
    run: Path, folders: list[Path], check: Check, foreign: list[tuple[Path, str]]
) -> Checkpoint | None:
    """The last that is whole and passes; damaged ones are moved away, foreign ones listed."""
    for folder in reversed(folders):
        try:
            checkpoint = read_checkpoint(folder)
        except RunError as error:
            _quarantine(run, folder, str(error))
            continue
        try:
            check(checkpoint)
            return checkpoint
        except UserError as error:
            foreign.append((folder, str(error)))
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
