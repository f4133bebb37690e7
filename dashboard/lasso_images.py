"""The lasso that was drawn on a map, where other pages filter by it."""

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.errors import UserError
from core.runs import Run
from dashboard import embedding_loaders, lasso, loaders, review_loaders, selection
from dashboard.lasso import Lasso

_LAST = "last_lasso"


def caught(of: Run, split: str, text: str) -> NDArray[np.int64]:
    """Indices in their file, ascending, of the images that a lasso has caught.

    Args:
        of: a run on the same images; it may be another than the one on whose map it was drawn.
        split: the split that is looked at.
        text: of the lasso, as the address keeps it.

    Raises:
        UserError: if it is no lasso, was drawn around other images, or its map is gone.
    """
    drawn = lasso.read(text)
    if drawn is not None:
        _check(of, split, drawn)
    return embedding_loaders.caught(text)


def remember(text: str) -> None:
    """Keeps the lasso that was drawn last in this tab."""
    st.session_state[_LAST] = text


def carried(of: Run, split: str) -> str | None:
    """The lasso in the address, drawn on the page Embedding, if it fits the images here."""
    return _fitting(of, split, selection.current().group)


def known(of: Run, split: str) -> str | None:
    """The lasso in the address, or else the one that was drawn last, if it fits the images here."""
    return carried(of, split) or _fitting(of, split, st.session_state.get(_LAST))


def _fitting(of: Run, split: str, text: str | None) -> str | None:
    drawn = lasso.read(text)
    if drawn is None:
        return None
    try:
        _check(of, split, drawn)
    except UserError:  # it is not asked for, only looked for
        return None
    return text


def _check(of: Run, split: str, drawn: Lasso) -> None:
    if drawn.split != split:
        raise UserError(
            f"the lasso was drawn around {drawn.split} images; choose the split {drawn.split} to "
            "see them, or draw another one on the page Embedding"
        )
    theirs = review_loaders.dataset_of(loaders.run(drawn.run))
    ours = review_loaders.dataset_of(of)
    if theirs.fingerprint != ours.fingerprint:
        raise UserError(
            f"the lasso was drawn around images of {theirs.title}, and this run learns "
            f"{ours.title}; draw another one"
        )
