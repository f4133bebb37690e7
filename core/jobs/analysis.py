"""Long computations over one checkpoint, in a process of their own, kept once they are done.

A finished epoch never changes, so neither does what is worked out of it: the result lies in the
run's folder, ``analyses/<epoch>/<name>.json``, and goes when the run goes. Whoever works on it
holds a lock beside it; a process that dies frees it, and the next request starts anew.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from core.errors import RunError, UserError
from core.jobs.processes import spawn_analyst
from core.run_files import disk_errors, held, is_held, read_json, sha256, tail, write_json
from core.runs import Run

Step = tuple[int, int]  # done, of so many
PROGRESS_SECONDS = 0.3
START_SECONDS = 15.0  # a fresh interpreter on a busy machine, until it holds the lock


@dataclass(frozen=True)
class Analysis:
    """What is to be worked out.

    Attributes:
        kind: a name in `core.jobs.analyst.KINDS`.
        epoch: the finished epoch whose weights are looked at.
        arguments: JSON values that the kind takes.
    """

    kind: str
    epoch: int
    arguments: dict[str, Any]

    @property
    def name(self) -> str:
        """A file name of its own for every kind and arguments."""
        words = json.dumps(self.arguments, sort_keys=True)
        return f"{self.kind}-{sha256(words.encode())[:16]}"

    def path(self, run: Run) -> Path:
        """Where its result lies."""
        return run.path / "analyses" / f"{self.epoch:04d}" / f"{self.name}.json"


@dataclass(frozen=True)
class AnalysisState:
    """How far an analysis is.

    Attributes:
        state: absent, working, done or failed.
        done: parts that are worked out.
        total: of so many; 0 while that is not known yet.
        message: why it failed, in a sentence.
        result: JSON values, once it is done.
    """

    state: Literal["absent", "working", "done", "failed"] = "absent"
    done: int = 0
    total: int = 0
    message: str = ""
    result: Any = None


def look(run: Run, analysis: Analysis) -> AnalysisState:
    """How far it is; starts nothing."""
    path = analysis.path(run)
    values = read_json(path)
    state = _state(values)
    if state is None:
        return AnalysisState()
    if state.state == "working" and not is_held(_lock(path)) and not _just_asked_for(path):
        return replace(state, state="absent")  # its process was killed
    return state


def request(run: Run, analysis: Analysis) -> AnalysisState:
    """Has it worked out, unless it is done or being worked on; a failed one is tried again.

    Raises:
        RunError: if the run has no such epoch.
        DiskError: if the disk is full or read-only.
    """
    if analysis.epoch not in run.epochs():
        raise RunError(f"run {run.id} has no epoch {analysis.epoch}")
    found = look(run, analysis)
    if found.state in ("done", "working"):
        return found
    path = analysis.path(run)
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    waiting = AnalysisState(state="working")
    write_json(path.with_suffix(".request"), asdict(analysis))
    write_json(path, asdict(waiting), sync=False)
    spawn_analyst(path)
    return waiting


def work(run: Run, analysis: Analysis, parts: Iterator[Step | dict[str, Any]]) -> None:
    """Iterates an analysis to its end, telling how far it is, and keeps the result.

    Args:
        run: whose folder takes the result.
        analysis: what is worked out.
        parts: yields ``(done, total)`` on the way and the result, a dict, at last.
    """
    path = analysis.path(run)
    due = 0.0
    with held(_lock(path), timeout=2.0, busy=f"{analysis.name} is being worked out already"):
        try:
            for part in parts:
                if isinstance(part, dict):
                    write_json(path, asdict(AnalysisState("done", result=part)))
                elif time.monotonic() >= due:
                    told = AnalysisState("working", done=part[0], total=part[1])
                    write_json(path, asdict(told), sync=False)
                    due = time.monotonic() + PROGRESS_SECONDS
        except UserError as error:
            write_json(path, asdict(AnalysisState("failed", message=str(error))))
        except Exception:
            message = (
                f"It ended with an unexpected error; {path.with_suffix('.log')} has the details."
            )
            write_json(path, asdict(AnalysisState("failed", message=message)))
            raise


def log_tail(run: Run, analysis: Analysis) -> str:
    """The last lines that its process printed."""
    return tail(analysis.path(run).with_suffix(".log"), 20)


def _just_asked_for(path: Path) -> bool:
    """Whether the process that works on it may still be starting."""
    try:
        return 0 <= time.time() - path.stat().st_mtime < START_SECONDS
    except OSError:
        return False


def _lock(path: Path) -> Path:
    return path.with_suffix(".lock")


def _state(values: dict[str, Any] | None) -> AnalysisState | None:
    """What a file says; None for one that nobody here has written."""
    try:
        state = AnalysisState(**values or {})
    except TypeError:
        return None
    known = state.state in ("working", "done", "failed") and isinstance(state.message, str)
    counted = type(state.done) is int and type(state.total) is int
    kept = state.state != "done" or isinstance(state.result, dict)
    return state if known and counted and kept else None
