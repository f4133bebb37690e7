"""Feature maps of one image: the whole network, one value's story, the run's activations."""

import streamlit as st

from core.errors import UserError
from dashboard.map_loaders import Look
from dashboard.text import sentence
from dashboard.widgets.activation_statistics import activation_statistics
from dashboard.widgets.comparison import choose_comparison
from dashboard.widgets.image_choice import chosen_picture, image_choice
from dashboard.widgets.network_maps import network_maps, scale_choice
from dashboard.widgets.run_bar import Viewed
from dashboard.widgets.run_page import viewed_run
from dashboard.widgets.value_story import value_story


def show_network(viewed: Viewed) -> None:
    """The choice of image and colours, the columns of maps, and how one value came to be."""
    assert viewed.epoch is not None
    with st.container(horizontal=True, vertical_alignment="bottom", key="maps_toolbar"):
        try:
            problems = image_choice(viewed)
        except UserError as error:
            st.error(sentence(str(error)), icon="⚠️")
            return
        scale = scale_choice()
        with st.container(width=340):
            other = choose_comparison(viewed, "Below it")
    for problem in problems:
        st.warning(problem, icon="⚠️")
    picture = chosen_picture(viewed)
    if picture is None:
        return
    look = Look(viewed.run, viewed.epoch, picture)
    looks = [look] if other is None else [look, Look(other.run, other.epoch, picture)]
    networks = network_maps(looks, scale)
    for number, (shown, network) in enumerate(networks):
        value_story(shown, network, key=f"story_{number}")


def page() -> None:
    """Draws the page."""
    viewed = viewed_run(
        "Nothing can be looked at yet: the untrained network, epoch 0, appears here a few "
        "seconds after the run starts.",
    )
    if viewed is None:
        return
    show_network(viewed)
    st.space("small")
    activation_statistics(viewed)


page()
