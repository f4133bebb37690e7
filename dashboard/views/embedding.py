"""Embedding: where the network holds the images of a split to lie; a lasso shows what is there."""

import streamlit as st

from core.errors import UserError
from dashboard import answer_loaders
from dashboard.text import sentence
from dashboard.widgets.embedding_choice import chosen_images
from dashboard.widgets.embedding_images import embedding_images
from dashboard.widgets.embedding_map import embedding_map
from dashboard.widgets.epoch_player import keep_playing
from dashboard.widgets.run_bar import Viewed
from dashboard.widgets.run_page import viewed_run

MAP_HEIGHT = 470  # pixels
IMAGES_HEIGHT = 560


def show_embedding(viewed: Viewed, epoch: int) -> None:
    """The map, and beside it the images that are chosen on it."""
    try:
        given = answer_loaders.answers(viewed.run, epoch, viewed.split)
    except UserError as error:
        st.error(
            f"{sentence(str(error))} Choose another epoch; the other pages are not affected.",
            icon="⚠️",
        )
        return
    chosen = chosen_images(viewed, given)
    where, images = st.columns([4, 5], gap="medium")
    with where:
        embedding_map(viewed, epoch, given, chosen, MAP_HEIGHT)
    with images:
        embedding_images(viewed, given, chosen, IMAGES_HEIGHT)


def page() -> None:
    """Draws the page."""
    viewed = viewed_run(
        "Nothing can be looked at yet: the untrained network, epoch 0, appears here a few "
        "seconds after the run starts.",
    )
    if viewed is None:
        return
    show_embedding(viewed, viewed.epoch)
    keep_playing(viewed)


page()
