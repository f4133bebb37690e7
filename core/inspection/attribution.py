"""Which pixels of one image speak for a class, or for one class rather than another.

What is attributed is the logit of a class, or the difference of two logits ("why 9 and not 4").
Values refer to what the network is given, where a pixel's unit is one standard deviation of its
channel.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.capture import capture
from core.errors import UserError
from core.inspection.attribution_methods import (
    Result,
    Score,
    Task,
    grad_cam,
    integrated_gradients,
    occlusion,
    saliency,
)
from core.inspection.lookup import as_batch, check_index, conv_layers, filter_layers, layer_rows
from core.model import ConvNet

Method = Literal["saliency", "integrated_gradients", "grad_cam", "occlusion"]
Baseline = Literal["black", "mean"]

METHODS: dict[Method, str] = {
    "saliency": "Saliency",
    "integrated_gradients": "Integrated gradients",
    "grad_cam": "Grad-CAM",
    "occlusion": "Occlusion",
}
BASELINES: dict[Baseline, str] = {"black": "Black", "mean": "The mean pixel"}

STEPS = 50  # of integrated gradients; 50 to 300 are usual (Sundararajan et al. 2017)
WINDOW = 5  # pixels; the side of what occlusion covers


@dataclass(frozen=True, eq=False)  # eq would compare arrays element by element
class Attribution:
    """What each pixel contributes to a score.

    Attributes:
        method: how it was found.
        target: class whose logit is the score.
        against: class whose logit is subtracted from it, or None.
        layer: whose maps Grad-CAM read; None for the other methods.
        values: (C, H, W) float32 for saliency and integrated gradients, (1, H, W) for Grad-CAM and
            occlusion, which tell no channels apart. Positive: raises the score.
        score: of the image.
        baseline_score: of the baseline; None where the method uses none.
        delta: convergence delta of integrated gradients, the sum of the values less
            (score − baseline score): what 50 steps in place of an integral get wrong. None for
            the other methods.
    """

    method: Method
    target: int
    against: int | None
    layer: str | None
    values: NDArray[np.float32]
    score: float
    baseline_score: float | None = None
    delta: float | None = None

    @property
    def heat(self) -> NDArray[np.float32]:
        """(H, W), the channels summed."""
        total: NDArray[np.float32] = self.values.sum(0)
        return total


def attribute(
    model: nn.Module,
    image: Tensor,
    method: Method,
    target: int,
    *,
    against: int | None = None,
    baseline: Tensor | None = None,
    layer: str | None = None,
    steps: int = STEPS,
    window: int = WINDOW,
) -> Attribution:
    """What each pixel of the image contributes to the score of a class.

    - ``saliency``: gradient of the score with respect to the image, signed. Simonyan et al. 2013
      (arXiv:1312.6034).
    - ``integrated_gradients``: (image − baseline) times the mean gradient on the straight way from
      the baseline; the values sum to the difference of the scores. Sundararajan et al. 2017
      (arXiv:1703.01365).
    - ``grad_cam``: relu of a layer's maps, each weighted with the mean of its gradient, summed and
      enlarged to the image. Selvaraju et al. 2017 (arXiv:1610.02391).
    - ``occlusion``: how far the score falls when a window is covered with the baseline, each
      pixel the mean of all windows that cover it. Zeiler and Fergus 2014 (arXiv:1311.2901).

    Args:
        model: any module from (N, C, H, W) to logits (N, K).
        image: (C, H, W) floating point, normalised: what the network is given.
        method: one of `METHODS`.
        target: class, from 0.
        against: another class, for the difference of the two logits.
        baseline: (C, H, W) as the image, by `baseline_image`; left out, the mean pixel.
        layer: where Grad-CAM looks, one of `grad_cam_layers`; left out, the last one behind a
            convolution's activation.
        steps: of integrated gradients, at least 1.
        window: pixels, at least 1; cut to the image.

    Raises:
        UserError: if there is no such method, class or layer, Grad-CAM is asked for where there is
            no conv layer, or image or baseline do not fit.
    """
    if method not in METHODS:
        raise UserError(f"method must be one of {', '.join(METHODS)}, got {method!r}")
    batch = as_batch(model, image)
    reference = torch.zeros_like(batch) if baseline is None else as_batch(model, baseline)
    if reference.shape != batch.shape:
        raise UserError(
            f"the baseline must be of the image's shape {_by(batch)}, got {_by(reference)}"
        )
    for name, value in (("steps", steps), ("window", window)):
        if value < 1:
            raise UserError(f"{name} must be at least 1, got {value}")
    layer = _grad_cam_layer(model, layer) if method == "grad_cam" else None
    # Inside, the layers run in the order in which they are written, so that a layer's maps are what
    # its name says; and dropout is off. Gradients are needed whatever the caller has switched off.
    with capture(model, []), torch.inference_mode(False), torch.enable_grad():
        score = _score(model, batch, target, against)
        task = Task(score, model, batch.clone(), reference.clone(), layer or "", steps, window)
        values, delta = _METHODS[method](task)
        with torch.no_grad():
            own, other = float(score(task.image)), float(score(task.baseline))
    array: NDArray[np.float32] = values.detach()[0].float().cpu().contiguous().numpy()
    return Attribution(
        method=method,
        target=target,
        against=against,
        layer=layer,
        values=array,
        score=own,
        baseline_score=other if method in ("integrated_gradients", "occlusion") else None,
        delta=delta,
    )


_METHODS: dict[Method, Callable[[Task], Result]] = {
    "saliency": saliency,
    "integrated_gradients": integrated_gradients,
    "grad_cam": grad_cam,
    "occlusion": occlusion,
}


def baseline_image(
    name: Baseline, shape: Sequence[int], mean: Sequence[float], std: Sequence[float]
) -> Tensor:
    """An image (C, H, W) that shows nothing, normalised: all black, or the mean pixel everywhere.

    Args:
        name: one of `BASELINES`.
        shape: (C, H, W).
        mean: of each channel, pixels in [0, 1].
        std: likewise.

    Raises:
        UserError: if there is no such baseline.
    """
    if name not in BASELINES:
        raise UserError(f"baseline must be one of {', '.join(BASELINES)}, got {name!r}")
    if name == "mean":
        return torch.zeros(tuple(shape))
    black = -torch.tensor(mean) / torch.tensor(std)
    return black.view(-1, 1, 1).expand(tuple(shape)).clone()


def grad_cam_layers(model: nn.Module) -> list[str]:
    """The layers that Grad-CAM can look at, in the network's order: those that put out maps.

    In any other module than a `ConvNet` the conv layers; others can be asked for by name.
    """
    if not isinstance(model, ConvNet):
        return conv_layers(model)
    return [row.name for row in layer_rows(model) if len(row.output_shape) == 3]


def _score(model: nn.Module, batch: Tensor, target: int, against: int | None) -> Score:
    """Logit of a class, or the difference of two, (N,) from (N, C, H, W)."""
    with torch.no_grad():
        num_classes = model(batch).shape[1]
    check_index("target", target, num_classes, "the network's classes")
    if against is None:
        return lambda images: model(images)[:, target]
    check_index("against", against, num_classes, "the network's classes")
    if against == target:
        raise UserError(f"a class cannot be told from itself: target and against are both {target}")
    return lambda images: _difference(model(images), target, against)


def _difference(logits: Tensor, target: int, against: int) -> Tensor:
    return logits[:, target] - logits[:, against]


def _grad_cam_layer(model: nn.Module, layer: str | None) -> str:
    known = conv_layers(model)
    if not known:
        raise UserError(
            "this network has no conv layer, which Grad-CAM needs; choose another method"
        )
    if layer is None:
        return filter_layers(model, known[-1]).response if isinstance(model, ConvNet) else known[-1]
    possible = grad_cam_layers(model)
    if isinstance(model, ConvNet) and layer not in possible:
        raise UserError(
            f"Grad-CAM has no layer {layer!r} to look at in this network; "
            f"choose one of {', '.join(possible)}"
        )
    with capture(model, [layer]):  # refuses what is not there
        return layer


def _by(batch: Tensor) -> str:
    return "×".join(map(str, batch.shape[1:]))
