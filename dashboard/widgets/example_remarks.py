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


def _key(name: str, value: object) -> str:
    """Of a widget whose value changes elsewhere, too: another one whenever it has.

    A browser sends the values of its widgets with every request, and hears of a new one a moment
    later. Under the same key the old value would be a change, which takes back what was said.
    """
    shown, times = st.session_state.get(f"{name}_shown", (value, 0))
    times += shown != value
    st.session_state[f"{name}_shown"] = value, times
    return f"{name}_{times}" if times else name


def _shows(name: str, value: object) -> None:
    """Takes note of what somebody has changed the widget to."""
    _, times = st.session_state[f"{name}_shown"]
    st.session_state[f"{name}_shown"] = value, times


def _tags(found: Found, index: int) -> None:
    name, new = f"example_tags_{found.file}_{index}", f"example_new_tag_{found.file}_{index}"
    data, names = review_loaders.dataset_of(found.run), list(found.annotations.tags)
    before = found.annotations.tags_of(found.file, index)
    key = _key(name, before)

    def changed() -> None:
        now = st.session_state[key]
        _shows(name, tuple(tag for tag in names if tag in now))
        for tag in names:
            if (tag in now) != (tag in before):
                change = annotating.tag if tag in now else annotating.untag
                kept(change, data, found.file, [index], tag)

    def added() -> None:
        tag = st.session_state[new].strip()
        if not tag or kept(annotating.tag, data, found.file, [index], tag):
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
    name, unkept = f"example_note_{found.file}_{index}", f"example_unkept_{found.file}_{index}"
    data = review_loaders.dataset_of(found.run)
    # What could not be kept stands there still: nobody has to write it again.
    shown = st.session_state.get(unkept)
    shown = found.annotations.note_of(found.file, index) if shown is None else shown
    key = _key(name, shown)

    def changed() -> None:
        text = st.session_state[key]
        _shows(name, text)
        is_kept = kept(annotating.set_note, data, found.file, index, text)
        st.session_state[unkept] = None if is_kept else text

    st.session_state[key] = shown
    st.text_area(
        "Note", key=key, on_change=changed, label_visibility="collapsed", height=68,
        placeholder="Note on this image", max_chars=LONGEST_NOTE,
    )  # fmt: skip
