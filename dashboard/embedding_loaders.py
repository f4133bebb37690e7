"""Maps of a split's images, and what a lasso drawn on them catches: cached by ids, bounded.

Computation belongs to `core`; this module only joins ids with calls.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakValueDictionary

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.errors import RunError, UserError
from core.jobs import analysis as analyses
from core.jobs.analysis import Analysis, AnalysisState
from core.review.annotations import Annotations, file_of
from core.review.embedding import (
    PERPLEXITY,
    Frame,
    fit_frame,
    padded,
    project,
    reference_epoch,
)
from core.review.lasso import Grid, inside, on_grid
from core.runs import Run, default_root
from dashboard import answer_loaders, loaders, review_loaders, split_embedding
from dashboard.lasso import Lasso, Map, Mode, Piece, read
from dashboard.point_colors import Coloring, coloring

Places = NDArray[np.float64]
Mask = NDArray[np.bool_]
_Asked = TypeVar("_Asked")


@dataclass(frozen=True, eq=False)  # eq would compare arrays element by element
class ImageMap:
    """Where the images of a split lie; shared between tabs, not to be changed.

    Attributes:
        kind: ``pca`` or ``tsne``.
        epoch: of the network that was looked at.
        frame: the epoch that its frame was fitted to; its own for t-SNE.
        places: (N, 2) on the grid, in the split's order.
        view: (2, 2) least and greatest place of the view at first, on the grid.
        num_values: how many values the output layer reads; 0 where that is not told.
        explained: share of their variance along each axis; empty for t-SNE.
    """

    kind: Map
    epoch: int
    frame: int
    places: Grid
    view: NDArray[np.int64]
    num_values: int = 0
    explained: tuple[float, ...] = ()

    @property
    def space(self) -> str:
        """Names what a place means: the same for maps on which a point may be followed."""
        return self.kind if self.kind == "tsne" else f"pca {self.frame}"


def is_ready(of: Run, epoch: int, split: str, *, growing: bool) -> bool:
    """Whether `pca_map` gives its map without waiting; else what it needs is being worked out.

    Raises:
        UserError: if the network or the data cannot be used.
    """

    def has_frame(reference: int) -> bool:
        place = (default_root(), of.id, split, reference)
        return place in _made() or split_embedding.look(of, reference, split) is not None

    reference, is_fitted = _first_readable(of, growing, has_frame)
    # A map is kept long after the values it was made of: they need not be worked out again.
    made = (default_root(), of.id, split, reference, epoch) in _made()
    return is_fitted and (made or split_embedding.look(of, epoch, split) is not None)


@st.cache_resource(show_spinner=False)
def _made() -> WeakValueDictionary[tuple[Path | str | int, ...], Frame | ImageMap]:
    """The frames by store, run, split and epoch, and the maps on them by their own epoch besides.

    Those that their cache lets go are gone from here.
    """
    return WeakValueDictionary()


def pca_map(of: Run, epoch: int, split: str, *, growing: bool) -> ImageMap:
    """The images of a split on the first two principal axes, in the one frame of the run.

    Args:
        of: whose network.
        epoch: after which epoch.
        split: ``validation`` or ``test``.
        growing: whether more epochs are coming.

    Raises:
        UserError: if the network or the data cannot be used.
    """
    root = default_root()
    reference, _ = _first_readable(
        of, growing, lambda reference: _frame(root, of.id, split, reference, of)
    )
    return _pca_map(root, of.id, epoch, split, reference, of)


# 0.2 MB for 60,000 images: a run that is played has every epoch's at hand the second time.
@st.cache_resource(max_entries=128, show_spinner=False)
def _pca_map(
    root: Path, run_id: str, epoch: int, split: str, reference: int, _run: Run
) -> ImageMap:
    frame = _frame(root, run_id, split, reference, _run)
    embedding = split_embedding.wait(_run, epoch, split)
    places = on_grid(project(frame, embedding), frame.bounds)
    view = on_grid(frame.view.T, frame.bounds).T.astype(np.int64)
    found = ImageMap(
        "pca", epoch, reference, places, view, embedding.shape[1], frame.explained
    )  # fmt: skip
    _made()[root, run_id, split, reference, epoch] = found
    return found


@st.cache_resource(max_entries=32, show_spinner=False)
def _frame(root: Path, run_id: str, split: str, reference: int, _run: Run) -> Frame:
    found = fit_frame(split_embedding.wait(_run, reference, split))
    _made()[root, run_id, split, reference] = found
    return found


def _first_readable(of: Run, growing: bool, ask: Callable[[int], _Asked]) -> tuple[int, _Asked]:
    """The epoch whose frame is taken, and what `ask` says of it.

    One that cannot be read makes room for the one before.
    """
    epochs = of.epochs()
    if not epochs:
        raise RunError(f"run {of.id} has no finished epoch yet; wait for its first one")
    wanted = reference_epoch(epochs, growing=growing)
    problem: UserError | None = None
    for epoch in [epoch for epoch in reversed(epochs) if epoch <= wanted]:
        try:
            return epoch, ask(epoch)
        except UserError as error:
            problem = problem or error
    raise problem or RunError(f"run {of.id} has no epoch whose network can be read")


def tsne_look(of: Run, epoch: int, split: str, start: bool = False) -> AnalysisState:
    """How far t-SNE of an epoch is; starts it, if asked.

    Raises:
        UserError: if it cannot be started.
    """
    wanted = tsne_analysis(epoch, split)
    return analyses.request(of, wanted) if start else analyses.look(of, wanted)


def tsne_analysis(epoch: int, split: str) -> Analysis:
    """What is asked of the background."""
    return Analysis("tsne", epoch, {"split": split, "perplexity": PERPLEXITY, "seed": 0})


def tsne_again(of: Run, epoch: int, split: str) -> AnalysisState:
    """Lets a result go that cannot be read, and has it worked out anew.

    Raises:
        UserError: if it cannot be.
    """
    analyses.discard(of, tsne_analysis(epoch, split))
    return tsne_look(of, epoch, split, start=True)


def tsne_map(of: Run, epoch: int, split: str) -> ImageMap:
    """The images of a split as t-SNE has laid them out, once it has.

    Raises:
        RunError: if there is no result, or it is damaged or another split's.
    """
    return _tsne_map(default_root(), of.id, epoch, split, of)


@st.cache_resource(max_entries=32, show_spinner=False)
def _tsne_map(root: Path, run_id: str, epoch: int, split: str, _run: Run) -> ImageMap:
    points = analyses.arrays(_run, tsne_analysis(epoch, split)).get("points")
    count = loaders.splits(_run).sizes[split]
    if points is None or points.shape != (count, 2) or not np.isfinite(points).all():
        raise RunError(
            f"what t-SNE has laid out of run {run_id}, epoch {epoch}, is not the {split} split's "
            f"{count:,} images; have it worked out again"
        )
    bounds = padded(points)
    view = on_grid(bounds.T, bounds).T.astype(np.int64)
    return ImageMap("tsne", epoch, epoch, on_grid(points, bounds), view)


def colors(of: Run, epoch: int, split: str, mode: Mode) -> Coloring:
    """What the colours of a split's images mean.

    Raises:
        UserError: if the saved answers or the review file cannot be used.
    """
    given = answer_loaders.answers(of, epoch, split)
    tagged = tags(of, epoch, split) if mode == "tag" else []
    return coloring(given.examples, mode, given.classes, tagged)


def tags(of: Run, epoch: int, split: str) -> list[tuple[str, Mask]]:
    """Each tag that any of the split's images has, with (N,) which ones.

    Raises:
        UserError: if the saved answers or the review file cannot be used.
    """
    said: Annotations = review_loaders.annotations(of)
    index = answer_loaders.answers(of, epoch, split).examples["index"].to_numpy()
    file = file_of(split)
    found = ((name, np.isin(index, list(said.tagged(name, file)))) for name in said.tags)
    return [(name, members) for name, members in found if members.any()]


def caught(text: str) -> NDArray[np.int64]:
    """Indices in their file, ascending, of the images that a lasso has caught.

    Args:
        text: of the lasso, as the address keeps it.

    Raises:
        UserError: if it is no lasso, or a map that it was drawn on is not there any more.
    """
    return _caught(default_root(), text)


@st.cache_resource(max_entries=32, show_spinner=False)
def _caught(root: Path, text: str) -> NDArray[np.int64]:
    lasso = read(text)
    if lasso is None:
        raise UserError("the address names a lasso that cannot be read; draw another one")
    of = loaders.run(lasso.run)
    chosen: Mask | None = None
    for piece in lasso.pieces:
        found = _within(of, lasso, piece)
        chosen = np.zeros_like(found) if chosen is None else chosen
        chosen = chosen | found if piece.adds else chosen & ~found
    index = loaders.splits(of).index(lasso.split).numpy()
    result: NDArray[np.int64] = np.sort(index[chosen])
    return result


def _within(of: Run, lasso: Lasso, piece: Piece) -> Mask:
    if piece.map == "pca":
        drawn_on: Any = _pca_map(
            default_root(), of.id, piece.epoch, lasso.split, piece.frame, of
        )  # fmt: skip
    else:
        drawn_on = tsne_map(of, piece.epoch, lasso.split)
    found = inside(drawn_on.places, piece.polygon())
    if not piece.hidden:
        return found
    groups = colors(of, piece.epoch, lasso.split, piece.mode).groups
    return found & ~np.isin(groups, piece.hidden)
