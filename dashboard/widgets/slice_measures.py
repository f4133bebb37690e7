"""The error rate along one measure of the images; a click on a point opens its images."""

from typing import Any

import streamlit as st

from core.review.image_measures import MEASURES
from dashboard import slice_loaders, slice_tables
from dashboard.charts.measure_curve import measure_curve
from dashboard.components.plot import plot
from dashboard.widgets.run_bar import Viewed
from dashboard.widgets.slice_ranking import open_slice


def slice_measures(viewed: Viewed, opened: str | None, height: int) -> None:
    """The chart, of the measure that the open slice is a part of, or of the one chosen.

    Args:
        viewed: run, epoch and split.
        opened: key of the open slice.
        height: of the chart, in pixels.
    """
    assert viewed.epoch is not None
    key, own = "slices_measure", slice_tables.measure_of(opened or "")
    if own is not None and st.session_state.get("slices_measure_of") != opened:
        st.session_state[key] = own
    st.session_state["slices_measure_of"] = opened
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**Error rate along**", width="content")
        measure = st.selectbox(
            "Measure", list(MEASURES), key=key, label_visibility="collapsed", width=170,
            format_func=str.capitalize, persist_state="session",
        )  # fmt: skip
    table = slice_tables.by_measure(viewed.run, viewed.epoch, viewed.split, measure)
    if table.empty:
        st.info(f"No {viewed.split} image has anything to measure the {measure} of.")
        return
    errors, images = slice_loaders.errors(viewed.run, viewed.epoch, viewed.split)
    shade = None
    if own == measure and opened is not None:
        shade = slice_tables.extent(viewed.run, viewed.epoch, viewed.split, opened, measure)

    def clicked(point: dict[str, Any]) -> None:
        wanted = slice_tables.key_of_bin(measure, point.get("customdata"))
        if wanted is not None:
            open_slice(None if wanted == opened else wanted)

    plot(
        measure_curve(table, measure, MEASURES[measure].unit, errors / images, shade),
        key="slice_measure",
        on_click=clicked,
        height=height,
        label=f"Error rate along {measure}",
    )
    st.caption(
        f"Each point is about a tenth of the {viewed.split} images, with its 95 % interval; the "
        "dotted line is the error rate of all. A click opens the images of a point."
    )
