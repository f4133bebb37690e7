"""The images of the set that is chosen on the map, and a name for it."""

import streamlit as st

from core.review import annotations
from core.review.annotations import LONGEST_NAME, file_of
from dashboard import answer_loaders, review_loaders
from dashboard.text import counted, quoted
from dashboard.widgets.embedding_choice import Chosen
from dashboard.widgets.review_gallery import Images, review_gallery
from dashboard.widgets.run_bar import Viewed
from dashboard.widgets.tagging import kept

_NAME_HEIGHT = 50  # pixels
_NAME_KEY, _TOLD = "embedding_set_name", "embedding_named"


def embedding_images(
    viewed: Viewed, given: answer_loaders.Answers, chosen: Chosen | None, height: int
) -> None:
    """The gallery of the page: the chosen images, or every error.

    Args:
        viewed: run, epoch and split.
        given: what the run answers.
        chosen: the images that are marked on the map.
        height: of the images and what stands above them, in pixels.
    """
    if said := st.session_state.pop(_TOLD, None):
        st.success(said, icon=":material/sell:")
    if chosen is None:
        shown = Images(
            "All images",
            given.examples,
            f"At epoch {viewed.epoch} every {viewed.split} image is answered right. Draw around "
            "points to see their images.",
            outcome="wrong",
            order="loss",
            alone=False,
            lasso=False,
        )
    else:
        height -= _NAME_HEIGHT
        _name_it(viewed, given, chosen)
        shown = Images(
            chosen.title,
            given.examples.iloc[chosen.positions],
            chosen.empty,
            order="loss",
            alone=False,
            lasso=False,
        )
    review_gallery(viewed, shown, "embedding_gallery", height)


def _name_it(viewed: Viewed, given: answer_loaders.Answers, chosen: Chosen) -> None:
    """A name for the set: a tag, which the slices, the filters and the map's colours know."""
    if not len(chosen.positions):
        return

    def name_it() -> None:
        indices = given.examples["index"].to_numpy()[chosen.positions].tolist()
        name = st.session_state[_NAME_KEY]
        data = review_loaders.dataset_of(viewed.run)
        if kept(annotations.tag, data, file_of(viewed.split), indices, name):
            st.session_state[_NAME_KEY] = ""
            images = counted(len(indices), "image")
            st.session_state[_TOLD] = f"{images} carry the tag {quoted(name)}."

    with st.form("embedding_set", border=False), st.container(horizontal=True):
        st.text_input(
            "Name of this set",
            key=_NAME_KEY,
            max_chars=LONGEST_NAME,
            placeholder=f"Name this set of {counted(len(chosen.positions), 'image')}",
            label_visibility="collapsed",
        )
        st.form_submit_button("Name it", icon=":material/sell:", on_click=name_it)
