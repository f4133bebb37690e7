"""The training process of one run: ``python -m core.jobs.worker RUN_FOLDER``.

It holds the run's lock from its first to its last write, so there is never a second one.
"""

import contextlib
import sys
import traceback
from pathlib import Path

from core.datasets.catalog import entry
from core.errors import DiskError, RunError, UserError
from core.jobs import control, processes
from core.jobs.environment import prepare
from core.jobs.heartbeat import Heartbeat
from core.jobs.reporter import Reporter
from core.run_files import InUseError
from core.runs import Run, RunStore, open_run

DONE, FAILED, BUSY = 0, 1, 3  # exit status; the supervisor reads them
LOCK_SECONDS = 5.0  # readers and the queue hold the lock for an instant


def work(run: Run) -> int:
    """Trains the run if it waits; returns the process's exit status."""
    try:
        with run.lock(timeout=LOCK_SECONDS):
            status = run.written_status()
            if status is None or status.state != "queued":
                print(f"run {run.id} does not wait to be trained", flush=True)
                return DONE
            with Heartbeat(run.path / "heartbeat"):
                result = _train(run, Reporter(run, status))
    except InUseError as error:
        print(error, flush=True)
        return BUSY
    look_once_more(run)
    return result


def _train(run: Run, reporter: Reporter) -> int:
    """Trains, and says in the status how it ended."""
    try:
        reporter.begin()
        prepare(run.config.training.threads)
        # Only now: torch takes two seconds to import, and reads its thread count on the way.
        from core.jobs.session import Session
        from core.training.eager import leave_out_compiler

        # The other data sets come through torchvision, whose import needs the real one.
        if entry(run.config.data.name).embedded:
            leave_out_compiler()
        Session(run, reporter).train()
        return DONE
    except Exception as error:
        if not run.path.is_dir():
            print(f"run {run.id} was deleted while it trained", flush=True)
            return DONE
        if not isinstance(error, UserError):
            traceback.print_exc()
        reporter.end(state="failed", message=explain(error))
        return FAILED


def explain(error: Exception) -> str:
    """Why a run failed, in a sentence with what to do."""
    if isinstance(error, UserError):
        return str(error)
    text = f"{type(error).__name__}: {error}".splitlines()[0][:300]
    if isinstance(error, MemoryError) or "memory" in text.lower():
        return (
            f"Out of memory ({text}). Make the batch or the network smaller, or let fewer runs "
            "train at once."
        )
    return f"Training ended with an unexpected error ({text}). The run's log has the details."


def look_once_more(run: Run) -> None:
    """Catches what was asked for in the last moment, and wakes a queue that nobody looks after."""
    if not run.path.is_dir():
        return
    with contextlib.suppress(DiskError, RunError):
        wanted, status = run.control(), run.status()
        late = wanted.revision > status.revision_applied and wanted.want == "run"
        more = status.epoch < (wanted.epochs or status.epochs)
        if late and more and status.state in ("completed", "stopped"):
            control.enqueue(run)
    with contextlib.suppress(DiskError):
        processes.revive(RunStore(run.path.parent))


def main() -> int:
    """The worker's process."""
    try:
        return work(open_run(Path(sys.argv[1]).resolve()))
    except UserError as error:
        print(error, flush=True)
        return FAILED


if __name__ == "__main__":
    sys.exit(main())
