"""Why an image is answered as it is, since when, and like what: a panel for each question."""

import streamlit as st

from core.jobs.fold_requests import FoldNetwork
from dashboard import images
from dashboard.example_loaders import Subject
from dashboard.widgets.attribution import Parts, attribution_panel
from dashboard.widgets.biography import biography_panel
from dashboard.widgets.neighbours import neighbours_panel
from dashboard.widgets.run_bar import Viewed
from dashboard.widgets.run_page import leave_if_gone

PANELS = {
    "why": "Which pixels",
    "epochs": "Over the epochs",
    "alike": "Nearest training images",
}


def closer_look(
    viewed: Viewed, shown: images.Example, own_answers: bool, judge: FoldNetwork | None = None
) -> None:
    """One of three panels, worked out when it is opened; it stays open for the next image.

    Args:
        viewed: run, epoch and split.
        shown: the image.
        own_answers: whether the run's network at this epoch has given the answer.
        judge: the network that has, where it is another one and is kept: it is the one explained.
    """
    leave_if_gone(viewed)
    panels = [name for name in PANELS if own_answers or name != "epochs"]
    panel = st.segmented_control(
        "Closer look", panels, key="example_panel", label_visibility="collapsed",
        format_func=PANELS.__getitem__, persist_state="session",
    )  # fmt: skip
    if panel is None:
        return
    assert viewed.epoch is not None
    subject = Subject(viewed.run, viewed.epoch, shown.pixels, judge)
    if not own_answers:
        st.caption(_whose(viewed, judge))
    if panel == "why":
        parts = Parts.of(shown.probabilities, shown.true)
        attribution_panel(subject, parts, "example_why", narrow=True)
    elif panel == "epochs":
        biography_panel(viewed, shown, "example_epochs")
    else:
        neighbours_panel(subject, shown.predicted)


def _whose(viewed: Viewed, judge: FoldNetwork | None) -> str:
    """Which network is explained, where it is not simply the run's."""
    if judge is None:
        return (
            f"Of the run's own network, epoch {viewed.epoch}, which may have learnt this image. "
            "The answers above are those of other networks."
        )
    return (
        f"Of the network that gave the answer above: number {judge.fold + 1} of "
        f"{judge.folding.num_folds}, which has not learnt this image."
    )
