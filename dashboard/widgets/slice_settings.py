"""Which slices are made and compared: kinds, how large the ends are, how many look-alikes."""

import streamlit as st

from core.review.slice_scores import SMALLEST
from dashboard.slice_loaders import KINDS, MOST_CLUSTERS, PERCENTS, Settings
from dashboard.view_settings import ViewSettings, one_of, some_of, whole

_USUAL = Settings()
_SETTINGS = ViewSettings(
    some_of("kinds", _USUAL.kinds, {kind: kind for kind in KINDS}),
    one_of("ends", _USUAL.percent, {percent: str(percent) for percent in PERCENTS}),
    whole("alike", _USUAL.num_clusters, 2, MOST_CLUSTERS),
    whole("smallest", SMALLEST, 1, 100_000),
)
_ABOUT = (
    "**How they look**: the ends of what can be measured in every image: thick and thin, slanted, "
    "off-centre, small and large, dark and bright.  \n"
    "**Look-alikes**: groups of images that the network holds to be alike (k-means on what its "
    "output layer reads).  \n"
    "**Classes**: the images of each label.  \n"
    "**Named**: sets of images that somebody has tagged."
)
_ABOUT_SMALLEST = (
    "Slices of fewer images are left out: their error rate says little. Named ones and the one "
    "that is open are always listed."
)


def choose_settings() -> tuple[Settings, int]:
    """Draws the choices, which stand in the address: how slices are made, and the smallest."""
    for problem in _SETTINGS.problems():
        st.warning(problem, icon="⚠️")
    chosen = _SETTINGS.current()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.pills(
            "Slices", list(KINDS), selection_mode="multi", format_func=KINDS.__getitem__,
            help=_ABOUT, width="content", **_SETTINGS.control("kinds", "slices_kinds"),
        )  # fmt: skip
        st.selectbox(
            "Each end holds", PERCENTS, format_func=lambda share: f"{share} % of the images",
            disabled="look" not in chosen["kinds"], width=170,
            **_SETTINGS.control("ends", "slices_percent"),
        )  # fmt: skip
        st.number_input(
            "Look-alikes", min_value=2, max_value=MOST_CLUSTERS, width=130,
            disabled="cluster" not in chosen["kinds"],
            help="How many groups of images that the network holds to be alike",
            **_SETTINGS.control("alike", "slices_clusters"),
        )  # fmt: skip
        st.number_input(
            "Smallest slice", min_value=1, max_value=100_000, width=130, help=_ABOUT_SMALLEST,
            **_SETTINGS.control("smallest", "slices_smallest"),
        )  # fmt: skip
    return Settings(chosen["kinds"], chosen["ends"], chosen["alike"]), chosen["smallest"]
