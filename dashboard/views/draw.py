"""Draw a digit, or drop a picture of one, and see what a network makes of it."""

import streamlit as st

from core.errors import UserError
from dashboard.text import sentence
from dashboard.widgets.drawing_desk import drawing_desk
from dashboard.widgets.run_bar import follow, run_bar
from dashboard.widgets.run_heading import heading


def page() -> None:
    """Draws the page."""
    viewed = run_bar(splits=False)
    if viewed is None:
        return
    heading(viewed)
    follow(viewed)
    if viewed.epoch is None:
        st.info(
            "There is no network to ask yet: the untrained one, epoch 0, is here a few seconds "
            "after the run starts."
        )
        return
    try:
        drawing_desk(viewed)
    except UserError as error:
        st.error(f"{sentence(str(error))} Choose another epoch or run.", icon="⚠️")


page()
