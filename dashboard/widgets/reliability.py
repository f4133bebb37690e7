"""The reliability diagram with its settings; a click on a bin shows its images."""

from typing import Any

import streamlit as st

from core.review.calibration import NUM_BINS, SCHEMES
from dashboard import calibration_loaders, selection
from dashboard.calibration_loaders import FEWEST_BINS, MOST_BINS, Diagram, Settings
from dashboard.charts.reliability import reliability
from dashboard.components.plot import plot
from dashboard.widgets.run_bar import Viewed

_SCHEME, _BINS, _SCALED = "calibration_scheme", "calibration_bins", "calibration_scaled"
_KINDS = {False: "As is", True: "Scaled"}


def choose_settings(viewed: Viewed) -> Settings:
    """Draws the choices; a bin in the address brings its own, so a copied one shows the same."""
    asked = calibration_loaders.bin_of(selection.current().group)
    if asked is not None:
        settings = asked[1]
        st.session_state[_SCHEME] = settings.scheme
        st.session_state[_BINS] = settings.num_bins
        st.session_state[_SCALED] = settings.scaled
    st.session_state.setdefault(_SCHEME, SCHEMES[0])
    st.session_state.setdefault(_BINS, NUM_BINS)
    st.session_state.setdefault(_SCALED, False)

    def changed() -> None:
        # A bin of the old division is none of the new one.
        if calibration_loaders.bin_of(selection.current().group) is not None:
            selection.update(group=None, example=None)

    st.markdown(f"**Reliability** · {viewed.split}, epoch {viewed.epoch}")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.segmented_control(
            "Confidence", list(_KINDS), key=_SCALED, format_func=_KINDS.__getitem__,
            required=True, on_change=changed, persist_state="session",
            help="**Scaled**: after temperature scaling, which divides the logits by one number "
            "that is fitted on the validation split.",
        )  # fmt: skip
        st.segmented_control(
            "Bins", SCHEMES, key=_SCHEME, required=True, on_change=changed,
            format_func=str.capitalize, persist_state="session",
            help="**Equal width** divides the confidences evenly. **Equal mass** gives each bin as "
            "many images as the others: more to see where nearly all confidences are high.",
        )  # fmt: skip
        st.slider(
            "How many", FEWEST_BINS, MOST_BINS, key=_BINS, on_change=changed, width=120,
            persist_state="session",
        )  # fmt: skip
    return Settings(*(st.session_state[key] for key in (_SCHEME, _BINS, _SCALED)))


def show_diagram(shown: Diagram, settings: Settings, height: int) -> None:
    """The figure; a second click on a bin lets go of it."""
    chosen = chosen_bin(shown)

    def clicked(point: dict[str, Any]) -> None:
        number = (point.get("customdata") or [None])[0]
        if not isinstance(number, int) or not 0 <= number < len(shown.table):
            return
        wanted = None if number == chosen else settings.group(number)
        selection.update(group=wanted, example=None)

    plot(
        reliability(shown.table, settings.scheme, chosen),
        key="reliability",
        on_click=clicked,
        height=height,
        label="Reliability diagram: share of right answers by confidence, and images in each bin",
    )


def chosen_bin(shown: Diagram) -> int | None:
    """The number of the bin that the address names, where there is such a bin."""
    asked = calibration_loaders.bin_of(selection.current().group)
    return asked[0] if asked is not None and asked[0] < len(shown.table) else None
