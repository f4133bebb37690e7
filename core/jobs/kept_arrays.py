"""Arrays that an analysis keeps: a folder that appears whole, checked when it is read back."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import RunError
from core.run_files import disk_errors, to_json_bytes
from core.runs.checkpoints import read_checked, read_object, remove_folder, write_folder

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ARRAYS, _ABOUT = "arrays.safetensors", "about.json"


def keep_arrays(folder: Path, arrays: dict[str, NDArray[Any]], about: dict[str, Any]) -> None:
    """Writes arrays and JSON values about them, in place of what the folder held.

    Raises:
        DiskError: if the disk is full or read-only.
    """
    from safetensors.numpy import save

    with disk_errors(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
    if folder.exists():
        remove_folder(folder)
    whole = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    write_folder(folder, {_ARRAYS: save(whole), _ABOUT: to_json_bytes(about)})


def kept_arrays(folder: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """The arrays in a folder, and what was noted about them.

    Raises:
        RunError: if they are missing, damaged or foreign.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    data, about = read_checked(folder, _ARRAYS), read_object(folder, _ABOUT)
    try:
        return load(data), about
    except (SafetensorError, ValueError, KeyError) as error:
        raise RunError(f"{folder.name}/{_ARRAYS} is not a safetensors file: {error}") from None


def let_go(folder: Path) -> None:
    """Removes a folder of kept arrays, or of several such folders, if it is there."""
    with contextlib.suppress(FileNotFoundError), disk_errors(folder):
        shutil.rmtree(folder)
