"""Networks as they are after training, and the slow way to silence filters."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.model import ConvNet
from core.preprocessing import network_input


def restless(model: ConvNet, seed: int) -> ConvNet:
    """The model with nothing left at its first value: biases, and the statistics of batch norms."""
    generator = torch.Generator().manual_seed(seed)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            for tensor in (module.weight, module.running_mean):
                tensor.data.normal_(generator=generator)
            module.running_var.uniform_(0.1, 2, generator=generator)
        if isinstance(module, nn.BatchNorm2d | nn.Conv2d | nn.Linear) and module.bias is not None:
            module.bias.data.normal_(generator=generator)
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.weight.data.normal_(0, module.weight[0].numel() ** -0.5, generator=generator)
    return model.eval()


def some_images(count: int, shape: tuple[int, int, int], seed: int) -> Tensor:
    """(count, C, H, W) uint8 noise."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, *shape), dtype=torch.uint8, generator=generator)


@torch.no_grad()
def naive(
    model: ConvNet,
    images: Tensor,
    mean: Sequence[float],
    std: Sequence[float],
    filters: Mapping[str, Sequence[int]],
    batch_size: int,
) -> NDArray[np.float32]:
    """Probabilities of whole passes, layer by layer, with zeros put in behind the activations."""
    answers = []
    for batch in images.split(batch_size):
        maps = network_input(batch, mean, std)
        for index, block in enumerate(model.blocks):
            given, maps = maps, block.conv(maps)
            if block.norm is not None:
                maps = block.norm(maps)
            if block.add is not None:
                maps = maps + given
            if block.activation is not None:
                maps = block.activation(maps)
            maps = maps.clone()
            maps[:, list(filters[f"blocks.{index}.conv"])] = 0
            if block.pool is not None:
                maps = block.pool(maps)
        values = maps.flatten(1)
        for layer in model.dense:
            values = layer(values)
        answers.append(model.output(values).softmax(1))
    return torch.cat(answers).numpy()
