"""Everything the pages read, cached by ids and bounded.

What is cached here is shared between all tabs: treat it as read-only. Keys are ids (folder of the
store, run, epoch, split), never arrays: Streamlit hashes only a sample of a large array, and would
give a stale answer. An epoch that is written is never written again, so its entries stay true.
Computation belongs to `core`; this module only joins ids with calls.
"""

import contextlib
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import streamlit as st

from core import datasets, jobs
from core.datasets import Dataset, Splits
from core.errors import RunError
from core.records import Curve
from core.runs import Run, RunStore, RunSummary, default_root
from core.runs.listing import unopened
from core.runs.opening import ID_PATTERN

_SUPERVISOR_SECONDS = 5.0  # to import what it needs, on a machine that is busy
ACTIVE = ("queued", "running", "paused")  # states that change without anyone's doing


def store() -> RunStore:
    """The one store of this process: its listing cache makes the next listing cheap."""
    return _store(default_root())


@st.cache_resource(max_entries=4, show_spinner=False)
def _store(root: Path) -> RunStore:
    return RunStore(root)


def summaries() -> list[RunSummary]:
    """All runs, newest first; read anew each time, unchanged ones from the store's cache."""
    return store().list()


def newest_with_results(known: Iterable[RunSummary]) -> RunSummary | None:
    """The first run that has a finished epoch or is on its way to one; None if there is none.

    Args:
        known: newest first.
    """
    return next((one for one in known if one.state in ACTIVE or _has_results(one)), None)


def _has_results(summary: RunSummary) -> bool:
    if summary.epoch > 0:
        return True
    # Of the untrained network a damaged status tells nothing: the folder does.
    return bool(unopened(store().root / summary.id).epochs())


def is_there(run_id: str | None) -> bool:
    """Whether a run has not been deleted: caches go on answering for it. One look at the disk."""
    return run_id is not None and (store().root / run_id).is_dir()


def queue() -> tuple[str, ...]:
    """Ids of the runs that wait, the next one first; somebody is made to look after them."""
    waiting = store().queue()
    if waiting and _waits_long(store().root / waiting[0]):
        _look_after_queue(default_root())
    return waiting


def _waits_long(path: Path) -> bool:
    """Whether a supervisor, if it was started with the run, would be there by now."""
    status = unopened(path).written_status()
    since = (status and status.queued_at) or 0.0
    # Either way: a clock that was set back leaves the beginning in the future.
    return abs(time.time() - since) > _SUPERVISOR_SECONDS


@st.cache_data(
    max_entries=4, ttl=_SUPERVISOR_SECONDS, show_spinner=False
)  # at most so often, by all tabs together
def _look_after_queue(root: Path) -> None:
    """Starts a supervisor where the last one was killed, or did not survive a reboot."""
    with contextlib.suppress(RunError):  # a store that cannot be written: the queue stands still
        jobs.revive(_store(root))


def run(run_id: str) -> Run:
    """The run of an id.

    Raises:
        RunError: if there is none, or its folder cannot be read.
    """
    return store().get(run_id)


def disk_size(run_id: str) -> int:
    """Bytes that a run's folder takes, as of a few seconds ago."""
    return _disk_size(store().root / run_id)


# A run of 1,000 epochs has 6,000 files: not at every repaint.
@st.cache_data(max_entries=256, ttl=10, show_spinner=False)
def _disk_size(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):  # files that vanish meanwhile count nothing
        with contextlib.suppress(OSError):
            total += path.lstat().st_size
    return total


def store_owns(run_id: str) -> bool:
    """Whether a folder has a name that the store gives, so that the store may delete it."""
    return ID_PATTERN.fullmatch(run_id) is not None and not (store().root / run_id).is_symlink()


@st.cache_resource(max_entries=4, show_spinner="Loading the images …")
def dataset(name: str) -> Dataset:
    """A data set by name.

    Raises:
        DatasetError: if it is unknown, missing or damaged.
    """
    return datasets.load(name)


def splits(of: Run) -> Splits:
    """The train, validation and test images of a run, as it saw them.

    Raises:
        RunError: if the decisions that it learns with are missing or damaged.
        DatasetError: if its data set cannot be loaded.
    """
    return _splits(of.config.data.model_dump_json(), of.overlay_digest, of)


@st.cache_resource(max_entries=8, show_spinner=False)
def _splits(data_config: str, overlay_digest: str | None, _run: Run) -> Splits:
    return datasets.split(dataset(_run.config.data.name), _run.config.data, _run.overlay())


def weights(run_id: str, epoch: int) -> dict[str, Any]:
    """The tensors of a run's network at the end of an epoch, by name; read-only.

    Raises:
        RunError: if the run, the epoch or the file is missing or damaged.
    """
    return _weights(default_root(), run_id, epoch)


@st.cache_resource(max_entries=8, show_spinner=False)
def _weights(root: Path, run_id: str, epoch: int) -> dict[str, Any]:
    return run(run_id).weights(epoch)


@dataclass
class _Tail:
    """A run's curve, and how far its file has been read."""

    curve: Curve = field(default_factory=Curve)
    offset: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


def curve(of: Run) -> Curve:
    """The run's points so far: goes on reading where the last call stopped."""
    tail = _tail(default_root(), of.id)
    with tail.lock:
        records, tail.offset = of.read_metrics(tail.offset)
        tail.curve.extend(records)
        # A copy: the other tabs' curves must not grow while this one draws.
        return Curve(*(list(part) for part in vars(tail.curve).values()))


@st.cache_resource(max_entries=16, show_spinner=False)
def _tail(root: Path, run_id: str) -> _Tail:
    return _Tail()
