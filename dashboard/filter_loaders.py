"""The filters of a run's conv layers at an epoch, cached by ids and bounded.

Everything here takes milliseconds. What takes a pass over a whole split is measured in the
background, by `dashboard.filter_measures`.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from core.errors import UserError
from core.inspection import filters
from core.jobs.analysis import AnalysisState
from core.runs import Run, default_root
from dashboard import loaders, sprites

MOST_EPOCHS = 60  # points of a sparkline; each costs a millisecond of reading the first time

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)  # eq would compare arrays element by element
class Layer:
    """The filters of one conv layer after one epoch.

    Attributes:
        name: as in ``blocks.0.conv``.
        kernels: (out, in, kh, kw) float32.
        norms: (out,) the Euclidean norm of each filter.
        similarity: (out, out) cosines between filters.
        twins: filter -> the filter that looks for nearly the same, where there is one.
        largest: the largest magnitude of a weight in this layer.
        largest_anywhere: the largest magnitude in any conv layer of the network.
    """

    name: str
    kernels: filters.Kernels
    norms: Array
    similarity: Array
    twins: dict[int, int]
    largest: float
    largest_anywhere: float

    def __len__(self) -> int:
        return len(self.kernels)


def conv_layers(of: Run) -> list[str]:
    """The names of the network's conv layers, input side first; empty where it has none."""
    # Not from the names of the weights: a file keeps them in an order of its own.
    return [f"blocks.{block}.conv" for block in range(len(of.config.model.blocks))]


def layer(of: Run, epoch: int, name: str) -> Layer:
    """The filters of a conv layer.

    Raises:
        UserError: if there is no such layer, or the epoch's weights are missing or damaged.
    """
    return _layer(default_root(), of.id, epoch, name)


@st.cache_resource(max_entries=64, show_spinner=False)
def _layer(root: Path, run_id: str, epoch: int, name: str) -> Layer:
    weights = loaders.weights(run_id, epoch)
    kernels = filters.kernels(weights, name)
    twins: dict[int, int] = {}
    for first, second, _ in filters.near_duplicates(kernels):  # the nearest first
        twins.setdefault(first, second)
        twins.setdefault(second, first)
    magnitudes = [float(tensor.abs().max()) for tensor in weights.values() if tensor.dim() == 4]
    return Layer(
        name=name,
        kernels=kernels,
        norms=filters.norms(kernels),
        similarity=filters.similarity(kernels),
        twins=twins,
        largest=float(np.abs(kernels).max()),
        largest_anywhere=max(magnitudes),
    )


def history(of: Run, epochs: list[int], name: str) -> filters.NormHistory:
    """Each filter's norm after each of at most `MOST_EPOCHS` epochs, evenly chosen.

    An epoch whose weights cannot be read is left out: the others still tell the story.

    Raises:
        UserError: if none can be read, or there is no such layer.
    """
    chosen = np.unique(np.linspace(0, len(epochs) - 1, MOST_EPOCHS).round().astype(int))
    return _history(default_root(), of.id, tuple(epochs[at] for at in chosen), name, of)


# Sixty looks into a cache cost as much as the rest of the page.
@st.cache_resource(max_entries=64, show_spinner=False)
def _history(
    root: Path, run_id: str, epochs: tuple[int, ...], name: str, _run: Run
) -> filters.NormHistory:
    read, lengths = [], []
    for epoch in epochs:
        try:
            lengths.append(_norms(root, run_id, epoch, _run)[name])
        except UserError:
            continue
        read.append(epoch)
    if not read:
        raise UserError("this run has no finished epoch whose filters could be looked at")
    return filters.NormHistory(tuple(read), np.stack(lengths))


@st.cache_resource(max_entries=2048, show_spinner=False)
def _norms(root: Path, run_id: str, epoch: int, _run: Run) -> dict[str, Array]:
    """The norms of all conv layers, so that another layer does not read all epochs again."""
    # Not through the shared cache of weights: a run's whole history would push all else out of it.
    weights = _run.weights(epoch)
    return {
        name: filters.norm_history([(epoch, weights)], name).norms[0] for name in conv_layers(_run)
    }


def order(shown: Layer, by: str, near: int, lost: dict[int, float] | None) -> list[int]:
    """The layer's filters in the order in which they are shown.

    Args:
        shown: the layer.
        by: ``index``; ``norm``, the largest first; ``similarity`` to the filter `near`; or
            ``importance``, the most accuracy lost first.
        near: a filter of the layer.
        lost: accuracy lost without each filter; without it importance falls back on the index.
    """
    values = {"norm": shown.norms, "similarity": shown.similarity[near]}.get(by)
    if by == "importance" and lost:
        values = np.array([lost.get(index, 0.0) for index in range(len(shown))])
    if values is None:
        return list(range(len(shown)))
    return [int(index) for index in np.argsort(-values, kind="stable")]


def twins(shown: Layer, channel: int, count: int) -> pd.DataFrame:
    """The filters most like one: channel, similarity (cosine), the nearest first.

    Raises:
        UserError: if there is no such filter.
    """
    return filters.nearest_twins(shown.kernels, channel, count)


def picture(found: AnalysisState) -> bytes | None:
    """The maximised image as a PNG; None where what was kept is no image."""
    try:
        pixels = np.asarray(found.result["pixels"], dtype=np.float64)
        return sprites.picture(np.rint(pixels.clip(0, 1) * 255).astype(np.uint8))
    except (KeyError, TypeError, ValueError):
        return None
