"""Draw a digit, or drop a picture of one, and see what a network makes of it."""

import streamlit as st

from core.errors import UserError
from dashboard.text import sentence
from dashboard.widgets.drawing_desk import drawing_desk
from dashboard.widgets.run_page import viewed_run


def page() -> None:
    """Draws the page."""
    viewed = viewed_run(
        "There is no network to ask yet: the untrained one, epoch 0, is here a few seconds "
        "after the run starts.",
        splits=False,
    )
    if viewed is None:
        return
    try:
        drawing_desk(viewed)
    except UserError as error:
        st.error(f"{sentence(str(error))} Choose another epoch or run.", icon="⚠️")


page()
