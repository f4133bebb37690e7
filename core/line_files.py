"""Files of lines that grow at their end: appended whole, read on from where one stopped.

A torn line, as a kill or a full disk leaves it, is cut off by the next writer, and readers leave it
out.
"""

import os
from pathlib import Path

from core.errors import RunError
from core.run_files import disk_errors, write_all


class LineWriter:
    """Appends whole lines to a file; a torn line at its end is cut off on opening.

    Raises:
        DiskError: from any method, if the disk is full or read-only; the file then still ends
            with the last whole line.
    """

    def __init__(self, path: Path):
        self._path = path
        with disk_errors(path):
            flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
            self._descriptor = os.open(path, flags, 0o600)
            self._size = _end_of_last_line(self._descriptor)
            os.ftruncate(self._descriptor, self._size)
            os.lseek(self._descriptor, self._size, os.SEEK_SET)

    @property
    def is_empty(self) -> bool:
        """Whether the file has no line yet."""
        return self._size == 0

    def append(self, line: bytes) -> None:
        """Adds one line, newline included."""
        with disk_errors(self._path):
            try:
                write_all(self._descriptor, line)
            except OSError:
                os.ftruncate(self._descriptor, self._size)
                os.lseek(self._descriptor, self._size, os.SEEK_SET)
                raise
        self._size += len(line)

    def sync(self) -> None:
        """Waits until the lines are on the disk."""
        with disk_errors(self._path):
            os.fsync(self._descriptor)

    def close(self) -> None:
        """Lets go of the file."""
        os.close(self._descriptor)


def _end_of_last_line(descriptor: int) -> int:
    """Offset behind the last newline, looked for from the end."""
    end = os.lseek(descriptor, 0, os.SEEK_END)
    while end > 0:
        start = max(0, end - 65536)
        os.lseek(descriptor, start, os.SEEK_SET)
        found = os.read(descriptor, end - start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0


def read_lines(path: Path, offset: int) -> tuple[list[bytes], int]:
    """Whole lines from a byte offset on, and the offset to go on from; a torn tail waits.

    Raises:
        RunError: if something is there that cannot be read.
    """
    try:
        with path.open("rb") as file:
            file.seek(offset)
            data = file.read()
    except FileNotFoundError:
        return [], offset
    except OSError as error:
        where = f"{path.parent.name}/{path.name}"
        raise RunError(f"{where} cannot be read ({error.strerror}); move it away") from None
    end = data.rfind(b"\n") + 1
    return data[:end].splitlines(), offset + end


def tail(path: Path, lines: int) -> str:
    """The last lines of a text file, of its last 16 KiB at most; empty if it cannot be read."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 16_384))
            text = file.read().decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])
