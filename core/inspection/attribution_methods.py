"""The attribution methods themselves, each through Captum.

Captum is imported here and nowhere else, when it is first needed: it brings matplotlib along, which
takes seconds.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from core.errors import UserError

PERTURBATIONS = 576  # images in one pass: all places of a 5×5 window on 28×28 pixels

Score = Callable[[Tensor], Tensor]
Result = tuple[Tensor, float | None]  # values (1, C or 1, H, W) and the convergence delta


@dataclass(frozen=True, eq=False)  # eq would compare tensors element by element
class Task:
    """What is to be attributed to which pixels, and how.

    Attributes:
        score: (N,) from images (N, C, H, W).
        model: whose layer Grad-CAM reads.
        image: (1, C, H, W).
        baseline: likewise.
        layer: of Grad-CAM; empty for the other methods.
        steps: of integrated gradients.
        window: pixels; of occlusion.
    """

    score: Score
    model: nn.Module
    image: Tensor
    baseline: Tensor
    layer: str
    steps: int
    window: int


def saliency(task: Task) -> Result:
    """The gradient at the image, signed."""
    # Captum warns of an image that takes no gradient yet.
    image = task.image.clone().requires_grad_()
    return _captum().Saliency(task.score).attribute(image, abs=False), None


def integrated_gradients(task: Task) -> Result:
    """(image − baseline) times the mean gradient on the way, by Gauss-Legendre quadrature."""
    method = _captum().IntegratedGradients(task.score)
    values, delta = method.attribute(
        task.image, task.baseline, n_steps=task.steps, return_convergence_delta=True
    )
    return values, float(delta)


def grad_cam(task: Task) -> Result:
    """A layer's maps weighted with the means of their gradients, cut at 0, enlarged.

    Raises:
        UserError: if the layer puts out no maps.
    """
    captum = _captum()
    # The maps of a network whose weights are frozen take a gradient only if the image does.
    image = task.image.clone().requires_grad_()
    method = captum.LayerGradCam(task.score, task.model.get_submodule(task.layer))
    maps = method.attribute(image, relu_attributions=True)
    if not isinstance(maps, Tensor) or maps.dim() != 4:
        raise UserError(
            f"layer {task.layer!r} puts out no maps; choose a conv layer or what follows it"
        )
    size = tuple(task.image.shape[2:])
    return captum.LayerAttribution.interpolate(maps, size, "bilinear"), None


def occlusion(task: Task) -> Result:
    """How far the score falls when windows are covered, the mean over the windows of a pixel."""
    channels, height, width = task.image.shape[1:]
    sides = min(task.window, height), min(task.window, width)
    places = (height - sides[0] + 1) * (width - sides[1] + 1)
    method = _captum().Occlusion(task.score)
    values = method.attribute(
        task.image,
        (channels, *sides),
        baselines=task.baseline,
        # One by one the windows take six times as long.
        perturbations_per_eval=min(places, PERTURBATIONS),
    )
    return values[:, :1], None  # all channels are covered at once and get the same


def _captum() -> Any:
    from captum import attr  # type: ignore[import-untyped]  # Captum declares no types

    return attr
