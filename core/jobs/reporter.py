"""Keeps a run's status true while it trains: progress, speed, time left."""

import math
import os
import time
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import psutil

from core.errors import DiskError
from core.records import EpochRecord
from core.run_files import overwrite, to_json_bytes
from core.runs import Run, Status
from core.runs.status import to_values

if TYPE_CHECKING:
    from core.training import Training

REPORT_SECONDS = 0.5  # the page looks twice a second
SPEED_SECONDS = 3.0  # of training that the shown speed is a mean of


class Reporter:
    """The only writer of the status while a worker holds the run's lock."""

    def __init__(self, run: Run, status: Status):
        self._run = run
        self.status = status
        self._reported = 0.0
        self._speed: deque[tuple[float, float]] = deque()  # (training seconds, images) so far
        self._evaluation_seconds = 0.0

    def begin(self) -> None:
        """Says that this process has the run."""
        process = psutil.Process()
        self.set(
            state="running",
            message="Loading the data and the network.",
            queued_at=None,
            attempts=0,
            started=self.status.started or time.time(),
            pid=os.getpid(),
            pid_created=process.create_time(),
        )

    def set(self, **changes: Any) -> None:
        """Changes the status and waits for the disk."""
        self.status = self._run.write_status(replace(self.status, **changes))
        self._reported = time.monotonic()

    def progress(self, training: "Training") -> None:
        """Tells where the training is, at most twice a second."""
        self._note_speed(training)
        if time.monotonic() - self._reported < REPORT_SECONDS:
            return
        self.status = self._run.write_status(self._where(training), sync=False)
        self._reported = time.monotonic()

    def epoch(self, training: "Training", record: EpochRecord) -> None:
        """Tells what an epoch came to."""
        learning = training.num_images / record.images_per_second if record.epoch else 0.0
        self._evaluation_seconds = max(0.0, record.seconds - learning)
        self.status = self._where(training)
        self.set(
            train_accuracy=_finite(record.train_accuracy),
            validation_accuracy=_finite(record.validation_accuracy),
            test_accuracy=_finite(record.test_accuracy),
        )

    def where(self, training: "Training", **changes: Any) -> None:
        """Tells where the training is, now, together with other changes."""
        self.status = self._where(training)
        self.set(**changes)

    def end(self, training: "Training | None" = None, **changes: Any) -> None:
        """The last word; on a full disk it is written over the one before."""
        status = replace(
            self._where(training) if training else self.status,
            eta_seconds=None,
            pid=None,
            pid_created=None,
            updated=time.time(),
            **changes,
        )
        try:
            self.status = self._run.write_status(status)
        except DiskError:
            overwrite(self._run.path / "status.json", to_json_bytes(to_values(status)))

    def _where(self, training: "Training") -> Status:
        speed = self._images_per_second()
        return replace(
            self.status,
            message="",
            epoch=training.epoch,
            epochs=training.planned_epochs,
            step=training.step,
            epoch_fraction=training.epoch_fraction,
            train_seconds=training.progress.seconds,
            images_per_second=speed,
            eta_seconds=self._eta(training, speed),
            applied=training.applied,
        )

    def _note_speed(self, training: "Training") -> None:
        seconds = training.progress.seconds
        self._speed.append((seconds, training.epoch_fraction * training.num_images))
        while len(self._speed) > 2 and seconds - self._speed[1][0] >= SPEED_SECONDS:
            self._speed.popleft()

    def _images_per_second(self) -> float:
        if len(self._speed) < 2:
            return self.status.images_per_second
        (began, before), (now, after) = self._speed[0], self._speed[-1]
        return (after - before) / (now - began) if now > began else 0.0

    def _eta(self, training: "Training", speed: float) -> float | None:
        """Seconds of training and of evaluation to come; None before anything was measured."""
        left = max(0.0, training.planned_epochs - training.epoch_fraction)
        if speed <= 0:
            return None
        evaluations = math.ceil(left - 1e-9)
        return left * training.num_images / speed + evaluations * self._evaluation_seconds


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
