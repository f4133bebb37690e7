"""A checkpoint is a folder that appears whole or not at all, with a SHA-256 for every file.

The tensors are safetensors, everything else is JSON; nothing is ever unpickled. safetensors loads
a flipped bit without a word, which is why each file is checked against the manifest on reading.
"""

import contextlib
import json
import secrets
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import RunError
from core.records import Checkpoint
from core.run_files import disk_errors, sha256, sync_folder, to_json_bytes, write_new

if TYPE_CHECKING:
    from torch import Tensor

MANIFEST = "manifest.json"
WEIGHTS, OPTIMIZER, STATE = "weights.safetensors", "optimizer.safetensors", "state.json"
PROBABILITIES, RECORD = "probabilities.safetensors", "record.json"


def checkpoint_files(checkpoint: Checkpoint) -> dict[str, bytes]:
    """The files that a checkpoint is kept in, by name."""
    return {
        WEIGHTS: tensor_bytes(checkpoint.weights),
        OPTIMIZER: tensor_bytes(checkpoint.optimizer),
        STATE: to_json_bytes(checkpoint.state),
    }


def tensor_bytes(tensors: "dict[str, Tensor]") -> bytes:
    """Tensors as one safetensors file."""
    from safetensors.torch import save

    return save({name: value.detach().cpu().contiguous() for name, value in tensors.items()})


def write_folder(folder: Path, files: dict[str, bytes]) -> None:
    """Writes the files and their manifest beside `folder`, then renames them into place.

    Raises:
        DiskError: if the disk is full or read-only; what was written of it is removed.
        FileExistsError: if the folder is there already: it is never replaced.
    """
    manifest = {name: {"sha256": sha256(data), "size": len(data)} for name, data in files.items()}
    temporary = folder.with_name(f".{folder.name}-{secrets.token_hex(4)}")
    if folder.exists():
        raise FileExistsError(folder)
    with disk_errors(folder):
        try:
            temporary.mkdir(mode=0o700)
            for name, data in files.items():
                write_new(temporary / name, data)
            write_new(temporary / MANIFEST, to_json_bytes({"format": 1, "files": manifest}))
            sync_folder(temporary)
            temporary.rename(folder)
            sync_folder(folder.parent)
        except BaseException:
            with contextlib.suppress(OSError):
                shutil.rmtree(temporary)
            raise


def remove_folder(folder: Path) -> None:
    """Deletes a folder at once for every reader: renamed out of sight, then emptied.

    Raises:
        DiskError: if the place is read-only.
    """
    trash = folder.with_name(f".trash-{folder.name}-{secrets.token_hex(4)}")
    with disk_errors(folder):
        folder.rename(trash)
        shutil.rmtree(trash)


def remove_leftovers(folder: Path) -> None:
    """Deletes what a process that was killed while it wrote or removed `folder` left beside it.

    Only for whoever holds the lock under which it is written.

    Raises:
        DiskError: if the place is read-only.
    """
    with disk_errors(folder):
        for prefix in (".", ".trash-"):
            for left in folder.parent.glob(f"{prefix}{folder.name}-*"):
                shutil.rmtree(left)


def read_checked(folder: Path, name: str) -> bytes:
    """A file of a checkpoint, equal to what was written.

    Raises:
        RunError: if it is missing, truncated or changed.
    """
    where = f"{folder.parent.name}/{folder.name}/{name}"
    try:
        listed = json.loads((folder / MANIFEST).read_bytes())["files"][name]
        data = (folder / name).read_bytes()
    except FileNotFoundError as error:
        missing = Path(error.filename).name
        raise RunError(f"{where} cannot be used: {missing} is missing") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(f"{where} cannot be used: its manifest is damaged ({error})") from None
    if not isinstance(listed, dict) or listed.get("size") != len(data):
        raise RunError(f"{where} is damaged: its size differs from the manifest's")
    if listed.get("sha256") != sha256(data):
        raise RunError(f"{where} is damaged: its SHA-256 differs from the manifest's")
    return data


def read_tensors(folder: Path, name: str) -> "dict[str, Tensor]":
    """The tensors of a safetensors file, checked.

    Raises:
        RunError: if it is missing, damaged or foreign.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    data = read_checked(folder, name)
    try:
        return load(data)
    except (SafetensorError, ValueError) as error:
        raise RunError(f"{folder.name}/{name} is not a safetensors file: {error}") from None


def read_object(folder: Path, name: str) -> dict[str, Any]:
    """The JSON object of a file, checked.

    Raises:
        RunError: if it is missing, damaged or foreign.
    """
    try:
        values = json.loads(read_checked(folder, name))
    except ValueError as error:
        if isinstance(error, RunError):
            raise
        raise RunError(f"{folder.name}/{name} is not JSON: {error}") from None
    if not isinstance(values, dict):
        raise RunError(f"{folder.name}/{name} holds no JSON object")
    return values


def read_checkpoint(folder: Path) -> Checkpoint:
    """The checkpoint in a folder, every file checked.

    Raises:
        RunError: if a file is missing, damaged or foreign.
    """
    state = read_object(folder, STATE)
    if not isinstance(state.get("step"), int):
        raise RunError(f"{folder.name}/{STATE} names no step")
    return Checkpoint(read_tensors(folder, WEIGHTS), read_tensors(folder, OPTIMIZER), state)
