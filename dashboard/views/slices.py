"""Slices: parts of a split with something in common, those read worst first, and their images."""

import streamlit as st

from core.errors import UserError
from dashboard import selection, slice_loaders
from dashboard.text import sentence
from dashboard.widgets.run_bar import Viewed
from dashboard.widgets.run_page import viewed_run
from dashboard.widgets.slice_images import slice_images
from dashboard.widgets.slice_measures import slice_measures
from dashboard.widgets.slice_ranking import opened_slice, slice_ranking
from dashboard.widgets.slice_runs import slice_runs
from dashboard.widgets.slice_settings import choose_settings

HEIGHT = 560  # of the list and of the images beside it, in pixels
BELOW = 320  # of what stands below them


def show_slices(viewed: Viewed, epoch: int) -> None:
    """The list, and beside it the images of the chosen slice."""
    opened = opened_slice()
    settings, smallest = choose_settings()
    try:
        found = slice_loaders.find(viewed.run, epoch, viewed.split, settings, opened)
        table = slice_loaders.ranking(viewed.run, epoch, viewed.split, found, smallest, opened)
    except UserError as error:
        st.error(
            f"{sentence(str(error))} Choose another epoch; the other pages are not affected.",
            icon="⚠️",
        )
        return
    widths = [7, 6] if selection.current().example is None else [4, 9]
    ranking, images = st.columns(widths, gap="large")
    with ranking:
        slice_ranking(viewed, found, table, opened, HEIGHT)
    with images:
        slice_images(viewed, found, opened, HEIGHT)
    st.space("small")
    runs, measures = st.columns([8, 5], gap="large")
    with runs:
        slice_runs(viewed, found, table, BELOW)
    with measures:
        slice_measures(viewed, opened, BELOW)


def page() -> None:
    """Draws the page."""
    viewed = viewed_run(
        "Nothing has been measured yet: the untrained network's answers, epoch 0, appear here "
        "a few seconds after the run starts.",
        titled=False,
    )
    if viewed is None:
        return
    show_slices(viewed, viewed.epoch)


page()
