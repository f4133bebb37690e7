"""From a network's layers to groups of maps as the browser draws them. Pure."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from core.config import ModelConfig
from core.inspection.arithmetic import IntermediateMaps
from core.inspection.lookup import INPUT, PROBABILITIES
from core.inspection.steps import WeightedSum
from dashboard.components.maps import Colors, Lens, Link, Maps
from dashboard.map_loaders import Network

HIDDEN = ("flatten", "dropout")  # they pass on what they get
MOST_MAPS = 144  # of a layer in the overview; the others are reached by their number
MOST_VALUES = 250_000  # of a layer in the overview: a megabyte to send
MOST_KERNEL_VALUES = 100_000
MOST_UNITS = 4096

_MOST_BARS = 16  # contributions that are told apart

INPUTS, KERNELS, RESULTS = "inputs", "kernels", "results"
_TITLES = {"conv": "conv", "batch norm": "norm", "dense": "dense", "pool": "pool"}
_COLORS: dict[str, Colors] = {INPUT: "gray", "output": "bars", PROBABILITIES: "shares"}
_CHANNELS = ("red", "green", "blue")


def overview(network: Network) -> list[Maps]:
    """Every layer that does something, input first: a column of maps each."""
    source = _shown_sources(network)
    groups = []
    for layer in network.layers:
        if layer.kind in HIDDEN:
            continue
        total = len(layer.values)
        count = _count(layer.values)
        groups.append(
            Maps(
                layer.name,
                _title(layer.name, layer.kind),
                layer.values[:count],
                detail=f"{_where(layer.name)}\n{shape(layer.values)}",
                captions=_captions(network, layer.name, count),
                colors=_COLORS.get(layer.name, "diverging"),
                sources=source.get(layer.name, ()),
                reads="all" if layer.kind in ("conv", "dense", PROBABILITIES) else "same",
                kernels=_kernels(network, layer.name, count),
                total=total if total > count else None,
            )
        )
    return groups


def shape(values: Any) -> str:
    """``6×26×26``, or ``120 units``."""
    sides = "×".join(map(str, values.shape))
    return sides if values.ndim == 3 else f"{sides} units"


def conv_making(
    made: IntermediateMaps, network: Network, block: Sequence[str], channel: int
) -> list[Maps]:
    """Input maps, their kernels, the results, then one map of each layer of the block.

    Args:
        made: how the conv layer made the map.
        network: the layers.
        block: the conv layer and what follows in its block, in order.
        channel: whose map.
    """
    count = min(len(made.inputs), MOST_MAPS)
    tile = 84 if count <= 4 else 58 if count <= 8 else 34
    names = _captions(network, made.source, count) or [f"map {at}" for at in range(count)]
    gray: Colors = "gray" if made.source == INPUT else "diverging"
    groups = [
        Maps(INPUTS, "input maps", made.inputs[:count], f"from\n{made.source}", names, gray,
             tile=tile, total=len(made.inputs) if len(made.inputs) > count else None),
        Maps(KERNELS, "× kernels", made.kernels[:count],
             f"of filter {channel}\n{shape(made.kernels)}", names, tile=tile),
        Maps(RESULTS, "= intermediate", made.results[:count], f"one a map\n{shape(made.results)}",
             names, tile=tile),
    ]  # fmt: skip
    for name in block:
        layer = network.layer(name)
        assert layer is not None
        title = "Σ + bias" if layer.kind == "conv" else _title(name, layer.kind)
        values = layer.values[channel : channel + 1]
        detail = f"{name}\n{values.shape[1]}×{values.shape[2]}"
        groups.append(Maps(name, title, values, detail, [f"map {channel}"], tile=168))
    return groups


def conv_links(block: Sequence[str], network: Network, model: ModelConfig) -> list[Link]:
    """Which window each value of the making was made from."""
    links = []
    conv = block[0]
    config = model.blocks[int(conv.split(".")[1])]
    window = {"size": config.kernel_size, "stride": config.stride, "padding": config.padding}
    links += [Link(conv, RESULTS), Link(RESULTS, INPUTS, **window)]
    for source, name in zip(block, block[1:], strict=False):
        layer = network.layer(name)
        pool = layer is not None and layer.kind == "pool"
        size = config.pool_size if pool else 1
        links.append(Link(name, source, size, size))
    return links


def conv_lens(
    made: IntermediateMaps,
    block: Sequence[str],
    network: Network,
    model: ModelConfig,
    at: tuple[int, int],
) -> Lens:
    """Where the numbers of the multiplication are; `at` is the place that is written out."""
    config = model.blocks[int(block[0].split(".")[1])]
    same = [name for name in block if (layer := network.layer(name)) and layer.kind != "pool"]
    outputs = (RESULTS, *same)
    return Lens(INPUTS, KERNELS, outputs, config.stride, config.padding, made.bias, *at)


def dense_making(step: WeightedSum) -> list[Maps]:
    """What a dense unit reads, its weights, and the products."""
    strongest = np.argsort(-np.abs(step.partial_sums), kind="stable")[:_MOST_BARS]
    what = "map" if step.values.ndim == 3 else "unit"
    parts = {
        INPUTS: ("values", f"from\n{step.source}", step.values),
        KERNELS: ("× weights", f"of unit {step.position[0]}\n{shape(step.weights)}", step.weights),
        RESULTS: ("= products", f"their sum is\n{step.products.sum():.5g}", step.products),
    }
    groups = [
        Maps(name, title, np.asarray(values, np.float32)[: _count(values)], detail,
             colors="gray" if name == INPUTS and step.source == INPUT else "diverging",
             tile=None if values.ndim == 1 else 196 if len(values) == 1 else 40)
        for name, (title, detail, values) in parts.items()
    ]  # fmt: skip
    sums = np.asarray(step.partial_sums[strongest], np.float32)
    captions = [f"{what} {number}" for number in strongest]
    detail = f"sums of products, with\nthe bias {step.bias:.4g}: {step.value:.5g}"
    return [*groups, Maps("strongest", "Strongest contributions", sums, detail, captions, "bars")]


def block_of(network: Network, layer: str) -> list[str]:
    """The conv layer of a layer's block and all that follows in it; empty for a dense layer."""
    if not layer.startswith("blocks."):
        return []
    prefix = ".".join(layer.split(".")[:2]) + "."
    return [
        found.name
        for found in network.layers
        if found.name.startswith(prefix) and found.kind not in HIDDEN
    ]


