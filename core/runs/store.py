"""All runs of one folder: creating, listing, opening and deleting them."""

import os
import re
import secrets
import shutil
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.config import RunConfig
from core.errors import ConfigError, RunError
from core.run_files import (
    disk_errors,
    is_held,
    read_json,
    to_json_bytes,
    write_json,
    write_new,
)
from core.runs import overlays
from core.runs.checkpoints import remove_folder
from core.runs.listing import Listing, RunSummary, unopened
from core.runs.opening import FORMAT, ID_PATTERN, WITH_OVERLAY, open_run
from core.runs.run import Run
from core.runs.status import Label, Status, clean_name, to_values

if TYPE_CHECKING:
    from core.datasets.overlay import Overlay

MAX_PARALLEL = 64


def default_root() -> Path:
    """The folder of runs: the environment variable CONVSCOPE_RUNS, or ``runs`` in this folder."""
    return Path(os.environ.get("CONVSCOPE_RUNS") or "runs").resolve()


class RunStore:
    """The runs in a folder. Listings are cached by what the file system says has changed."""

    def __init__(self, root: Path | str):
        self.root = Path(root).resolve()
        self._listing = Listing(self.root)

    def create(self, config: RunConfig, name: str = "", overlay: "Overlay | None" = None) -> Run:
        """A new run, ready to be started.

        Args:
            config: what it computes.
            name: what people call it; left empty, preset and data set.
            overlay: decisions of a review that it learns with; the given labels without.

        Raises:
            ReviewError: if the overlay is of another data set, or leaves nothing to learn from.
            DatasetError: if the data set is unknown, or too many of its images are held out.
            ArchitectureError: if the layers do not fit its images.
            DiskError: if the disk is full or read-only.
        """
        now = time.time()
        status = first_status(config, now)
        if overlay is not None:
            overlays.check_overlay(overlay, config)
        label = Label(clean_name(name) or f"{status.preset} · {status.dataset}")
        run_id = self._new_id(now)
        files = {
            "config.json": to_json_bytes(_described(run_id, now, config, overlay)),
            "label.json": to_json_bytes(to_values(label)),
            "status.json": to_json_bytes(to_values(status)),
        }
        if overlay is not None:
            files[overlays.OVERLAY] = overlay.to_bytes()
        with disk_errors(self.root):
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            hidden, folder = self.root / f".new-{run_id}", self.root / run_id
            try:
                hidden.mkdir(mode=0o700)
                for file, data in files.items():
                    write_new(hidden / file, data)
                hidden.rename(folder)
            except BaseException:
                shutil.rmtree(hidden, ignore_errors=True)
                raise
        return Run(folder, config, now, None if overlay is None else overlay.digest)

    def get(self, run_id: str) -> Run:
        """The run of an id.

        Raises:
            RunError: if it is no id, there is no such run, or its folder cannot be read.
        """
        if not isinstance(run_id, str) or not ID_PATTERN.fullmatch(run_id):
            raise RunError(
                f"{str(run_id)[:80]!r} is not the id of a run, such as 20260131-142500-3fa09c"
            )
        path = self.root / run_id
        if not path.is_dir() and not path.is_symlink():
            raise RunError(f"run {run_id} does not exist in {self.root}")
        if path.is_symlink() or path.resolve().parent != self.root:
            raise RunError(f"run {run_id} is a link to another place; links are not followed")
        return open_run(path)

    def list(self) -> list[RunSummary]:
        """A row for each run, newest first; folders that are no run come last, with the reason."""
        return self._listing.rows()

    def queue(self) -> tuple[str, ...]:
        """Ids of the runs that wait to be started, the next one first."""
        waiting = [
            (status.queued_at or 0.0, run_id)
            for run_id, status in self._listing.statuses()
            if status.waiting
        ]
        return tuple(run_id for _, run_id in sorted(waiting))

    def active(self) -> tuple[str, ...]:
        """Ids of the runs that a process trains, or holds while they are paused."""
        return tuple(
            run_id
            for run_id, status in self._listing.statuses()
            if status.active and unopened(self.root / run_id).is_locked()
        )

    def delete(self, run_id: str) -> None:
        """Removes a run with all its files and frees the disk.

        Raises:
            RunError: if it does not exist, is being trained, or an analysis of it is at work.
            DiskError: if the disk is read-only.
        """
        path = self._own_folder(run_id)
        run = unopened(path)
        if run.is_locked():
            raise RunError(f"run {run_id} is being trained; stop it before you delete it")
        for lock in path.glob("analyses/*/*.lock"):
            if is_held(lock):
                kind = lock.stem.partition("-")[0]
                raise RunError(
                    f"an analysis of run {run_id} is at work ({kind}); stop it or let it end "
                    "before you delete the run"
                )
        with run.lock(timeout=1.0):
            remove_folder(path)
        self._sweep()

    def settings(self) -> dict[str, Any]:
        """The store's settings: ``max_parallel``, how many runs train at once."""
        values = read_json(self.root / "settings.json") or {}
        most = values.get("max_parallel")
        valid = isinstance(most, int) and not isinstance(most, bool) and 1 <= most <= MAX_PARALLEL
        # One core is left for the page.
        return {"max_parallel": most if valid else max(1, (os.cpu_count() or 2) - 1)}

    def set_max_parallel(self, number: int) -> None:
        """Sets how many runs train at once; running ones are left alone.

        Raises:
            ConfigError: if the number is out of range.
        """
        whole = isinstance(number, int) and not isinstance(number, bool)
        if not whole or not 1 <= number <= MAX_PARALLEL:
            sentence = f"max_parallel must be a whole number in [1, {MAX_PARALLEL}], got {number!r}"
            raise ConfigError([("max_parallel", sentence)])
        with disk_errors(self.root):
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_json(self.root / "settings.json", {"max_parallel": number})

    def _new_id(self, now: float) -> str:
        """The time and six random digits, of no run there is."""
        moment = datetime.fromtimestamp(now).strftime("%Y%m%d-%H%M%S-")
        while (self.root / (run_id := moment + secrets.token_hex(3))).exists():
            pass
        return run_id

    def _own_folder(self, run_id: str) -> Path:
        """The folder of a run that may be beyond reading but can still be deleted."""
        try:
            return self.get(run_id).path
        except RunError:
            path = self.root / str(run_id)
            if ID_PATTERN.fullmatch(str(run_id)) and path.is_dir() and not path.is_symlink():
                return path
            raise

    def _sweep(self) -> None:
        """Removes what an interrupted creation or deletion left behind an hour ago or earlier."""
        for path in self.root.iterdir():
            old = re.match(r"\.(new|trash)-", path.name) and not path.is_symlink()
            if old and time.time() - path.stat().st_mtime > 3600:
                shutil.rmtree(path, ignore_errors=True)


def _described(
    run_id: str, now: float, config: RunConfig, overlay: "Overlay | None"
) -> dict[str, Any]:
    """What ``config.json`` holds."""
    values = {"format": FORMAT, "id": run_id, "created": now}
    if overlay is not None:
        values |= {"format": WITH_OVERLAY, "overlay": overlay.digest}
    return {**values, "config": config.model_dump(mode="json")}


def first_status(config: RunConfig, now: float) -> Status:
    """The status of a new run, once its data set and its network are known to exist.

    Raises:
        DatasetError: if the data set is unknown, or too many of its images are held out.
        ArchitectureError: if the layers do not fit its images.
    """
    from core.datasets.catalog import entry, num_held_out
    from core.layers import layer_table, total_parameters
    from core.presets import preset_name

    data = entry(config.data.name)
    num_held_out(config.data.validation_size, data.title, data.num_train, len(data.classes))
    rows = layer_table(config.model, data.shape, len(data.classes))
    return Status(
        epochs=config.training.epochs,
        dataset=data.name,
        preset=preset_name(config.model),
        parameters=total_parameters(rows),
        created=now,
        updated=now,
    )
