"""A disk that fills up in the middle of a write."""

import errno
import os

import pytest

from core import run_files


def full_after(limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on the disk takes `limit` bytes: the last write returns short, without a word."""
    room = [limit]
    original = os.write

    def write(descriptor: int, data: bytes) -> int:
        if room[0] == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        count = original(descriptor, bytes(data)[: room[0]])
        room[0] -= count
        return count

    monkeypatch.setattr(run_files.os, "write", write)


def full_for_new_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on no file finds room for its beginning; one that is there can be written over."""
    original = os.open

    def opened(path: str, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if flags & os.O_CREAT:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return original(path, flags, mode, dir_fd=dir_fd)

    monkeypatch.setattr(run_files.os, "open", opened)
