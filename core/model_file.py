"""One file that holds a trained network and all that is needed to use it.

A safetensors file: the weights as tensors, everything else as JSON strings in its metadata, one a
field of `ModelMetadata`. safetensors itself loads a flipped bit silently, so a SHA-256 over names,
types, shapes, values and metadata is kept beside them and checked.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import safetensors.torch
import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError
from torch import Tensor

from core.config import ModelConfig
from core.errors import DiskError, RunError
from core.layers import MAX_PARAMETERS
from core.run_files import write_atomic

FORMAT = "convscope model"
VERSION = "1"

# float32 weights of the largest network there can be, and as much again for what goes with them.
_MAX_BYTES = 2 * 4 * MAX_PARAMETERS

_Positive = Annotated[int, Field(ge=1)]


class ModelMetadata(BaseModel):
    """What a network was made for and where it comes from.

    Attributes:
        model: its layers.
        input_shape: (channels, height, width) of an image.
        classes: what the outputs stand for, in order.
        mean: of each channel of the pixels in [0, 1]; subtracted from an image first.
        std: of each channel likewise; the image is then divided by it.
        dataset: the name of the data set it learnt from; may be empty.
        run_id: the run it comes from; may be empty.
        epoch: how many epochs it had learnt, where that is known.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    model: ModelConfig
    input_shape: tuple[_Positive, _Positive, _Positive]
    classes: Annotated[tuple[str, ...], Field(min_length=1)]
    mean: tuple[float, ...]
    std: tuple[Annotated[float, Field(gt=0)], ...]
    dataset: str = ""
    run_id: str = ""
    epoch: Annotated[int, Field(ge=0)] | None = None


def write_model_file(path: Path, weights: Mapping[str, Tensor], metadata: ModelMetadata) -> None:
    """Writes the file whole or not at all, replacing one that is there.

    Raises:
        DiskError: if the folder is missing or read-only, or the disk full.
    """
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}
    fields = metadata.model_dump(mode="json")
    texts = {name: json.dumps(value) for name, value in fields.items()}
    texts |= {"format": FORMAT, "version": VERSION}
    texts["sha256"] = _checksum(tensors, texts)
    try:
        write_atomic(path, safetensors.torch.save(tensors, texts))
    except OSError as error:  # the folder is missing, or the path is one itself
        raise DiskError(f"{path} cannot be written: {error.strerror}") from None


def read_model_file(path: Path) -> tuple[dict[str, Tensor], ModelMetadata]:
    """The weights, on the CPU, and what they are for.

    Raises:
        RunError: if there is no such file, or it is foreign, incomplete, changed since it was
            written, or of another version.
    """
    content = _read(path)
    try:
        tensors = safetensors.torch.load(content)
    except SafetensorError as error:
        raise RunError(
            f"{path} is not a complete safetensors file ({error}); export or copy it again"
        ) from None
    texts = _header_texts(content)
    _check_origin(path, tensors, texts)
    fields = {name: texts[name] for name in ModelMetadata.model_fields if name in texts}
    try:
        values = {name: json.loads(text) for name, text in fields.items()}
        return tensors, ModelMetadata.model_validate(values)
    except (json.JSONDecodeError, ValidationError) as error:
        raise RunError(f"{path} does not describe its network as ConvScope does: {error}") from None


def _read(path: Path) -> bytes:
    try:
        if (size := path.stat().st_size) > _MAX_BYTES:
            raise RunError(
                f"{path} is no model file of ConvScope: it has {size:,} bytes, more than the "
                f"largest network's {_MAX_BYTES:,}"
            )
        return path.read_bytes()
    except OSError as error:
        raise RunError(f"{path} cannot be read: {error.strerror}") from None


def _header_texts(content: bytes) -> dict[str, str]:
    """The metadata strings; `content` has passed safetensors' own checks of its header."""
    length = int.from_bytes(content[:8], "little")
    texts: dict[str, str] = json.loads(content[8 : 8 + length]).get("__metadata__", {})
    return texts


def _check_origin(path: Path, tensors: Mapping[str, Tensor], texts: dict[str, str]) -> None:
    if texts.get("format") != FORMAT:
        raise RunError(f"{path} was not written by ConvScope: its metadata do not say so")
    if texts.get("version") != VERSION:
        raise RunError(
            f"{path} has format version {texts.get('version')}; this ConvScope reads {VERSION}"
        )
    unsigned = {name: text for name, text in texts.items() if name != "sha256"}
    if texts.get("sha256") != _checksum(tensors, unsigned):
        raise RunError(
            f"{path} has changed since it was written: its checksum is wrong; "
            f"export or copy it again"
        )


def _checksum(tensors: Mapping[str, Tensor], texts: Mapping[str, str]) -> str:
    digest = hashlib.sha256(json.dumps(sorted(texts.items())).encode())
    for name, tensor in sorted(tensors.items()):
        digest.update(json.dumps([name, str(tensor.dtype), list(tensor.shape)]).encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
