"""Data sets that torchvision downloads, kept as one checked file each.

A download goes into a temporary folder beside its target. Only when every image is there and
torchvision has found every published MD5 sum right is it written as ``<name>.safetensors`` and
renamed: one step, so a half download never counts as data. Later loads read that file alone, check
its SHA-256 sums and need no torchvision.
"""

import errno
import http.client
import os
import shutil
import socket
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from core.datasets.catalog import Entry
from core.datasets.dataset import Dataset, assemble, checksum
from core.datasets.sources import SOURCES, Source
from core.errors import DatasetError

_TENSORS = ("train_images", "train_labels", "test_images", "test_labels")
_TIMEOUT_SECONDS = 30.0  # of silence; torchvision itself would wait for ever
_DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM)
_DOWNLOAD_ERRORS = (
    OSError,  # with it urllib's URLError and HTTPError, and timeouts
    RuntimeError,  # torchvision: all mirrors failed, or a sum is wrong
    ValueError,
    EOFError,
    http.client.HTTPException,
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
)


def default_folder() -> Path:
    """Where downloads are kept: the environment variable CONVSCOPE_DATA, or ``data``."""
    return Path(os.environ.get("CONVSCOPE_DATA") or "data")


def load_downloaded(entry: Entry, folder: Path | None = None) -> Dataset:
    """A data set from its file, which is downloaded and written first when it is not there.

    Raises:
        DatasetError: if it cannot be downloaded, the disk is full or read-only, or the file is
            damaged; the sentence says what to do.
    """
    folder = default_folder() if folder is None else folder
    path = folder / f"{entry.name}.safetensors"
    if not path.exists():
        try:
            _fetch_once(entry, folder, path)
        except OSError as error:
            raise DatasetError(
                f"{entry.title} cannot be saved in {folder.absolute()} "
                f"({error.strerror or error}): free some space there, or set CONVSCOPE_DATA to a "
                "folder that can be written"
            ) from None
    return _read(entry, path)


def _fetch_once(entry: Entry, folder: Path, path: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / f".{entry.name}.lock"):  # a second process waits and finds it done
        if path.exists():
            return
        # Under the lock, a folder that is there was left by a process that was killed.
        staging = folder / f".{entry.name}.part"
        shutil.rmtree(staging, ignore_errors=True)
        try:
            complete = staging / path.name
            _write(complete, _obtain(entry, folder, staging))
            complete.replace(path)
        finally:
            shutil.rmtree(staging, ignore_errors=True)


def _obtain(entry: Entry, folder: Path, staging: Path) -> dict[str, Tensor]:
    source = SOURCES[entry.name]
    by_hand = folder / entry.name
    try:
        _copy_files(by_hand, staging / source.raw_folder, source)
        with _network_timeout(_TIMEOUT_SECONDS):
            arrays = source.read(staging)
    except _DOWNLOAD_ERRORS as error:
        if isinstance(error, OSError) and error.errno in _DISK_ERRORS:
            raise
        raise DatasetError(_advice(entry, source, by_hand, error)) from None
    _check_complete(entry, arrays)
    return arrays


def _advice(entry: Entry, source: Source, by_hand: Path, error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return (
        f"{entry.title} is not on this machine and could not be downloaded ({lines[-1]}). "
        f"Tried {source.host}: check the network. Or put these files, complete and as published "
        f"there, into {by_hand.absolute()} and load again: {', '.join(source.files)}"
    )


def _copy_files(by_hand: Path, target: Path, source: Source) -> None:
    """Copies what the user has put there; torchvision checks the sums and fetches only the rest.

    Copies, not links: torchvision overwrites a file whose sum is wrong, and that file is not ours.
    """
    target.mkdir(parents=True, exist_ok=True)
    for name in source.files:
        if (by_hand / name).is_file():
            shutil.copyfile(by_hand / name, target / name)


@contextmanager
def _network_timeout(seconds: float) -> Iterator[None]:
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _check_complete(entry: Entry, arrays: dict[str, Tensor]) -> None:
    for split, count in (("train", entry.num_train), ("test", entry.num_test)):
        images, labels = arrays[f"{split}_images"], arrays[f"{split}_labels"]
        expected = (count, *entry.shape)
        if tuple(images.shape) != expected or len(labels) != count:
            raise DatasetError(
                f"{entry.title}: the {split} images must have the shape {expected}, got "
                f"{tuple(images.shape)} and {len(labels)} labels: not the published files"
            )
        if int(labels.min()) < 0 or int(labels.max()) >= len(entry.classes):
            raise DatasetError(
                f"{entry.title}: labels must lie in [0, {len(entry.classes) - 1}], got "
                f"{int(labels.min())} to {int(labels.max())}: not the published files"
            )


def _write(path: Path, arrays: dict[str, Tensor]) -> None:
    sums = {name: checksum(arrays[name]) for name in _TENSORS}
    save_file(arrays, path, metadata=sums)
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _read(entry: Entry, path: Path) -> Dataset:
    damaged = f"{path.absolute()} is damaged; delete it, and {entry.title} is downloaded again"
    try:
        with safe_open(path, framework="pt") as file:
            sums: dict[str, Any] = file.metadata() or {}
            arrays = [file.get_tensor(name) for name in _TENSORS]
    except (SafetensorError, OSError):
        raise DatasetError(damaged) from None
    # safetensors loads a flipped bit without a word.
    actual = [checksum(tensor) for tensor in arrays]
    if actual != [sums.get(name) for name in _TENSORS]:
        raise DatasetError(damaged)
    train_images, train_labels, test_images, test_labels = arrays
    return assemble(entry, (train_images, train_labels), (test_images, test_labels), actual)
