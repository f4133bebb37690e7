"""A name for a set of images: what the gallery shows becomes a slice, or one is taken back."""

from collections.abc import Sequence

import streamlit as st

from core.errors import UserError
from core.review import annotations
from core.review.marks import LONGEST_NAME, tag_name
from dashboard import review_loaders, selection
from dashboard.review_images import Images, find
from dashboard.slice_loaders import NAMED
from dashboard.text import counted, quoted
from dashboard.widgets.run_bar import Viewed
from dashboard.widgets.slice_ranking import open_slice
from dashboard.widgets.tagging import kept


def slice_naming(viewed: Viewed, images: Images, keys: Sequence[str]) -> None:
    """The button to save what is shown, and with a named slice the one to delete it.

    What cannot be kept is told by the gallery, which has to be drawn after it.

    Args:
        viewed: run, epoch and split.
        images: what the gallery shows, before its filter.
        keys: of the open slice, the one that it was opened by first; none where none is open.
    """
    try:
        known = review_loaders.annotations(viewed.run)
    except UserError:
        return  # the gallery and the list say what is wrong with the review file
    if names := [key.removeprefix(NAMED) for key in keys if key.startswith(NAMED)]:
        _delete(viewed, names[0])
    assert viewed.epoch is not None
    shown = find(viewed.run, viewed.epoch, viewed.split, images, selection.current(), known)
    _save(viewed, [int(index) for index in shown.rows["index"]])


def _save(viewed: Viewed, indices: list[int]) -> None:
    key = "slice_name"
    data, file = review_loaders.dataset_of(viewed.run), annotations.file_of(viewed.split)

    def saved() -> None:
        name = st.session_state[key]
        if not kept(annotations.tag, data, file, indices, name):
            return
        st.session_state[key] = ""
        wanted = tag_name(name)
        open_slice(f"{NAMED}{wanted}")
        count = len(review_loaders.annotations(viewed.run).tagged(wanted, file))
        st.toast(f"{quoted(wanted)} holds {counted(count, 'image')} now", icon="🔖")

    with st.popover(
        "Save as a slice", icon=":material/bookmark_add:", key="slice_save", disabled=not indices
    ):
        st.text_input(
            "Name", key=key, max_chars=LONGEST_NAME, on_change=saved,
            placeholder="a name, then Enter",
        )  # fmt: skip
        st.caption(
            f"The {counted(len(indices), f'{viewed.split} image')} that the filter leaves become a "
            "set of their own: a slice here, and a tag in every gallery. A name that is there "
            "already gets them as well."
        )


def _delete(viewed: Viewed, name: str) -> None:
    data = review_loaders.dataset_of(viewed.run)

    def deleted() -> None:
        if kept(annotations.delete_tag, data, name):
            open_slice(None)

    with st.popover("Delete", icon=":material/delete:", key="slice_delete"):
        st.markdown(f"Take the name {quoted(name)} off all its images, of every split?")
        st.button("Delete for good", key="slice_delete_now", type="primary", on_click=deleted)
