"""Long computations over one checkpoint, in a process of their own, kept once they are done.

A finished epoch never changes, so neither does what is worked out of it: the result lies in the
run's folder, ``analyses/<epoch>/<name>.json``, and goes when the run goes. Whoever works on it
holds a lock beside it; a process that dies frees it, and the next request starts anew. Beside the
result there can be

- ``<name>.arrays/``: what of it is arrays, with checksums
- ``<name>.parts/``: finished parts of one that is not done, so that the next process goes on there
- ``<name>.stop``: the wish that it ends; ``.request``, ``.lock``, ``.log``: of its process
"""

import json
import time
from collections.abc import Generator, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from core.errors import DiskError, RunError, UserError
from core.jobs.kept_arrays import MAIN, Arrays, keep_arrays, kept_arrays, let_go
from core.jobs.processes import spawn_analyst
from core.line_files import tail
from core.run_files import (
    disk_errors,
    held,
    is_held,
    overwrite,
    read_json,
    sha256,
    to_json_bytes,
    write_atomic,
    write_json,
)
from core.runs import Run
from core.runs.checkpoints import remove_leftovers

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

    def parts_path(self, run: Run) -> Path:
        """Where finished parts of it lie until it is done."""
        return self.path(run).with_suffix(".parts")


@dataclass(frozen=True, eq=False)  # eq would compare arrays element by element
class Finding:
    """The result of an analysis that is more than JSON values.

    Attributes:
        values: JSON values: the `AnalysisState.result`.
        arrays: what `arrays` gives back.
        more: what it gives back where it is asked for another part, by the part's name.
    """

    values: dict[str, Any]
    arrays: Arrays
    more: dict[str, Arrays] = field(default_factory=dict)


Part = Step | dict[str, Any] | Finding


@dataclass(frozen=True)
class AnalysisState:
    """How far an analysis is.

    Attributes:
        state: absent, working, stopped (by `stop`), crashed (its process was killed), done or
            failed.
        done: parts that are worked out.
        total: of so many; 0 while that is not known yet.
        message: why it failed, in a sentence.
        result: JSON values, once it is done.
        stopping: whether it was asked to end and has not done so yet.
    """

    state: Literal["absent", "working", "stopped", "crashed", "done", "failed"] = "absent"
    done: int = 0
    total: int = 0
    message: str = ""
    result: Any = None
    stopping: bool = False


def look(run: Run, analysis: Analysis) -> AnalysisState:
    """How far it is; starts nothing."""
    path = analysis.path(run)
    found = _told(path)
    if found.state == "working" and not is_held(_lock(path)):
        found = _told(path)  # once more: its process tells how it ended before it frees the lock
        if found.state == "working" and not _may_be_starting(path, found):
            return replace(found, state="crashed")
    if found.state == "working":
        return replace(found, stopping=_stop(path).exists())
    return found


def request(run: Run, analysis: Analysis) -> AnalysisState:
    """Has it worked out, unless it is done or being worked on; a failed one is tried again.

    One that was stopped or killed goes on with the parts that it has finished, where its kind keeps
    them. A wish to stop that nobody has followed yet is taken back.

    Raises:
        RunError: if the run has no such epoch.
        DiskError: if the disk is full or read-only.
    """
    if analysis.epoch not in run.epochs():
        raise RunError(f"run {run.id} has no epoch {analysis.epoch}")
    path = analysis.path(run)
    found = look(run, analysis)
    if found.state == "done":
        return found
    with disk_errors(path):
        _stop(path).unlink(missing_ok=True)
        path.parent.mkdir(parents=True, exist_ok=True)
    if found.state == "working":
        return replace(found, stopping=False)
    waiting = AnalysisState(state="working")
    write_json(path.with_suffix(".request"), asdict(analysis))
    write_json(path, asdict(waiting), sync=False)
    spawn_analyst(path)
    return waiting


def stop(run: Run, analysis: Analysis) -> None:
    """Asks for its end: its process looks whenever it tells how far it is. Else nothing happens.

    Raises:
        DiskError: if the disk is full or read-only.
    """
    if look(run, analysis).state == "working":
        write_atomic(_stop(analysis.path(run)), b"", sync=False)


