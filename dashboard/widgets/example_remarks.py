"""What people say of one image, and may change: tags, a decision about its label, a note."""

import pandas as pd
import streamlit as st

from core.review import annotations as annotating
from core.review.annotations import LONGEST_NAME, LONGEST_NOTE
from dashboard import images, review_loaders
from dashboard.review_images import Found
from dashboard.text import clean, escaped
from dashboard.widgets.decision import Label, decision
from dashboard.widgets.example_around import Around, open_next
from dashboard.widgets.tagging import kept


def remarks(shown: images.Example, around: Around) -> None:
    """Draws them, to be changed.

    Args:
        shown: the image.
        around: the images among which it stands.
    """
    found = around.found
    _tags(found, shown.index)
    looks = shown.predicted
    if around.images.suggested is not None:
        row = around.row(shown.index)
        looks = looks if row is None else row[around.images.suggested]
    label = Label(shown.true, None if pd.isna(looks) else int(looks))

    def after(decided: bool) -> None:
        if around.images.leaves == ("decided" if decided else "undecided"):
            open_next(around)

    decision(
        found.run, found.file, {shown.index: label},
        shortcuts=around.shortcuts, after=after,
    )  # fmt: skip
    _note(found, shown.index)


def _tags(found: Found, index: int) -> None:
    key, new = f"example_tags_{found.file}_{index}", f"example_new_tag_{found.file}_{index}"
    data, names = review_loaders.dataset_of(found.run), list(found.annotations.tags)
    before = found.annotations.tags_of(found.file, index)

    def changed() -> None:
        now = st.session_state[key]
        for name in names:
            if (name in now) != (name in before):
                change = annotating.tag if name in now else annotating.untag
                kept(change, data, found.file, [index], name)

    def added() -> None:
        name = st.session_state[new].strip()
        if not name or kept(annotating.tag, data, found.file, [index], name):
            st.session_state[new] = ""

    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if names:
            st.session_state[key] = list(before)
            st.pills(
                "Tags", names, selection_mode="multi", key=key, on_change=changed,
                label_visibility="collapsed", format_func=lambda name: escaped(clean(name)),
            )  # fmt: skip
        st.text_input(
            "New tag", key=new, on_change=added, label_visibility="collapsed", width=130,
            placeholder="New tag …", max_chars=LONGEST_NAME,
        )  # fmt: skip


def _note(found: Found, index: int) -> None:
    key, unkept = f"example_note_{found.file}_{index}", f"example_unkept_{found.file}_{index}"
    data = review_loaders.dataset_of(found.run)

    def changed() -> None:
        text = st.session_state[key]
        is_kept = kept(annotating.set_note, data, found.file, index, text)
        st.session_state[unkept] = None if is_kept else text

    # What could not be kept stands there still: nobody has to write it again.
    text = st.session_state.get(unkept)
    st.session_state[key] = found.annotations.note_of(found.file, index) if text is None else text
    st.text_area(
        "Note", key=key, on_change=changed, label_visibility="collapsed", height=68,
        placeholder="Note on this image", max_chars=LONGEST_NOTE,
    )  # fmt: skip
