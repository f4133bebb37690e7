"""A sign of life every second, so that a stopped process is told from one that works."""

import os
import threading
from pathlib import Path
from types import TracebackType

BEAT_SECONDS = 1.0


class Heartbeat:
    """Touches a file every second while the block runs, also during a long evaluation or a pause.

    A process that the system has stopped (SIGSTOP, a frozen container) stops all its threads, so
    the file grows old while the run's lock is still held.
    """

    def __init__(self, path: Path):
        self._path = path
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def __enter__(self) -> "Heartbeat":
        self._path.touch(mode=0o600)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._ended.wait(BEAT_SECONDS):
            try:
                os.utime(self._path)
            except OSError:
                return  # the folder is gone; the training itself notices that with its next write
