"""What layers put out for a whole split, a batch at a time, without computing what lies behind."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from typing import Any

import torch
from torch import Tensor, nn

from core.capture import capture
from core.errors import UserError
from core.inspection.lookup import layer_rows
from core.model import ConvNet
from core.preprocessing import network_input

BATCH_SIZE = 250  # unpooled maps are larger than what evaluation keeps: 8 % faster than 500 here


class _Reached(Exception):  # noqa: N818  nothing is wrong: the last layer asked for is done
    """Ends a forward pass behind the last layer that somebody looks at."""


def split_outputs(
    model: nn.Module,
    images: Tensor,
    mean: Sequence[float],
    std: Sequence[float],
    layers: Sequence[str],
    batch_size: int = BATCH_SIZE,
) -> Iterator[dict[str, Tensor]]:
    """Batch by batch, each named layer's output, (n, C, H, W) or (n, units).

    Between two batches the model is as it was found.

    Args:
        model: a `ConvNet`, whose layers behind the last one named are not computed; or any module.
        images: (N, C, H, W) uint8, at least one.
        mean: of each channel, pixels in [0, 1].
        std: likewise.
        layers: as in ``model.named_modules()``.
        batch_size: images at a time.

    Raises:
        UserError: if there are no images or there is no such layer, or it has not one output a
            channel.
    """
    if not len(images):
        raise UserError("there are no images to look at in this split")
    parameter = next(model.parameters(), torch.empty(()))
    for batch in torch.split(images, batch_size):
        pixels = network_input(batch.to(parameter.device), mean, std).to(parameter.dtype)
        yield _outputs(model, pixels, layers)


@torch.inference_mode()
def _outputs(model: nn.Module, pixels: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
    with capture(model, layers) as outputs, ExitStack() as restore:
        if isinstance(model, ConvNet):
            names = [row.name for row in layer_rows(model) if row.name in layers]
            restore.enter_context(suppress(_Reached))
            if names:
                hook = model.get_submodule(names[-1]).register_forward_hook(_stop)
                restore.callback(hook.remove)
        model(pixels)
    for name in layers:
        if name not in outputs or outputs[name].dim() not in (2, 4):
            raise UserError(f"layer {name!r} puts out neither maps nor units for an image")
    return outputs


def folded(output: Tensor, join: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    """(n, C): each map (n, C, H, W) joined to one value, with torch.maximum or torch.minimum.

    Halves are laid over each other, whole rows of memory at a time: a quarter of the time that
    ``amax`` takes where a map has few channels. Units (n, C) come back as they are.
    """
    if output.dim() == 2:
        return output
    values = output.permute(0, 2, 3, 1).flatten(1, 2)  # (n, H·W, C), as conv layers leave it
    while (length := values.shape[1]) > 1:
        half = length // 2
        joined = join(values[:, :half], values[:, half : 2 * half])
        if length % 2:
            joined[:, 0] = join(joined[:, 0], values[:, -1])
        values = joined
    return values[:, 0]


def _stop(module: nn.Module, inputs: Any, output: Any) -> None:
    raise _Reached
