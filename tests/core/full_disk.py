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