def _shown_sources(network: Network) -> dict[str, tuple[str, ...]]:
    """What each layer reads, hidden layers left out."""
    kinds = {layer.name: layer for layer in network.layers}

    def seen(name: str) -> str:
        while kinds[name].kind in HIDDEN:
            name = kinds[name].sources[0]
        return name

    return {layer.name: tuple(map(seen, layer.sources)) for layer in network.layers}


def _count(values: Any) -> int:
    if values.ndim == 1:
        return min(len(values), MOST_UNITS)
    pixels = int(values[0].size)
    return max(1, min(len(values), MOST_MAPS, MOST_VALUES // pixels))


def _captions(network: Network, name: str, count: int) -> list[str]:
    if name in ("output", PROBABILITIES):
        return list(network.classes)
    return list(_CHANNELS) if name == INPUT and count == 3 else []


def _kernels(network: Network, name: str, count: int) -> Any:
    kernels = network.kernels.get(name)
    if kernels is None:
        return None
    shown = kernels[:count, :MOST_MAPS]
    return shown if shown.size <= MOST_KERNEL_VALUES else None


def _where(name: str) -> str:
    """``blocks.0`` for its conv layer; nothing more for what is alone."""
    return (
        "the image"
        if name == INPUT
        else "softmax"
        if name == PROBABILITIES
        else (name.rpartition(".")[0] or name)
    )


def _title(name: str, kind: str) -> str:
    if name == "output":
        return "logits"
    return _TITLES.get(kind, kind)
