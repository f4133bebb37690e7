"""Watches a run that trains in its own process, and stops it on Ctrl-C."""

import time

from core import jobs
from core.cli.progress import Progress
from core.runs import Run, RunStore

POLL_SECONDS = 0.1
REVIVE_SECONDS = 5.0


class Follower:
    """Shows what a run does until it ends.

    Args:
        run: the run.
        progress: where to show it.
        offset: bytes of the run's metrics that are old news.
    """

    def __init__(self, run: Run, progress: Progress, offset: int = 0):
        self._run = run
        self._progress = progress
        self._offset = offset
        self._looked_at = time.monotonic()

    def follow(self) -> bool:
        """Until the run ends. Ctrl-C stops the run, a second one only stops watching.

        Returns:
            Whether there was a Ctrl-C.
        """
        try:
            self._to_the_end()
            return False
        except KeyboardInterrupt:
            self._progress.say("stopping within this batch; Ctrl-C again leaves it to itself")
        try:
            jobs.stop(self._run)
            self._to_the_end()
        except KeyboardInterrupt:
            self._progress.say("no longer watching")
        return True

    def _to_the_end(self) -> None:
        while self._show():
            time.sleep(POLL_SECONDS)

    def _show(self) -> bool:
        """Shows what is new; False once the run has ended."""
        # The status first: what ends a run is written after its last record.
        status = self._run.status()
        records, self._offset = self._run.read_metrics(self._offset)
        self._progress.update(status, records)
        if status.state == "queued" and time.monotonic() - self._looked_at > REVIVE_SECONDS:
            # A supervisor that was killed leaves the queue to nobody.
            jobs.revive(RunStore(self._run.path.parent))
            self._looked_at = time.monotonic()
        return status.active or status.state == "queued"
