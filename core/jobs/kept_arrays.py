"""Arrays that an analysis keeps: a folder that appears whole, checked when it is read back.

The folder holds a file of arrays, and beside it others that are seldom wanted, to be read one at a
time.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import RunError
from core.run_files import disk_errors, make_folder, to_json_bytes
from core.runs.checkpoints import read_checked, read_object, remove_folder, write_folder

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAIN = "arrays"
_ABOUT = "about.json"
Arrays = dict[str, "NDArray[Any]"]


def keep_arrays(
    folder: Path, arrays: Arrays, about: dict[str, Any], more: Mapping[str, Arrays] | None = None
) -> None:
    """Writes arrays and JSON values about them, in place of what the folder held.

    Args:
        folder: is made, in a folder that is there or in one more.
        arrays: by name.
        about: JSON values.
        more: further arrays, by the name of their file, as in ``network_0000``.

    Raises:
        DiskError: if the disk is full or read-only.
        RunError: if the run has been deleted meanwhile.
    """
    from safetensors.numpy import save

    make_folder(folder.parent)
    if folder.exists():
        remove_folder(folder)
    files = {_ABOUT: to_json_bytes(about)}
    for name, given in {MAIN: arrays, **(more or {})}.items():
        # Not ascontiguousarray: it would give a single number a dimension.
        whole = {key: np.asarray(array, order="C") for key, array in given.items()}
        files[_file(name)] = save(whole)
    write_folder(folder, files)


def kept_arrays(folder: Path, name: str = MAIN) -> tuple[Arrays, dict[str, Any]]:
    """The arrays in a folder, or in another of its files, and what was noted about them.

    Raises:
        RunError: if they are missing, damaged or foreign.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    data, about = read_checked(folder, _file(name)), read_object(folder, _ABOUT)
    try:
        return load(data), about
    except (SafetensorError, ValueError, KeyError) as error:
        where = f"{folder.name}/{_file(name)}"
        raise RunError(f"{where} is not a safetensors file: {error}") from None


def let_go(folder: Path) -> None:
    """Removes a folder of kept arrays, or of several such folders, if it is there."""
    with contextlib.suppress(FileNotFoundError), disk_errors(folder):
        shutil.rmtree(folder)


def _file(name: str) -> str:
    return f"{name}.safetensors"
