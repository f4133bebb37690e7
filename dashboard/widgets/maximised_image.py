"""The image that excites a filter most: worked out on demand, beside its progress, and kept."""

import streamlit as st

from core.jobs.analysis import AnalysisState
from dashboard import ablation_loaders, filter_loaders
from dashboard.pictures import image_tag
from dashboard.widgets import filter_state as state
from dashboard.widgets.analysis_card import analysis_card


def maximised_image(looked: state.Looked) -> None:
    """The image, or a button that has it worked out."""
    st.markdown("**Maximising image**")
    run, layer = looked.viewed.run, looked.layer.name
    analysis_card(
        lambda start: ablation_loaders.maximised(
            run, looked.epoch, layer, looked.unit, start=start
        ),
        lambda found: _show(looked, found),
        about="From grey noise uphill, to what one place of its map answers most. Takes a few "
        "seconds, once.",
        button="Work it out",
        key="maximise",
        icon=":material/auto_awesome:",
        parts="steps",
    )


def _show(looked: state.Looked, found: AnalysisState) -> None:
    picture = filter_loaders.picture(found)
    if picture is None:
        st.error("What was worked out cannot be read. Delete the run's folder “analyses”.")
        return
    alt = f"The image that filter {looked.unit} of {looked.layer.name} answers most"
    st.html(image_tag(picture, alt, stretch=True), width=152)
    st.caption(f"Answers {found.result['value']:.2f} in the middle")
