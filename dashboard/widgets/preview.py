"""A strip of training images as the network will see them."""

import streamlit as st

from core.augmentation import is_active
from core.config import RunConfig
from core.datasets.catalog import entry
from core.errors import UserError
from dashboard import loaders, pictures
from dashboard.text import escaped


def preview(config: RunConfig) -> None:
    """Eight training images with the random changes in force; another draw at a click."""
    try:
        data = entry(config.data.name)
        if not data.embedded:
            st.caption("The preview appears for data sets that come with ConvScope.")
            return
        images = loaders.dataset(data.name).train_images[: pictures.PREVIEW_IMAGES]
    except UserError as error:
        st.warning(escaped(str(error)), icon="⚠️")
        return
    draw = st.session_state.get("preview draw", 0)
    strip = pictures.augmentation_preview(images, config.augmentation, draw)
    st.html(pictures.image_tag(strip, "Training images as the network will see them", stretch=True))
    if not is_active(config.augmentation):
        st.caption("Training images as they are: nothing is changed.")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("What the network will see, different each time.")
        if st.button("Draw again", type="tertiary"):
            st.session_state["preview draw"] = draw + 1
            st.rerun()
