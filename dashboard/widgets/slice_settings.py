"""Which slices are made and compared: kinds, how large the ends are, how many look-alikes."""

import streamlit as st

from core.review.slice_scores import SMALLEST
from dashboard import slice_loaders
from dashboard.slice_loaders import KINDS, MOST_CLUSTERS, PERCENTS, Settings

_ABOUT = (
    "**How they look**: the ends of what can be measured in every image: thick and thin, slanted, "
    "off-centre, small and large, dark and bright.  \n"
    "**Look-alikes**: groups of images that the network holds to be alike (k-means on what its "
    "output layer reads).  \n"
    "**Classes**: the images of each label.  \n"
    "**Named**: sets of images that somebody has tagged."
)


def choose_settings(opened: str | None) -> tuple[Settings, int]:
    """Draws the choices, which stay for the session: how slices are made, and the smallest.

    Args:
        opened: key of the slice that the address names; at first, slices are made as it was.
    """
    usual = slice_loaders.settings_with(opened)
    kinds, sizes = st.columns([5, 4], vertical_alignment="bottom")
    wanted = kinds.pills(
        "Slices", list(KINDS), selection_mode="multi", default=list(usual.kinds),
        format_func=KINDS.__getitem__, key="slices_kinds", persist_state="session", help=_ABOUT,
    )  # fmt: skip
    with sizes.container(horizontal=True, vertical_alignment="bottom"):
        percent = st.selectbox(
            "Each end holds", PERCENTS, index=PERCENTS.index(usual.percent), key="slices_percent",
            format_func=lambda share: f"{share} % of the images", persist_state="session",
            disabled="look" not in wanted, width=170,
        )  # fmt: skip
        clusters = st.number_input(
            "Look-alikes", min_value=2, max_value=MOST_CLUSTERS, value=usual.num_clusters,
            key="slices_clusters", persist_state="session", disabled="cluster" not in wanted,
            help="How many groups of images that the network holds to be alike", width=130,
        )  # fmt: skip
        smallest = st.number_input(
            "Smallest slice", min_value=1, max_value=100_000, value=SMALLEST,
            key="slices_smallest", persist_state="session", width=130,
            help="Slices of fewer images are left out: their error rate says little",
        )  # fmt: skip
    return Settings(tuple(wanted), percent, int(clusters)), int(smallest)
