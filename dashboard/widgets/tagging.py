"""Tags: set and taken off by key or by name, for one image or many; and what can be taken away."""

from collections.abc import Callable, Collection
from typing import Any

import streamlit as st

from core.datasets import Dataset
from core.errors import UserError
from core.review import annotations as annotating
from core.review.annotations import LONGEST_NAME
from core.review.export import Origin, csv_bytes, export_table, zip_bytes
from dashboard import images as pictures
from dashboard import review_loaders
from dashboard.review_images import Found, Images, probabilities_of
from dashboard.text import clean, count, counted, escaped, sentence
from dashboard.widgets.sign_popover import sign_popover
from dashboard.widgets.undoing import say

_PROBLEM = "review_problem"  # what went wrong in a callback, to be told by the next run


def kept(change: Callable[..., Any], *args: Any) -> bool:
    """`undoing.say`; what cannot be kept is told by `tell_problem`.

    Args:
        change: a function of `core.review.annotations`.
        args: what it is called with.
    """
    try:
        say(change, *args)
    except UserError as error:
        st.session_state[_PROBLEM] = sentence(str(error))
        return False
    return True


def tell_problem() -> None:
    """Says what could not be kept since the page was last drawn."""
    if problem := st.session_state.pop(_PROBLEM, None):
        st.error(problem, icon="⚠️")


def press(found: Found, name: str, indices: Collection[int]) -> None:
    """Sets a tag; where all of the images have it already, takes it off."""
    kept(_toggle, found, name, indices)


def _toggle(found: Found, name: str, indices: Collection[int]) -> None:
    # As things stand now: quick presses are heard before the page is drawn again.
    having = review_loaders.annotations(found.run).tagged(name, found.file)
    set_already = all(index in having for index in indices)
    change = annotating.untag if set_already else annotating.tag
    change(review_loaders.dataset_of(found.run), found.file, indices, name)


def tag_button(found: Found, targets: Collection[int], key: str, narrow: bool) -> None:
    """A button that opens into a new tag for the images, and the list of all tags.

    Args:
        found: the gallery's images.
        targets: indices of those that are meant.
        key: names the controls.
        narrow: whether only its sign is seen.
    """
    with sign_popover("Tag", ":material/sell:", f"{key}_tag", narrow) as opened:
        if opened.open:
            _new_tag(found, targets, key)
            _all_tags(found, key)


def export_button(
    found: Found, images: Images, chosen: Collection[int], key: str, narrow: bool
) -> None:
    """A button that opens into the two files that the images can be taken away in.

    Args:
        found: the gallery's images.
        images: the page's.
        chosen: indices of those that are meant; none means all that pass the filter.
        key: names the controls.
        narrow: whether only its sign is seen.
    """
    with sign_popover("Export", ":material/download:", f"{key}_export", narrow) as opened:
        if opened.open:
            _files(found, images, chosen, key)


def _new_tag(found: Found, targets: Collection[int], key: str) -> None:
    field = f"{key}_new_tag"

    def add() -> None:
        name, data = st.session_state[field], review_loaders.dataset_of(found.run)
        if name and kept(annotating.tag, data, found.file, targets, name):
            st.session_state[field] = ""

    what = f"for {counted(len(targets), 'image')}" if targets else "without images yet"
    st.text_input(
        f"New tag, {what}", key=field, max_chars=LONGEST_NAME, on_change=add,
        placeholder="a name, then Enter",
    )  # fmt: skip
    st.caption("Tags go to the selected images, or else to the open one. A tag is a slice, too.")


def _all_tags(found: Found, key: str) -> None:
    data, counts = review_loaders.dataset_of(found.run), found.annotations.tag_counts()
    if not counts:
        st.caption("There are no tags yet. The first nine get a number key.")
        return
    for place, (name, number) in enumerate(counts.items()):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            shortcut = f"**{place + 1}** " if place < 9 else ""
            words = f"{shortcut}{escaped(name)} · {counted(number, 'image')}"
            st.markdown(words, width="stretch")
            st.button(
                "Delete", key=f"{key}_delete_{place}", type="tertiary", icon=":material/delete:",
                on_click=_delete, args=(data, name),
                help=f"Takes “{clean(name)}” off all images, of train and test.",
            )  # fmt: skip


def _delete(data: Dataset, name: str) -> None:
    kept(annotating.delete_tag, data, name)


def _files(found: Found, images: Images, chosen: Collection[int], key: str) -> None:
    rows = found.rows
    if chosen:
        rows = rows[rows["index"].isin(chosen)]
    what = f"{counted(len(rows), f'{found.split} image')}, " + (
        "selected" if chosen else "all shown"
    )
    st.markdown(f"**{what}**")
    # Answers of networks that have not learnt the images are not those of an epoch.
    epoch = found.epoch if found.own_answers else None
    origin = Origin(found.run.id, epoch, found.file, found.split)
    when = "" if epoch is None else f"_epoch{epoch}"
    stem = f"{found.run.id}_{found.split}{when}_{len(rows)}"
    try:
        values = probabilities_of(found, images)
    except UserError as error:
        st.error(sentence(str(error)), icon="⚠️")
        return
    classes = review_loaders.dataset_of(found.run).classes

    def table():  # type: ignore[no-untyped-def]  # pandas is not for this room
        return export_table(rows, values, classes, found.annotations, origin)

    def archive() -> bytes:
        return zip_bytes(table(), pictures.pixels(found.run, found.file, rows["index"]))

    with st.container(horizontal=True):
        st.download_button(
            "CSV", lambda: csv_bytes(table()), f"{stem}.csv", "text/csv", key=f"{key}_csv",
            icon=":material/table:", on_click="ignore",
            help="Index, run, epoch, split, true, predicted, confidence, loss, margin, entropy, "
            "tags, decision, note and probabilities",
        )  # fmt: skip
        st.download_button(
            "PNGs, zipped", archive, f"{stem}.zip", "application/zip", key=f"{key}_zip",
            icon=":material/photo_library:", on_click="ignore",
            help=f"{count(len(rows))} PNG files and the same table",
        )  # fmt: skip
