"""Calibration of a run at one epoch: whether its confidence can be believed, and acted upon."""

import streamlit as st

from core.errors import UserError
from dashboard import calibration_loaders
from dashboard.text import sentence
from dashboard.widgets.calibration_images import images_of
from dashboard.widgets.calibration_scores import calibration_scores, temperature_words
from dashboard.widgets.coverage import coverage_panel
from dashboard.widgets.reliability import choose_settings, show_diagram
from dashboard.widgets.review_gallery import review_gallery
from dashboard.widgets.run_page import Measured, apart, viewed_run

DIAGRAM, CURVE, IMAGES = 400, 230, 690  # heights, in pixels


def show(viewed: Measured) -> None:
    """Scores, the two charts, and the images behind what is chosen in them."""
    scores, words = st.columns([4, 3], gap="large", vertical_alignment="center")
    charts, images = st.columns([5, 7], gap="large")
    with charts:
        settings = choose_settings(viewed)
        where = (viewed.run, viewed.epoch, viewed.split)
        shown = calibration_loaders.diagram(*where, settings)
        temperature = calibration_loaders.temperature(viewed.run, viewed.epoch)
        show_diagram(shown, settings, DIAGRAM)
        coverage_panel(viewed, calibration_loaders.coverage(*where), CURVE)
    with scores:
        before, after = calibration_loaders.before_and_after(*where, settings)
        calibration_scores(before, after)
    with words:
        temperature_words(viewed, temperature, before, after)
    with images:
        review_gallery(viewed, images_of(viewed, shown, settings), "calibration", IMAGES)


def show_or_tell(viewed: Measured) -> None:
    """The same, or what is wrong with it."""
    try:
        show(viewed)
    except UserError as error:
        st.error(f"{sentence(str(error))} Choose another epoch or run.", icon="⚠️")


def page() -> None:
    """Draws the page."""
    viewed = viewed_run(
        "Nothing has been measured yet: the untrained network's confidence, epoch 0, appears "
        "here a few seconds after the run starts.",
    )
    if viewed is None:
        return
    apart(lambda: show_or_tell(viewed))


page()
