"""Handing a trained network over: as one safetensors file, as ONNX, or as a service."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import ConfigError, DatasetError, ExportError
from core.run_files import disk_errors, sync_folder, write_all

if TYPE_CHECKING:
    from torch import Tensor

    from core.export.onnx import Agreement
    from core.predictor import Predictor
    from core.runs import Run

FORMATS = ("safetensors", "onnx")

_NUM_CHECKED = 70  # images that an ONNX file must agree on: one by one, and in ten batches of seven


@dataclass(frozen=True)
class Exported:
    """A file that was written.

    Attributes:
        path: where.
        format: one of `FORMATS`.
        epoch: the epoch whose weights it holds.
        num_bytes: its size.
        agreement: for ONNX, how far it is from PyTorch.
        checked_on: the images that was found on: ``test images``, or ``random images`` where the
            data set is not on this machine.
    """

    path: Path
    format: str
    epoch: int
    num_bytes: int
    agreement: Agreement | None = None
    checked_on: str = ""


def export(run: Run, epoch: int | None, format: str, output: Path | str) -> Exported:
    """Writes the network of a run after a finished epoch; None takes the last one.

    The file appears whole or not at all, and replaces one of the same name. `core.model.load` reads
    a safetensors file back; `core.export.onnx` says what an ONNX file takes and gives.

    Raises:
        ConfigError: if the format is unknown.
        RunError: if there is no such epoch, or its files are damaged.
        ExportError: if the output cannot be a file, or an ONNX file does not agree with PyTorch.
        DiskError: if the disk is full or read-only.
    """
    if format not in FORMATS:
        sentence = f"format must be one of {', '.join(FORMATS)}, got {format!r}"
        raise ConfigError([("format", sentence)])
    output = _checked(Path(output))
    from core.predictor import Predictor

    predictor = Predictor.of(run, epoch)
    if format == "onnx":
        return _export_onnx(predictor, output)
    return _export_safetensors(predictor, output)


def _checked(output: Path) -> Path:
    if output.is_dir():
        raise ExportError(f"{output} is a folder; name a file in it")
    if output.exists() and not output.is_file():  # renaming over /dev/null would take it away
        raise ExportError(f"{output} is a device or a pipe, not a file; name a file to write")
    if not output.parent.is_dir():
        raise ExportError(f"{output} cannot be written: the folder {output.parent} does not exist")
    return output


def _export_safetensors(predictor: Predictor, output: Path) -> Exported:
    from core import model

    model.save(
        output,
        predictor.model,
        classes=predictor.classes,
        mean=predictor.mean,
        std=predictor.std,
        dataset=predictor.about["dataset"],
        run_id=predictor.run_id,
        epoch=predictor.epoch,
    )
    return Exported(output, "safetensors", predictor.epoch, output.stat().st_size)


def _export_onnx(predictor: Predictor, output: Path) -> Exported:
    from core.export.onnx import to_onnx

    images, source = _images(predictor)
    data, agreement = to_onnx(
        predictor.model, predictor.mean, predictor.std, images, _metadata(predictor)
    )
    _write(output, data)
    return Exported(output, "onnx", predictor.epoch, len(data), agreement, source)


def _images(predictor: Predictor) -> tuple[Tensor, str]:
    """Images (N, C, H, W) uint8 to compare on, and where they are from."""
    import torch

    from core import datasets

    try:
        images = datasets.load(predictor.about["dataset"]).test_images
    except DatasetError:  # a run outlives the data it was trained on
        generator = torch.Generator().manual_seed(0)
        shape = (_NUM_CHECKED, *predictor.input_shape)
        return torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8), "random images"
    return images[:_NUM_CHECKED], "test images"


def _metadata(predictor: Predictor) -> dict[str, str]:
    channels, height, width = predictor.input_shape
    about = predictor.about
    return {
        "producer": "ConvScope",
        "run_id": predictor.run_id,
        "epoch": str(predictor.epoch),
        "dataset": about["dataset"],
        "classes": json.dumps(predictor.classes),
        "input": f"pixels: (N, {channels}, {height}, {width}) float32 in [0, 1], not normalised",
        "outputs": f"logits, probabilities: (N, {len(predictor.classes)}) float32",
        "accuracy": json.dumps(about["accuracy"]),
        "config": json.dumps(about["config"]),
        "decisions": json.dumps(about["decisions"]),
    }


def _write(output: Path, data: bytes) -> None:
    """Temporary file, fsync, rename; readable as the user's other files are."""
    temporary = output.with_name(f".{output.name}.{os.getpid()}.tmp")
    with disk_errors(output):
        try:
            with temporary.open("wb") as file:
                write_all(file.fileno(), data)
                os.fsync(file.fileno())
            temporary.replace(output)
        finally:
            temporary.unlink(missing_ok=True)
        sync_folder(output.parent)
