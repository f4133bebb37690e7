"""Rounds of a review: networks that learn what has been decided so far, and judge the rest anew."""

from dataclasses import replace

import streamlit as st

from core.datasets.overlay import Overlay
from core.errors import UserError
from core.jobs.analysis import AnalysisState
from core.jobs.fold_requests import Folding
from core.runs import Run
from dashboard import fold_loaders
from dashboard.text import counted, sentence
from dashboard.widgets.label_source import choose_folding


def start_folding(run: Run, folding: Folding) -> AnalysisState:
    """Starts it, and the address names it: whatever is decided meanwhile, it stays in view.

    Raises:
        UserError: if it cannot be started.
    """
    found = fold_loaders.start(run, folding)
    choose_folding(folding)
    return found


def next_round(run: Run, folding: Folding, told: str) -> None:
    """What is told of a result; and where decisions are not learnt, the way to networks that do.

    Args:
        run: whose networks.
        folding: the training whose result is looked at.
        told: of the result.
    """
    so_far = fold_loaders.decisions_so_far(run)
    if (so_far.digest if so_far else None) == folding.decisions:
        st.caption(told)
        return
    if so_far is None:
        st.caption(f"{told} All those decisions have been taken back since.")
        return
    try:
        learnt = fold_loaders.learnt(run, folding)
    except UserError as error:
        st.caption(told)
        st.warning(sentence(str(error)), icon="⚠️")
        return
    number = counted(so_far.num_different(learnt), "image")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(
            f"{told} What you have decided about {number} is not what they have learnt.",
            width="content",
        )
        _offer(run, folding, so_far)


def _offer(run: Run, folding: Folding, so_far: Overlay) -> None:
    wanted = replace(folding, decisions=so_far.digest)
    asked = fold_loaders.was_asked_for(run, wanted)

    def follow() -> None:
        try:
            if asked:
                choose_folding(wanted)
            else:
                start_folding(run, wanted)
        except UserError as error:
            st.error(sentence(str(error)), icon="⚠️")

    st.button(
        "Show the round that has" if asked else "Train the next round",
        key="next_round",
        icon=":material/arrow_forward:" if asked else ":material/model_training:",
        on_click=follow,
        help=f"{folding.num_folds} networks that learn all {counted(so_far.num_images, 'decision')}"
        " of yours judge the images anew: the labels that are still wrong stand out more clearly.",
    )
