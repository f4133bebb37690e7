"""The reliability diagram with its settings; a click on a bin shows its images."""

from typing import Any

import streamlit as st

from core.review.calibration import NUM_BINS, SCHEMES
from dashboard import calibration_loaders, selection
from dashboard.calibration_loaders import BINNINGS, FEWEST_BINS, MOST_BINS, Diagram, Settings
from dashboard.charts.reliability import reliability
from dashboard.components.plot import plot
from dashboard.view_settings import ViewSettings, one_of, whole
from dashboard.widgets.run_bar import Viewed

_KINDS = {False: "As is", True: "Scaled"}
_SETTINGS = ViewSettings(
    one_of("confidence", False, {False: "saved", True: "scaled"}),
    one_of("binning", SCHEMES[0], {scheme: word for word, scheme in BINNINGS.items()}),
    whole("bins", NUM_BINS, FEWEST_BINS, MOST_BINS),
)


def choose_settings(viewed: Viewed) -> Settings:
    """Draws the choices; a bin in the address brings its own, so a copied one shows the same."""
    asked = calibration_loaders.bin_of(selection.current().group)
    if asked is not None:
        brought = asked[1]
        _SETTINGS.update(confidence=brought.scaled, binning=brought.scheme, bins=brought.num_bins)
    for problem in _SETTINGS.problems():
        st.warning(problem, icon="⚠️")

    def let_go() -> None:
        # A bin of the old division is none of the new one.
        if calibration_loaders.bin_of(selection.current().group) is not None:
            selection.update(group=None, example=None)

    st.markdown(f"**Reliability** · {viewed.split}, epoch {viewed.epoch}")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.segmented_control(
            "Confidence", list(_KINDS), format_func=_KINDS.__getitem__, required=True,
            help="**Scaled**: after temperature scaling, which divides the logits by one number "
            "that is fitted on the validation split.",
            **_SETTINGS.control("confidence", "calibration_scaled", let_go),
        )  # fmt: skip
        st.segmented_control(
            "Bins", SCHEMES, required=True, format_func=str.capitalize,
            help="**Equal width** divides the confidences evenly. **Equal mass** gives each bin as "
            "many images as the others: more to see where nearly all confidences are high.",
            **_SETTINGS.control("binning", "calibration_scheme", let_go),
        )  # fmt: skip
        st.slider(
            "How many", FEWEST_BINS, MOST_BINS, width=120,
            **_SETTINGS.control("bins", "calibration_bins", let_go),
        )  # fmt: skip
    chosen = _SETTINGS.current()
    return Settings(chosen["binning"], chosen["bins"], chosen["confidence"])


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
