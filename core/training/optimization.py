"""The optimizers, and an optimizer's state as plain tensors."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import SGD, Adam, AdamW, Optimizer, RMSprop

from core.config import TrainingConfig


def build_optimizer(model: nn.Module, config: TrainingConfig) -> Optimizer:
    """The chosen optimizer; weight decay pulls on weights only, never on biases or norms."""
    decayed = [weight for weight in model.parameters() if weight.ndim >= 2]
    free = [weight for weight in model.parameters() if weight.ndim < 2]
    groups: list[dict[str, Any]] = [
        {"params": decayed, "weight_decay": config.weight_decay},
        {"params": free, "weight_decay": 0.0},
    ]
    rate, momentum = config.learning_rate, config.momentum
    # One pass over all weights instead of one small kernel each; RMSprop has no fused version.
    fused = all(weight.device.type in ("cpu", "cuda") for weight in model.parameters())
    if config.optimizer == "sgd":
        nesterov = config.nesterov and momentum > 0
        return SGD(groups, lr=rate, momentum=momentum, nesterov=nesterov, fused=fused)
    if config.optimizer == "rmsprop":
        return RMSprop(groups, lr=rate, momentum=momentum)
    kind = Adam if config.optimizer == "adam" else AdamW
    return kind(groups, lr=rate, fused=fused)


def set_rates(optimizer: Optimizer, learning_rate: float, weight_decay: float) -> None:
    """Sets the learning rate of every group and the weight decay of the decayed one."""
    for group in optimizer.param_groups:
        group["lr"] = learning_rate
    optimizer.param_groups[0]["weight_decay"] = weight_decay


def optimizer_tensors(optimizer: Optimizer) -> dict[str, Tensor]:
    """The optimizer's state, one contiguous CPU copy a tensor, named ``<weight>.<entry>``."""
    return {
        f"{number}.{entry}": value.detach().to("cpu", copy=True).contiguous()
        for number, entries in optimizer.state_dict()["state"].items()
        for entry, value in entries.items()
        if isinstance(value, Tensor)
    }


def restore_optimizer(optimizer: Optimizer, tensors: dict[str, Tensor]) -> None:
    """Puts back what `optimizer_tensors` gave.

    The state is laid out in memory like the weight it belongs to: the fused kernels walk both in
    storage order, and safetensors keeps only the contiguous one.
    """
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        number, _, entry = name.partition(".")
        like = weights[int(number)]
        restored = torch.empty_like(like).copy_(value) if value.shape == like.shape else value
        state.setdefault(int(number), {})[entry] = restored
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
