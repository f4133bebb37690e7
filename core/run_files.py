"""Files that are whole whenever they are read: atomic writes, locks, checksums.

A write goes to a temporary file, is synced and renamed over the old one. Every count is checked,
because a raw write to a full disk can return short without an exception. A full or read-only disk
is a `DiskError` with a sentence.
"""

import contextlib
import errno
import hashlib
import json
import math
import os
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from core.errors import DiskError, RunError

if sys.platform != "win32":
    import fcntl

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_READ_ONLY = {errno.EROFS, errno.EACCES, errno.EPERM}

Signature = tuple[int, int, int]


class InUseError(RunError):
    """Another process holds the lock."""


@contextlib.contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turns the operating system's refusals to write into a `DiskError` that names the place.

    Raises:
        DiskError: if the disk is full, or the place is read-only.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise DiskError(
                f"disk full: {path} could not be written; free some space, then resume"
            ) from error
        if error.errno in _READ_ONLY:
            raise DiskError(
                f"{path} cannot be written ({os.strerror(error.errno or 0)}); "
                "make the folder writable or choose another one"
            ) from error
        raise


def write_all(descriptor: int, data: bytes) -> None:
    """Writes every byte; a short write goes on until the system names its reason."""
    view = memoryview(data)
    while view:
        written = os.write(descriptor, view)
        if written == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        view = view[written:]


def write_new(path: Path, data: bytes, *, sync: bool = True) -> None:
    """Writes a file that does not exist yet, readable by its owner only."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags, 0o600)
    try:
        write_all(descriptor, data)
        if sync:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_atomic(path: Path, data: bytes, *, sync: bool = True) -> None:
    """Replaces a file as a whole: a reader sees the old content or the new, never a mixture.

    Args:
        path: the file; its folder must exist.
        data: the new content.
        sync: wait for the disk. Without it a power cut may lose the new content; a killed process
            does not.

    Raises:
        DiskError: if the disk is full or read-only; the old content is then still there.
        FileNotFoundError: if the folder is gone.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with disk_errors(path):
        try:
            write_new(temporary, data, sync=sync)
            temporary.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise
        if sync:
            sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Makes the names in a folder survive a power cut (where folders can be synced)."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def overwrite(path: Path, data: bytes) -> None:
    """Writes over a file in place: the last resort on a full disk, where no new file finds room.

    A reader may see it torn for an instant.
    """
    descriptor = os.open(path, os.O_WRONLY | getattr(os, "O_BINARY", 0))
    try:
        write_all(descriptor, data)
        os.ftruncate(descriptor, len(data))
    finally:
        os.close(descriptor)


def make_folder(path: Path) -> None:
    """Makes a folder in one that is there: with its parents made too, a deleted run would be back.

    Raises:
        RunError: if the folder above it is gone.
        DiskError: if the disk is full or read-only.
    """
    with disk_errors(path):
        try:
            path.mkdir(exist_ok=True)
        except FileNotFoundError:
            raise RunError(f"{path.parent} does not exist any more") from None


def to_json_bytes(values: Any, *, compact: bool = False) -> bytes:
    """Strict JSON: NaN and infinity are refused.

    Args:
        values: of JSON's types.
        compact: without spaces, all on one line, for many numbers that nobody reads.
    """
    shape: dict[str, Any] = {"separators": (",", ":")} if compact else {"indent": 1}
    return json.dumps(values, allow_nan=False, ensure_ascii=False, **shape).encode()


def write_json(path: Path, values: Any, *, sync: bool = True) -> None:
    """`write_atomic` of a JSON value."""
    write_atomic(path, to_json_bytes(values), sync=sync)


def read_json(path: Path | str) -> dict[str, Any] | None:
    """The JSON object in a file; None if it is missing, torn or holds something else."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123  (listings read thousands)
            values = _STRICT.decode(file.read().decode())
    except (OSError, ValueError, RecursionError):
        return None
    return values if isinstance(values, dict) else None


def _finite(text: str) -> float:
    """The number; NaN, infinity and what is rounded to it are refused, as on writing."""
    if not math.isfinite(number := float(text)):
        raise ValueError(f"{text} is not a number in JSON")
    return number


_STRICT = json.JSONDecoder(parse_float=_finite, parse_constant=_finite)


def signature(path: Path | str) -> Signature | None:
    """What changes whenever a file is replaced: (modified in ns, size, inode); None if missing."""
    try:
        found = os.stat(path)  # noqa: PTH116  (a microsecond less than Path.stat, before every step)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def sha256(data: bytes) -> str:
    """Hex digest of SHA-256."""
    return hashlib.sha256(data).hexdigest()


@contextlib.contextmanager
def held(path: Path, *, timeout: float, busy: str) -> Iterator[None]:
    """Holds a lock file while the block runs; the kernel frees it should the process die.

    Args:
        path: the lock file, made when missing.
        timeout: seconds to wait for another holder.
        busy: the sentence of the `InUseError` when that was not enough.

    Raises:
        InUseError: if another process keeps it for longer.
        RunError: if the folder is gone.
        DiskError: if the folder is read-only.
    """
    if not path.parent.is_dir():  # filelock would make it, and a deleted run would be back
        raise RunError(f"{path.parent} does not exist any more")
    with disk_errors(path):
        lock = FileLock(path, timeout=timeout, poll_interval=0.02, mode=0o600)
        try:
            lock.acquire()
        except Timeout:
            raise InUseError(busy) from None
    try:
        yield
    finally:
        lock.release()


def is_held(path: Path) -> bool:
    """Whether some process (this one, too) holds the lock file at this moment."""
    if sys.platform == "win32":
        return _is_held_by_trying(path)
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        # Shared, so that two readers who ask at once do not take each other for the holder.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def _is_held_by_trying(path: Path) -> bool:
    if not path.exists():
        return False
    try:
        with FileLock(path, timeout=0):
            return False
    except Timeout:
        return True
