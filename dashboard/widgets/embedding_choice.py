"""Which images of a map are chosen: a lasso has caught them, or a slice or cells hold them."""

from dataclasses import dataclass, replace

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.errors import UserError
from dashboard import (
    answer_loaders,
    cells,
    filters,
    lasso,
    lasso_images,
    selection,
    slice_loaders,
)
from dashboard.components.scatter import Drawn, Taken
from dashboard.embedding_loaders import ImageMap
from dashboard.lasso import Lasso, Mode, Piece
from dashboard.text import sentence
from dashboard.widgets.run_bar import Viewed

TOO_LONG = (
    "These are more lines than an address can hold: the last one is left out. Name the set, then "
    "begin a new one."
)
TAGS_HIDDEN = (
    "A lasso cannot leave out what a hidden tag holds: tags change, and the lasso's address would "
    "catch other images then. Show all entries of the legend, draw, and filter the images by tag."
)
_NOTICE = "embedding_notice"
_SLICE = "slice:"  # how a group that is a slice begins


@dataclass(frozen=True, eq=False)  # eq would compare arrays element by element
class Chosen:
    """Images of the split that is shown.

    Attributes:
        name: tells this choice from others.
        title: what they are, in Markdown.
        positions: their rows in the split, ascending.
        empty: what to say where there are none.
    """

    name: str
    title: str
    positions: NDArray[np.int64]
    empty: str


def chosen_images(viewed: Viewed, given: answer_loaders.Answers) -> Chosen | None:
    """What is chosen; None for nothing. What cannot be chosen is answered with a sentence."""
    if (notice := st.session_state.pop(_NOTICE, None)) is not None:
        st.warning(notice, icon="⚠️")
    chosen = selection.current()
    if (chosen.group or "").startswith(f"{lasso.KIND}:"):
        return _caught(viewed, given, chosen.group or "")
    if (chosen.group or "").startswith(_SLICE):
        return _slice(viewed, (chosen.group or "").removeprefix(_SLICE))
    choice = replace(cells.chosen(chosen, len(given.classes)), unsure=())
    if choice.is_empty:
        return None
    rows = cells.images_of(given.examples, choice, chosen.threshold, len(given.classes))
    positions = np.sort(rows["position"].to_numpy(np.int64))
    # Of another epoch, run or threshold the same cells hold other images.
    name = f"{viewed.run.id} {viewed.epoch} {choice.cells} {chosen.threshold:g}"
    nothing = (
        f"At epoch {viewed.epoch} no {viewed.split} image of this run lies there. Choose another "
        "epoch, or press Esc on the map."
    )
    return Chosen(name, cells.title(choice, given.classes), positions, nothing)


def draw(viewed: Viewed, shown: ImageMap, mode: Mode, drawn: Drawn, upon: str | None) -> Taken:
    """Takes in what was drawn on a map.

    Args:
        viewed: run and split.
        shown: the map.
        mode: what its colours mean.
        drawn: the line.
        upon: name of the choice that the map showed.
    """
    if not drawn.corners:
        # Esc takes back a lasso or a slice, and where there is none, the cells.
        on_top = (upon or "").startswith((f"{lasso.KIND}:", _SLICE))
        cells_too = {} if on_top else {"cells": ()}
        selection.update(group=None, example=None, filter=_unlassoed(), **cells_too)
        return Taken(None)
    piece = Piece(
        shown.kind, shown.epoch, shown.frame, mode, drawn.hidden, drawn.corners,
        adds=drawn.how != "remove",
    )  # fmt: skip
    if not piece.stays():
        st.session_state[_NOTICE] = TAGS_HIDDEN
        return Taken(upon)
    before = lasso.read(upon) if drawn.how != "only" else None
    if before is not None and (before.run, before.split) != (viewed.run.id, viewed.split):
        before = None
    if before is None and not piece.adds:
        return Taken(upon)
    pieces = (*before.pieces, piece) if before is not None else (piece,)
    text = lasso.written(Lasso(viewed.run.id, viewed.split, pieces))
    if text is None:
        st.session_state[_NOTICE] = TOO_LONG
        return Taken(upon)
    selection.update(group=text, example=None, filter=_unlassoed())
    lasso_images.remember(text)
    return Taken(text, marked=before is not None or drawn.how == "only")


def _unlassoed() -> str | None:
    """The gallery's filter without the lasso that was drawn before."""
    return filters.without(selection.current().filter, lasso.KIND)


def _slice(viewed: Viewed, key: str) -> Chosen | None:
    """The images of a slice, as the Slices page has them."""
    assert viewed.epoch is not None
    try:
        about, positions = slice_loaders.slice_of(viewed.run, viewed.epoch, viewed.split, key)
    except UserError as error:
        st.warning(sentence(str(error)), icon="⚠️")
        return None
    # Of another epoch or run the same slice may hold other images.
    name = f"{_SLICE}{key} {viewed.run.id} {viewed.epoch}"
    nothing = (
        f"No {viewed.split} image belongs to this slice. Choose another one on the page Slices, or "
        "press Esc on the map."
    )
    return Chosen(name, slice_loaders.title_of(about), positions, nothing)


def _caught(viewed: Viewed, given: answer_loaders.Answers, text: str) -> Chosen | None:
    """The images of a lasso, found again by their index: it may be another run's."""
    drawn = lasso.read(text)
    if drawn is not None and drawn.split != viewed.split:
        st.info(
            f"The lasso was drawn around {drawn.split} images. Choose the split {drawn.split} to "
            "see them, or draw another one."
        )
        return None
    try:
        index = lasso_images.caught(viewed.run, viewed.split, text)
    except UserError as error:
        st.warning(sentence(str(error)), icon="⚠️")
        return None
    positions = np.flatnonzero(np.isin(given.examples["index"].to_numpy(), index))
    nothing = (
        f"None of these is among the {viewed.split} images of this run. Draw around other points, "
        "or press Esc on the map."
    )
    return Chosen(text, "Inside the lasso", positions, nothing)
