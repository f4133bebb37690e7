"""The slices, the worst first, and in a sentence what is known of them."""

from contextlib import suppress

import pandas as pd
import streamlit as st

from core.errors import UserError
from dashboard import loaders, selection, slice_loaders, slice_tables, split_embedding
from dashboard.components.slice_list import slice_list
from dashboard.slice_loaders import Found
from dashboard.text import count, counted, percent, sentence
from dashboard.widgets.run_bar import Viewed

_POLL_SECONDS = 0.2


def slice_ranking(
    viewed: Viewed, found: Found, table: pd.DataFrame, opened: str | None, height: int
) -> None:
    """What stands out, and every slice with its examples and its excess error.

    Args:
        viewed: run, epoch and split.
        found: the slices.
        table: of `core.review.slice_scores.ranked`.
        opened: key of the slice whose images are shown.
        height: of the list, in pixels.
    """
    assert viewed.epoch is not None
    st.markdown(_summary(viewed, table))
    for problem in found.problems:
        st.warning(sentence(problem), icon="⚠️")
    if table.empty:
        st.info(_nothing(found))
    else:
        _list(viewed, found, table, opened, height)
    _left_out(viewed, found, table, opened)
    if found.pending:
        _await_look_alikes(viewed, found.pending)
    elif "cluster" in found.settings.kinds:
        _prepare_others(viewed, found.settings.num_clusters)


def _list(
    viewed: Viewed, found: Found, table: pd.DataFrame, opened: str | None, height: int
) -> None:
    assert viewed.epoch is not None
    about = None if opened is None else found.slices.find(opened)
    slice_list(
        slice_tables.rows(table),
        slice_tables.examples(viewed.run, viewed.epoch, viewed.split, found, table),
        slice_tables.PER_ROW,
        "slice_list",
        selected=opened if about is None else about.key,
        height=height,
        label="Slices, the largest excess error first",
        on_open=open_slice,
    )
    st.caption(
        "Excess: error rate less that of all other images, in percentage points (pp). All "
        "intervals hold at once with 95 %: they are corrected for the number of slices, as p is. "
        "A click on their heading sorts by the lower end, what is certain first."
    )


def _left_out(viewed: Viewed, found: Found, table: pd.DataFrame, opened: str | None) -> None:
    """Why the open slice is not in the list, if it is not."""
    about = found.slices.find(opened or "")
    if about is None or about.key in set(table["key"]):
        return
    number = "every" if found.slices.positions(about.key).size else "no"
    st.caption(
        f"{slice_loaders.title_of(about)} is not in the list: it holds {number} {viewed.split} "
        "image, so that there is nothing to compare."
    )


def open_slice(key: str | None) -> None:
    """Shows the images of a slice, or of none."""
    selection.update(group=None if key is None else f"slice:{key}", example=None)


def opened_slice() -> str | None:
    """The key of the slice in the address; None where there is none."""
    kind, _, key = (selection.current().group or "").partition(":")
    return key if kind == "slice" and key else None


def _summary(viewed: Viewed, table: pd.DataFrame) -> str:
    """How many slices are certainly worse than the rest, in a sentence."""
    assert viewed.epoch is not None
    errors, images = slice_loaders.errors(viewed.run, viewed.epoch, viewed.split)
    overall = (
        f"**{percent(errors / images)}** of {count(images)} {viewed.split} images are read "
        f"wrongly ({counted(errors, 'error')})."
    )
    if table.empty:
        return overall
    worse = int((table["significant"] & (table["excess"] > 0)).sum())
    verb = "is" if worse == 1 else "are"
    return (
        f"{overall} Of {counted(len(table), 'slice')}, **{worse or 'none'} {verb} significantly "
        "worse than the rest** at 5 %, corrected for their number."
    )


def _nothing(found: Found) -> str:
    if found.pending:
        return "The look-alikes appear here as soon as the network has looked at every image."
    if found.slices.about:
        return (
            "No slice has so many images and leaves a rest to compare it with. Lower the smallest "
            "slice, or choose more kinds."
        )
    return (
        "There is no slice of these kinds. Choose more kinds above, or name a set of images: tag "
        "images in any gallery, and they are a slice here."
    )


def _await_look_alikes(viewed: Viewed, numbers: tuple[int, ...]) -> None:
    """Draws the page anew once the network has looked at every image."""
    run, epoch, split = viewed.run, viewed.epoch, viewed.split
    assert epoch is not None

    def check() -> None:
        try:
            there = [slice_loaders.look_alikes(run, epoch, split, number) for number in numbers]
            ready = None not in there
        except UserError:
            ready = True  # the page drawn anew says what is wrong
        if ready:
            st.rerun()
        st.caption(f"Looking at every {split} image once to find look-alikes …")

    st.fragment(check, run_every=_POLL_SECONDS)()


def _prepare_others(viewed: Viewed, number: int) -> None:
    """Has the look-alikes of the epochs beside this one made meanwhile: the slider goes there."""
    if viewed.summary.state in loaders.ACTIVE:
        return  # a network that learns needs the processor more
    assert viewed.epoch is not None
    for other in split_embedding.beside(viewed.epochs, viewed.epoch):
        with suppress(UserError):  # the page says so when it gets there
            slice_loaders.look_alikes(viewed.run, other, viewed.split, number)
