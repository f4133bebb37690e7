"""Where a network holds the images of a split to lie: a flat map of its penultimate activations.

Both maps start from `core.inspection.neighbours.embed`: the directions of what the output layer
reads, so that images lie close where the network holds them to be alike, also from one epoch to
the next, while the activations themselves grow. PCA is there at once and has one frame for all
epochs; t-SNE takes a minute and keeps neighbourhoods.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass
from threading import Thread
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import UserError
from core.evaluation import FloatArray

PERPLEXITY = 30.0  # van der Maaten and Hinton 2008: typical values lie between 5 and 50
FEWEST = 5  # images that t-SNE can lay out: with fewer there are no neighbours to tell apart
_PADDING = 0.06  # around points, as a share of their range
_MOST_EXACT = 500  # values an image up to which the covariance is solved as a whole
_EXAGGERATION, _EARLY, _LATE = 12.0, 250, 500  # openTSNE's: Belkina et al. 2019
_CHUNK = 10  # iterations from one word of progress to the next
_WORD_SECONDS = 0.3  # from one word to the next while neighbours are searched for


@dataclass(frozen=True, eq=False)  # eq would compare arrays element by element
class Frame:
    """Two axes onto which every epoch's embedding is projected, the same for all of them.

    Attributes:
        mean: (D,) of the embedding that it was fitted to.
        axes: (2, D) its first principal axes, of length 1; each one's largest value is positive.
        explained: share of the variance along each axis, in [0, 1].
        bounds: (2, 2) least and greatest value along each axis that any embedding can have.
        view: (2, 2) the part of it that the reference's points take, with a margin.
    """

    mean: FloatArray
    axes: FloatArray
    explained: tuple[float, float]
    bounds: NDArray[np.float64]
    view: NDArray[np.float64]


def fit_frame(embedding: FloatArray) -> Frame:
    """The frame of the first two principal components of an embedding (N, D) by `embed`.

    Where all images lie in one place there is nothing to explain; the axes are then the first two
    values.

    Raises:
        UserError: if there are no images.
    """
    if not len(embedding):
        raise UserError("there are no images in this split: nothing can be laid out")
    mean: FloatArray = embedding.mean(0)
    axes, explained = _principal(embedding)
    largest = np.abs(axes).argmax(1)
    axes *= np.where(axes[[0, 1], largest] < 0, -1, 1)[:, None]
    bounds = _bounds(axes, mean, nonnegative=bool(embedding.min() >= 0))
    frame = Frame(mean, axes, explained, bounds, bounds)
    around = padded(project(frame, embedding))
    view = np.stack(
        [np.maximum(around[:, 0], bounds[:, 0]), np.minimum(around[:, 1], bounds[:, 1])], axis=1
    )
    return Frame(mean, axes, explained, bounds, view)


def padded(points: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """(2, 2) least and greatest value along each axis, with a margin; never of no extent.

    Args:
        points: (N, 2), at least one.
    """
    low, high = points.min(0).astype(np.float64), points.max(0).astype(np.float64)
    margin = _PADDING * np.maximum(high - low, 1e-3)
    return np.stack([low - margin, high + margin], axis=1)


def project(frame: Frame, embedding: FloatArray) -> FloatArray:
    """Places (N, 2) of an embedding (N, D) of any epoch of the same network, in a frame.

    Raises:
        UserError: if the embedding is another network's.
    """
    if embedding.shape[1:] != frame.mean.shape:
        raise UserError(
            f"the frame was fitted to {len(frame.mean)} values an image and this embedding has "
            f"{embedding.shape[1]}; fit a frame to it"
        )
    places: FloatArray = np.matmul(embedding - frame.mean, frame.axes.T)
    return places


def reference_epoch(epochs: Sequence[int], *, growing: bool) -> int:
    """The epoch whose embedding the frame of a run is fitted to.

    It is the last one; while more are coming it is the last power of two, so that the frame stays
    where it is from one epoch to the next and still follows what the network learns.

    Args:
        epochs: finished ones, ascending, at least one.
        growing: whether the run trains.
    """
    if not growing:
        return epochs[-1]
    early = [epoch for epoch in epochs if epoch & (epoch - 1) == 0]  # 0 among them
    return early[-1] if early else epochs[0]


@dataclass(frozen=True, eq=False)
class Layout:
    """How far t-SNE is.

    Attributes:
        step: iterations done.
        num_steps: of so many.
        points: (N, 2) where the images lie by now.
    """

    step: int
    num_steps: int
    points: FloatArray


def tsne(embedding: FloatArray, perplexity: float = PERPLEXITY, seed: int = 0) -> Iterator[Layout]:
    """t-SNE of an embedding (N, D), as it takes shape; the last layout is the result.

    It starts from the first two principal components, which keep the large distances, and equal
    seeds give equal layouts. van der Maaten and Hinton 2008; Kobak and Berens 2019 for the start,
    Linderman et al. 2019 for the speed, by openTSNE (Poličar et al. 2024) on one thread. While
    neighbours are searched for, most of a minute for 60,000 images, the start comes again and
    again, so that whoever iterates can tell how far it is, and end it.

    Args:
        embedding: by `embed`; Euclidean distances of directions order as cosines do.
        perplexity: about how many neighbours each image has, from 1; less where there are too few
            images for it.
        seed: of the search for neighbours and of the smallest of jitters.

    Raises:
        UserError: if there are fewer than `FEWEST` images or the perplexity is out of range.
    """
    if len(embedding) < FEWEST:
        raise UserError(f"t-SNE needs at least {FEWEST} images, got {len(embedding)}")
    if not 1 <= perplexity <= 1000:
        raise UserError(f"perplexity must lie in [1, 1000], got {perplexity:g}")
    from openTSNE import TSNEEmbedding, affinity

    num_steps = _EARLY + _LATE
    start = _start(embedding, seed)
    search = _beside(
        lambda: affinity.PerplexityBasedNN(
            embedding.astype(np.float64),
            perplexity=min(perplexity, (len(embedding) - 1) / 3),
            n_jobs=1,
            random_state=seed,
        )
    )
    yield Layout(0, num_steps, start.astype(np.float32))
    while not wait([search], timeout=_WORD_SECONDS).done:
        yield Layout(0, num_steps, start.astype(np.float32))
    neighbours = search.result()
    layout = TSNEEmbedding(start, neighbours, n_jobs=1, random_state=seed, learning_rate="auto")
    for step in range(_CHUNK, num_steps + 1, _CHUNK):
        # The optimizer keeps its momentum: in pieces it comes out as in one go.
        exaggeration = _EXAGGERATION if step <= _EARLY else 1
        layout.optimize(_CHUNK, inplace=True, exaggeration=exaggeration, momentum=0.8)
        yield Layout(step, num_steps, np.array(layout, dtype=np.float32))


def _beside(work: Callable[[], Any]) -> Future[Any]:
    """The result to come of a call in a thread that no process waits for at its end."""
    coming: Future[Any] = Future()

    def run() -> None:
        try:
            coming.set_result(work())
        except Exception as error:  # raised again where the result is asked for
            coming.set_exception(error)

    Thread(target=run, name="beside", daemon=True).start()
    return coming


def _principal(embedding: FloatArray) -> tuple[FloatArray, tuple[float, float]]:
    """Axes (2, D) and the share of the variance along each."""
    count, width = embedding.shape
    axes, explained = np.zeros((2, width), np.float32), [0.0, 0.0]
    if float(np.ptp(embedding, axis=0).max(initial=0)) < 1e-7:
        axes[[0, 1][:width], [0, 1][:width]] = 1
        return axes, (0.0, 0.0)
    from sklearn.decomposition import PCA

    solver = "covariance_eigh" if width <= _MOST_EXACT else "randomized"
    found = PCA(min(2, count, width), svd_solver=solver, random_state=0).fit(embedding)
    for number, axis in enumerate(found.components_):
        axes[number] = axis
        explained[number] = float(found.explained_variance_ratio_[number])
    return axes, (explained[0], explained[1])


def _bounds(axes: FloatArray, mean: FloatArray, *, nonnegative: bool) -> NDArray[np.float64]:
    """Between what values the projection of any row lies: rows have length 1 at most.

    Where no value is negative, as behind ReLU, the largest product with an axis is the length of
    the axis' positive part: a tight bound, met by the row that points along it.
    """
    lengths = [np.linalg.norm(np.clip(axes, 0, None), axis=1)] * 2
    if nonnegative:
        lengths[0] = np.linalg.norm(np.clip(axes, None, 0), axis=1)
    else:
        lengths = [np.linalg.norm(axes, axis=1)] * 2
    middle = axes @ mean
    bounds: NDArray[np.float64] = np.stack(
        [-lengths[0] - middle, lengths[1] - middle], axis=1
    ).astype(np.float64)
    return bounds


def _start(embedding: FloatArray, seed: int) -> NDArray[np.float64]:
    """The principal components, small enough for the optimizer, no two in the same place."""
    points = project(fit_frame(embedding), embedding).astype(np.float64)
    spread = float(points[:, 0].std())
    jitter = np.random.default_rng(seed).normal(0, 1e-6, points.shape)
    return np.ascontiguousarray(points / (spread or 1.0) * 1e-4 + jitter)
