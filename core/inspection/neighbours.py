"""Which images a network holds to be alike: the nearest by what its output layer reads of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.errors import UserError
from core.evaluation import BATCH_SIZE, FloatArray, IntArray, evaluating
from core.inspection.lookup import as_batch, check_index
from core.model import ConvNet
from core.preprocessing import network_input

if TYPE_CHECKING:
    import pandas as pd

COUNT = 10


@torch.inference_mode()
def embed(
    model: nn.Module,
    images: Tensor,
    mean: Sequence[float],
    std: Sequence[float],
    batch_size: int = BATCH_SIZE,
) -> FloatArray:
    """Directions of the penultimate activations, (N, D) float32, each row of length 1.

    They are what the output layer reads: for a `ConvNet` the last dense layer's values, or the
    flattened maps where there is none. A row is all zeros where all activations are 0. Compute it
    once for a split and keep it: 20 MB for 60,000 images and the classic network.

    Args:
        model: a `ConvNet`, or any module whose last linear layer gives the logits.
        images: (N, C, H, W) uint8 on the model's device.
        mean: of each channel, pixels in [0, 1].
        std: likewise.
        batch_size: images at a time.

    Raises:
        UserError: if the network has no linear layer.
    """
    parts = [
        _directions(model, network_input(batch, mean, std))
        for batch in torch.split(images, batch_size)
    ]
    result: FloatArray = torch.cat(parts).cpu().numpy()
    return result


@torch.inference_mode()
def embed_one(model: nn.Module, image: Tensor) -> FloatArray:
    """The direction (D,) of one image (C, H, W), normalised: what the network is given.

    Raises:
        UserError: if the network has no linear layer, or takes images of another shape.
    """
    result: FloatArray = _directions(model, as_batch(model, image))[0].cpu().numpy()
    return result


def nearest(
    embedding: FloatArray,
    direction: FloatArray,
    labels: IntArray,
    count: int = COUNT,
    leave_out: int | None = None,
) -> pd.DataFrame:
    """The images that the network holds to be most like one, the nearest first.

    Columns: position (row of the embedding), label, distance (1 less the cosine, in [0, 2]; 1 to or
    from an image all of whose activations are 0). Among equals the first comes first.

    Args:
        embedding: (N, D) by `embed`.
        direction: (D,) by `embed_one`, of the same network.
        labels: (N,) of the embedding's images.
        count: how many, at least 1.
        leave_out: position of an image that shall not be named: the one that is looked at.

    Raises:
        UserError: if the direction is another network's, or a number is out of range.
    """
    import pandas as pd

    if embedding.shape[1:] != direction.shape:
        raise UserError(
            f"the images were embedded with {embedding.shape[1]} values each and this one with "
            f"{len(direction)}; embed both with the same network"
        )
    if count < 1:
        raise UserError(f"count must be at least 1, got {count}")
    cosines = (embedding @ direction).clip(-1, 1)
    if leave_out is not None:
        check_index("leave_out", leave_out, len(embedding), "the embedding")
    rows = _largest(cosines, count if leave_out is None else count + 1)
    rows = rows[rows != leave_out][:count]
    return pd.DataFrame({"position": rows, "label": labels[rows], "distance": 1 - cosines[rows]})


def _largest(values: FloatArray, count: int) -> NDArray[np.int64]:
    """Positions of the `count` largest values, the largest and among equals the first one first."""
    count = min(count, len(values))
    if count == 0:
        return np.empty(0, np.int64)
    # Only what is at least as large as the last of them is sorted: ties stay in order.
    threshold = np.partition(values, -count)[-count]
    candidates = np.flatnonzero(values >= threshold)
    return candidates[np.argsort(-values[candidates], kind="stable")][:count]


def _directions(model: nn.Module, inputs: Tensor) -> Tensor:
    """(N, D) rows of length 1, or of zeros, for network inputs (N, C, H, W)."""
    read: list[Tensor] = []

    def keep(module: nn.Module, arguments: tuple[Any, ...]) -> None:
        read[:] = arguments[:1]

    handle = _output_layer(model).register_forward_pre_hook(keep)
    try:
        with evaluating(model):
            model(inputs)
    finally:
        handle.remove()
    return nn.functional.normalize(read[0].float().flatten(1))


def _output_layer(model: nn.Module) -> nn.Module:
    if isinstance(model, ConvNet):
        return model.output
    linear = [module for module in model.modules() if isinstance(module, nn.Linear)]
    if not linear:
        raise UserError("this network has no linear layer whose input could tell images apart")
    return linear[-1]
