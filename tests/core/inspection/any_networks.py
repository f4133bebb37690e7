"""Networks and images for the inspection tests: any that fit, with nothing left at its default."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from core.config import ConvBlock, ModelConfig
from core.model import ConvNet
from tests.core.architectures import Case


def built(case: Case, seed: int = 0) -> ConvNet:
    """The network in evaluation mode, with biases and batch statistics drawn at random too."""
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = ConvNet(*case).eval()
    with torch.no_grad():
        for name, value in [*model.named_parameters(), *model.named_buffers()]:
            if name.endswith("running_var"):
                value.copy_(torch.rand(value.shape, generator=generator) + 0.5)
            elif name.endswith(("bias", "running_mean", "norm.weight")):
                value.copy_(torch.randn(value.shape, generator=generator) / 2)
    return model


def image_for(model: ConvNet, seed: int = 0) -> Tensor:
    """(C, H, W) float32, about as large as normalised pixels."""
    return torch.randn(model.input_shape, generator=torch.Generator().manual_seed(seed))


def bytes_for(model: ConvNet, num_images: int, seed: int = 0) -> Tensor:
    """(N, C, H, W) uint8."""
    generator = torch.Generator().manual_seed(seed)
    shape = (num_images, *model.input_shape)
    return torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)


def one_block(kernels: Sequence[object], image_side: int = 3, **settings: object) -> ConvNet:
    """A network whose only conv layer has the given kernels (out, in, k, k), biases 0."""
    weight = torch.tensor(kernels, dtype=torch.float32)
    settings = {"channels": len(weight), "kernel_size": weight.shape[-1], **settings}
    model = ModelConfig(blocks=(ConvBlock.model_validate(settings),), dense=())
    network = ConvNet(model, (weight.shape[1], image_side, image_side), 2).eval()
    conv = network.get_submodule("blocks.0.conv")
    assert isinstance(conv, nn.Conv2d)
    conv.weight.data.copy_(weight)
    return network


def without_conv() -> ConvNet:
    """Softmax regression on 4×4 images."""
    return built((ModelConfig(blocks=(), dense=()), (1, 4, 4), 3))
