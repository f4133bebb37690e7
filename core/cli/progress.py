"""One line that shows how far a run is, and one line for each epoch it has finished."""

import shutil
import time
from typing import TextIO

from core.records import EpochRecord, Record, StepRecord
from core.runs import Status

PLAIN_SECONDS = 10.0  # between two lines of progress where the line cannot be replaced
BAR_WIDTH = 24

_NEWS = ("queued", "paused")  # states worth a plain line of their own


class Progress:
    """Shows a run's progress on a terminal, or as plain lines in a file.

    Args:
        stream: where to.
    """

    def __init__(self, stream: TextIO):
        self._stream = stream
        self._is_terminal = stream.isatty()
        self._loss: float | None = None
        self._shown = ""
        self._state = ""
        self._plain_at = time.monotonic()

    def update(self, status: Status, records: list[Record]) -> None:
        """Shows what has happened since the last call."""
        for record in records:
            if isinstance(record, StepRecord):
                self._loss = record.loss
            elif isinstance(record, EpochRecord) and record.epoch > 0:
                self.say(epoch_line(record, status.epochs))
        line = status_line(status, self._loss)
        if self._is_terminal:
            self._replace(line)
        elif self._deserves_a_line(status.state):
            self.say(line)
        self._state = status.state

    def _deserves_a_line(self, state: str) -> bool:
        if state == "running":
            return time.monotonic() - self._plain_at > PLAIN_SECONDS
        return state in _NEWS and state != self._state

    def say(self, text: str) -> None:
        """Prints a line that stays."""
        self._clear()
        print(text, file=self._stream, flush=True)
        self._plain_at = time.monotonic()

    def close(self) -> None:
        """Takes the moving line away."""
        self._clear()
        self._stream.flush()

    def _replace(self, line: str) -> None:
        columns = shutil.get_terminal_size().columns
        line = line[: columns - 1]
        if line != self._shown:
            self._stream.write("\r" + line.ljust(len(self._shown)))
            self._stream.flush()
            self._shown = line

    def _clear(self) -> None:
        if self._is_terminal and self._shown:
            self._stream.write("\r" + " " * len(self._shown) + "\r")
            self._shown = ""


def status_line(status: Status, loss: float | None) -> str:
    """Epoch, share of the work that is done, loss, images per second and time left."""
    if status.state == "queued":
        return "waiting for its turn in the queue"
    share = min(1.0, status.epoch_fraction / status.epochs) if status.epochs else 0.0
    full = round(share * BAR_WIDTH)
    begun = min(int(status.epoch_fraction) + 1, status.epochs)
    parts = [
        f"epoch {begun}/{status.epochs} {'━' * full}{'─' * (BAR_WIDTH - full)} {share:4.0%}",
        "" if loss is None else f"train loss {loss:.3f}",
        f"{status.images_per_second:,.0f} images/s" if status.images_per_second else "",
        "" if status.eta_seconds is None else f"{duration(status.eta_seconds)} left",
        "" if status.state == "running" else status.state,
        "" if status.responding else "not responding",
    ]
    return "  ".join(part for part in parts if part)


def epoch_line(record: EpochRecord, epochs: int) -> str:
    """The numbers of a finished epoch, each with its split."""
    return (
        f"epoch {record.epoch}/{epochs}  train loss {record.train_loss:.4f}  "
        f"validation accuracy {record.validation_accuracy:.2%}  "
        f"test accuracy {record.test_accuracy:.2%}  "
        f"{record.images_per_second:,.0f} images/s  {record.seconds:.1f} s"
    )


def duration(seconds: float) -> str:
    """Time in words that fit a table: ``8 s``, ``2:05 min``, ``1:02:05 h``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes}:{rest:02} min"
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02} h"
