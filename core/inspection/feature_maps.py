"""What every layer of a network makes of one image."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.capture import capture
from core.inspection.lookup import INPUT, PROBABILITIES, as_batch, layer_rows, sources
from core.model import ConvNet


@dataclass(frozen=True, eq=False)  # eq would compare arrays element by element
class LayerMaps:
    """One layer's output for one image.

    Attributes:
        name: as in the layer table; ``input`` and ``probabilities`` for the two ends.
        kind: as in the layer table, or ``input`` and ``probabilities``; the class of the module
            where the network is not a `ConvNet`.
        detail: the layer in a few words, as in ``6 filters 3×3``; empty where nothing is known.
        values: (C, H, W) or (units,) float32.
        sources: names of what it reads; two for an addition, the block's input second.
    """

    name: str
    kind: str
    detail: str
    values: NDArray[np.float32]
    sources: tuple[str, ...] = ()


def feature_maps(model: ConvNet, image: Tensor) -> list[LayerMaps]:
    """The image, then every layer in the written order, the logits last but one, probabilities.

    Dropout layers, which do nothing outside training, show what passes through them.

    Args:
        model: the network, as it was after any epoch.
        image: (C, H, W) floating point, normalised: what the network is given.

    Raises:
        UserError: if the network takes images of another shape.
    """
    batch = as_batch(model, image)
    rows = layer_rows(model)
    with torch.inference_mode(), capture(model, [row.name for row in rows]) as outputs:
        logits = model(batch)
    read = sources(rows)
    maps = [LayerMaps(INPUT, INPUT, "", _array(batch))]
    maps += [
        LayerMaps(row.name, row.kind, row.detail, _array(outputs[row.name]), read[row.name])
        for row in rows
    ]
    shares = _array(logits.softmax(1))
    return [*maps, LayerMaps(PROBABILITIES, PROBABILITIES, "softmax", shares, (rows[-1].name,))]


def module_maps(model: nn.Module, image: Tensor, names: Sequence[str]) -> list[LayerMaps]:
    """What the named modules of any network put out for one image, in the order of the names.

    Args:
        model: any module that takes a batch of images.
        image: (C, H, W) floating point, as the network is given it.
        names: as in ``model.named_modules()``; one that is never called is left out.

    Raises:
        UserError: if there is no such module, or its output is not one tensor.
    """
    modules = dict(model.named_modules())
    with torch.inference_mode(), capture(model, names) as outputs:
        model(as_batch(model, image))
    return [
        LayerMaps(name, type(modules[name]).__name__, "", _array(outputs[name]))
        for name in names
        if name in outputs
    ]


def _array(output: Tensor) -> NDArray[np.float32]:
    array: NDArray[np.float32] = output[0].float().contiguous().cpu().numpy()
    return array
