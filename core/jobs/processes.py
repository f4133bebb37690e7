"""Starting supervisor and workers: fresh interpreters, detached from whoever starts them."""

import os
import subprocess
import sys
import threading
from pathlib import Path

from core.run_files import disk_errors, is_held
from core.runs import RunStore

_PROJECT = Path(__file__).resolve().parents[2]


def revive(store: RunStore) -> None:
    """Starts a supervisor if runs wait and none is there: after it was killed, or a reboot."""
    if store.queue():
        ensure_supervisor(store.root)


def ensure_supervisor(root: Path) -> None:
    """Starts a supervisor for the store unless one is there.

    Call it after the run is in the queue: a supervisor that is about to end looks at the queue once
    more after it has let go of its lock, so one of the two starts the run.
    """
    if not is_held(root / "supervisor.lock"):
        log = root / "supervisor.log"
        _let_go(_spawn("core.jobs.supervisor", root, log, mode="wb"))


def spawn_worker(run: Path) -> "subprocess.Popen[bytes]":
    """Starts the training process of a run; what it prints is kept in the run's log."""
    return _spawn("core.jobs.worker", run, run / "worker.log", mode="ab")


def spawn_analyst(analysis: Path) -> None:
    """Starts the process that works out an analysis of a run, as told in its ``.request`` file."""
    log = analysis.with_suffix(".log")
    _let_go(_spawn("core.jobs.analyst", analysis.with_suffix(".request"), log, mode="wb"))


def _let_go(child: "subprocess.Popen[bytes]") -> None:
    """Takes a child off the process table when it ends, however long this process lives on."""
    threading.Thread(target=child.wait, name="reaper", daemon=True).start()


def _spawn(module: str, folder: Path, log: Path, mode: str) -> "subprocess.Popen[bytes]":
    paths = [str(_PROJECT), *filter(None, [os.environ.get("PYTHONPATH")])]
    with disk_errors(log), log.open(mode) as output:
        # -P: a folder called "core" in the working folder must not stand in for ours.
        return subprocess.Popen(
            [sys.executable, "-P", "-m", module, str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONUNBUFFERED": "1"},
        )
