"""The one process that starts waiting runs: ``python -m core.jobs.supervisor STORE``.

It holds a lock while there is something to start and ends when nothing waits. It keeps nothing in
memory that matters: killed at any time, the next one finds all it needs in the run folders.
"""

import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

from core.config import RunConfig
from core.errors import RunError
from core.jobs.processes import spawn_worker
from core.run_files import InUseError, held
from core.runs import Run, RunStore

ATTEMPTS = 3  # a process that dies before it can report is started so many times
POLL_SECONDS = 0.1
BUSY = 3  # exit status of a worker that found its run in other hands


def supervise(store: RunStore) -> None:
    """Starts waiting runs until none waits, if no other process does."""
    supervisor = Supervisor(store)
    while True:
        try:
            with held(store.root / "supervisor.lock", timeout=2.0, busy="another one is there"):
                supervisor.run()
        except InUseError:
            return
        # Whoever put a run into the queue in the last moment saw the lock held, and relies on this.
        if not supervisor.waiting():
            return


class Supervisor:
    """Starts workers while fewer than the allowed number are there."""

    def __init__(self, store: RunStore):
        self.store = store
        self._starting: dict[str, subprocess.Popen[bytes]] = {}
        self._started: list[subprocess.Popen[bytes]] = []
        self._given_up: set[str] = set()

    def run(self) -> None:
        """Until nothing waits and every worker has reported."""
        while True:
            began = time.monotonic()
            if not self.look():
                return
            # Looking through a large store takes its time: no more than a sixth of a core.
            time.sleep(max(POLL_SECONDS, 5 * (time.monotonic() - began)))

    def look(self) -> bool:
        """Starts what there is room for; False when there is nothing left to look after."""
        self._look_after_starting()
        waiting = self.waiting()
        self._start(waiting)
        return bool(waiting or self._starting)

    def waiting(self) -> list[str]:
        """Runs to be started, the next one first."""
        return [run_id for run_id in self.store.queue() if run_id not in self._given_up]

    def _start(self, waiting: list[str]) -> None:
        free = self.store.settings()["max_parallel"]
        free -= len({*self.store.active(), *self._starting})
        for run_id in waiting:
            if free <= 0:
                return
            if run_id not in self._starting:
                self._launch(run_id)
                free -= 1

    def _launch(self, run_id: str) -> None:
        try:
            self._starting[run_id] = spawn_worker(self.store.root / run_id)
        except (RunError, OSError) as error:
            # Its folder is gone or cannot be written: nothing can be noted there either.
            print(f"run {run_id} could not be started: {error}", flush=True)
            self._given_up.add(run_id)

    def _look_after_starting(self) -> None:
        """Lets go of workers that have reported; counts those that died before they could."""
        self._started = [worker for worker in self._started if worker.poll() is None]
        ends = {run_id: worker.poll() for run_id, worker in self._starting.items()}
        still_waiting = set(self.store.queue())  # asked after the ends: they report before they end
        for run_id, ended in ends.items():
            if run_id in still_waiting and ended is None:
                continue
            if run_id in still_waiting and ended != BUSY:
                self._count_attempt(run_id)
            self._started.append(self._starting.pop(run_id))

    def _count_attempt(self, run_id: str) -> None:
        try:
            # Without reading its configuration: that may be just what is damaged.
            note_failed_start(Run(self.store.root / run_id, RunConfig(), 0.0))
        except RunError as error:
            print(f"run {run_id} could not be started: {error}", flush=True)
            self._given_up.add(run_id)


def note_failed_start(run: Run) -> None:
    """Counts a worker that died before it reported; after the third the run has failed."""
    with run.lock():
        status = run.written_status()
        if status is None or not status.waiting:
            return
        attempts = status.attempts + 1
        status = replace(status, attempts=attempts)
        if attempts >= ATTEMPTS:
            said = run.log_tail(1) or "nothing"
            message = (
                f"The training process ended {attempts} times before it could begin. "
                f"The last it said: {said}"
            )
            status = replace(status, state="failed", queued_at=None, message=message)
        run.write_status(status)


def main() -> int:
    """The supervisor's process."""
    supervise(RunStore(Path(sys.argv[1])))
    return 0


if __name__ == "__main__":
    sys.exit(main())
