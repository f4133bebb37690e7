"""Putting zeros in the place of what filters pass on, in any network, for as long as one wishes."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

from torch import Tensor, nn

from core.capture import capture
from core.inspection.lookup import check_conv_layer, check_index, conv_layers, filter_layers
from core.model import ConvNet

Filters = Mapping[str, Collection[int]]  # layer -> indices of its filters


@contextmanager
def silenced(model: nn.Module, filters: Filters) -> Iterator[None]:
    """Inside the ``with`` block the filters pass on zeros; whatever is run then, runs without them.

    On leaving, also by an exception, the network is as it was. One thread at a time may use a model
    this way.

    Args:
        model: a `ConvNet`, whose filters go by their conv layer's name and are silenced after the
            activation; or any other module, where channels of the output of the very submodule
            named are silenced: name the activation, not the convolution before it.
        filters: layer -> indices of its filters.

    Raises:
        UserError: if there is no such layer or filter, or no conv layer at all.
    """
    with ExitStack() as restore:
        for layer, chosen in checked(model, filters).items():
            name = filter_layers(model, layer).response if isinstance(model, ConvNet) else layer
            hook = partial(_zero, layer, chosen)
            restore.callback(model.get_submodule(name).register_forward_hook(hook).remove)
        yield


def checked(model: nn.Module, filters: Filters) -> dict[str, tuple[int, ...]]:
    """Each layer's filters ascending and without repetition; layers without any are left out.

    Raises:
        UserError: if there is no such layer or filter, or no conv layer at all.
    """
    known = conv_layers(model)
    for layer, chosen in filters.items():
        if isinstance(model, ConvNet):
            check_conv_layer(layer, known)
        else:
            with capture(model, [layer]):  # refuses what is not there
                pass
        if layer in known:
            count = model.get_submodule(layer).out_channels
            assert isinstance(count, int)
            for index in chosen:
                check_index("filter", index, count, layer)
    return {layer: tuple(sorted(set(chosen))) for layer, chosen in filters.items() if chosen}


def _zero(
    layer: str, chosen: tuple[int, ...], module: nn.Module, inputs: Any, output: Tensor
) -> Tensor:
    check_index("filter", chosen[0], output.shape[1], layer)
    check_index("filter", chosen[-1], output.shape[1], layer)
    output = output.clone()
    output[:, chosen] = 0.0
    return output