def arrays(run: Run, analysis: Analysis, part: str = MAIN) -> Arrays:
    """The arrays of a result, checked.

    Args:
        run: whose.
        analysis: that is done.
        part: a name of `Finding.more`; by default its `Finding.arrays`.

    Raises:
        RunError: if there are none, or they are damaged; `discard` lets it be worked out again.
    """
    return kept_arrays(_arrays(analysis.path(run)), part)[0]


def discard(run: Run, analysis: Analysis) -> None:
    """Lets a result go, so that the next request works it out again.

    Raises:
        InUseError: if it is being worked out.
        DiskError: if the disk is read-only.
    """
    path = analysis.path(run)
    with held(_lock(path), timeout=2.0, busy=f"{analysis.name} is being worked out"):
        with disk_errors(path):
            path.unlink(missing_ok=True)
        let_go(_arrays(path))
        let_go(analysis.parts_path(run))


def work(run: Run, analysis: Analysis, parts: Iterator[Part]) -> None:
    """Iterates an analysis to its end or until a stop is asked for, and keeps the result.

    Args:
        run: whose folder takes the result.
        analysis: what is worked out.
        parts: yields ``(done, total)`` on the way and the result, a dict or a `Finding`, at last.
            A generator is closed at a stop, so that it can keep what it has begun.
    """
    work_at(analysis.path(run), parts)


def work_at(path: Path, parts: Iterator[Part]) -> None:
    """The same, where the result lies at `path`: what it is of may turn out on the way."""
    with held(_lock(path), timeout=2.0, busy=f"{path.stem} is being worked out already"):
        try:
            remove_leftovers(_arrays(path))
            _iterate(path, parts)
        except UserError as error:
            _tell_failure(path, str(error))
        except Exception:
            _tell_failure(
                path,
                f"It ended with an unexpected error; {path.with_suffix('.log')} has the details.",
            )
            raise


def _tell_failure(path: Path, message: str) -> None:
    told = asdict(AnalysisState("failed", message=message))
    try:
        write_json(path, told)
    except DiskError:  # there is no room for a new file: the words take the old one's place
        overwrite(path, to_json_bytes(told))


def _iterate(path: Path, parts: Iterator[Part]) -> None:
    due = 0.0
    for part in parts:
        if not isinstance(part, tuple):
            _keep(path, part)
        elif _stop(path).exists():
            if isinstance(parts, Generator):
                parts.close()  # before the stop is told: whoever goes on finds what it has kept
            told = AnalysisState("stopped", done=part[0], total=part[1])
            write_json(path, asdict(told))
            _stop(path).unlink(missing_ok=True)
            return
        elif time.monotonic() >= due:
            told = AnalysisState("working", done=part[0], total=part[1])
            write_json(path, asdict(told), sync=False)
            due = time.monotonic() + PROGRESS_SECONDS


def _keep(path: Path, result: dict[str, Any] | Finding) -> None:
    """Keeps the result, arrays first: a reader who sees it done finds all of it."""
    values = result
    if isinstance(result, Finding):
        values = result.values
        keep_arrays(_arrays(path), result.arrays, {}, result.more)
    write_json(path, asdict(AnalysisState("done", result=values)))
    let_go(path.with_suffix(".parts"))


def log_tail(run: Run, analysis: Analysis) -> str:
    """The last lines that its process printed."""
    return tail(analysis.path(run).with_suffix(".log"), 20)


def _may_be_starting(path: Path, found: AnalysisState) -> bool:
    """Whether it was just asked for, and its process has not told of a part yet."""
    try:
        return not found.total and 0 <= time.time() - path.stat().st_mtime < START_SECONDS
    except OSError:
        return False


def _lock(path: Path) -> Path:
    return path.with_suffix(".lock")


def _stop(path: Path) -> Path:
    return path.with_suffix(".stop")


def _arrays(path: Path) -> Path:
    return path.with_suffix(".arrays")


def _told(path: Path) -> AnalysisState:
    """What the file says, held or not; absent for one that nobody here has written."""
    try:
        state = AnalysisState(**read_json(path) or {})
    except TypeError:
        return AnalysisState()
    states = ("working", "stopped", "done", "failed")
    known = state.state in states and isinstance(state.message, str)
    counted = type(state.done) is int and type(state.total) is int
    kept = state.state != "done" or isinstance(state.result, dict)
    return state if known and counted and kept else AnalysisState()
