"""The image that excites a filter most: worked out on demand, beside its progress, and kept."""

import streamlit as st

from core.errors import UserError
from core.jobs.analysis import AnalysisState
from dashboard import ablation_loaders, filter_loaders
from dashboard.pictures import image_tag
from dashboard.text import sentence
from dashboard.widgets import filter_state as state

POLL_SECONDS = 0.4


def maximised_image(looked: state.Looked) -> None:
    """The image, or a button that has it worked out."""
    st.markdown("**Maximising image**")
    found = _look(looked)
    if found is None:
        return
    if found.state == "done":
        _show(looked, found)
    elif found.state == "working":
        _progress(looked)
    else:
        if found.state == "failed":
            st.error(sentence(found.message), icon="⚠️")
        st.caption(
            "From grey noise uphill, to what one place of its map answers most. Takes a few "
            "seconds, once."
        )
        st.button(
            "Work it out", key="maximise", icon=":material/auto_awesome:",
            on_click=lambda: _start(looked),
        )  # fmt: skip


def _look(looked: state.Looked, start: bool = False) -> AnalysisState | None:
    run, layer = looked.viewed.run, looked.layer.name
    try:
        return ablation_loaders.maximised(run, looked.epoch, layer, looked.unit, start=start)
    except UserError as error:
        st.error(sentence(str(error)), icon="⚠️")
        return None


def _start(looked: state.Looked) -> None:
    _look(looked, start=True)


def _show(looked: state.Looked, found: AnalysisState) -> None:
    picture = filter_loaders.picture(found)
    if picture is None:
        st.error("What was worked out cannot be read. Delete the run's folder “analyses”.")
        return
    alt = f"The image that filter {looked.unit} of {looked.layer.name} answers most"
    st.html(image_tag(picture, alt, stretch=True), width=152)
    st.caption(f"Answers {found.result['value']:.2f} in the middle")


def _progress(looked: state.Looked) -> None:
    """A bar that follows the work; the page is drawn anew once it ends."""

    def check() -> None:
        found = _look(looked)
        if found is None or found.state != "working":
            st.rerun()
        share = found.done / found.total if found.total else 0.0
        text = f"step {found.done} of {found.total}" if found.total else "starting …"
        st.progress(min(share, 1.0), text=text)

    st.fragment(check, run_every=POLL_SECONDS)()
