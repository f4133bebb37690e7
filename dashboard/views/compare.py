"""Results side by side: two of them, those of many runs, and one run's over its epochs."""

import streamlit as st

from dashboard import selection
from dashboard.compare_groups import GROUPS, PARTS, Part, first_group, misread, part_of
from dashboard.text import escaped, quoted
from dashboard.widgets.agreement_panel import agreement_panel
from dashboard.widgets.flip_panel import flip_panel
from dashboard.widgets.run_bar import Viewed
from dashboard.widgets.run_page import apart, viewed_run
from dashboard.widgets.story_panel import story_panel


def choose_part() -> Part:
    """Which comparison; the address tells it by the group of images that it asks for."""
    shown = part_of(selection.current().group)
    key = "compare_part"

    def changed() -> None:
        selection.update(group=first_group(st.session_state[key]), example=None)

    st.session_state[key] = shown
    st.segmented_control(
        "Comparison", list(PARTS), key=key, on_change=changed, required=True,
        format_func=PARTS.__getitem__, label_visibility="collapsed",
    )  # fmt: skip
    return shown


def show(viewed: Viewed, epoch: int) -> None:
    """The part that is chosen."""
    if misread(asked := selection.current().group):
        st.warning(
            f"The address asks for the group {quoted(asked or '')}, which is not there. There are: "
            f"{escaped(GROUPS)}. The usual images are shown.",
            icon="⚠️",
        )
    part = choose_part()
    if part == "runs":
        agreement_panel(viewed, epoch)
    elif part == "story":
        story_panel(viewed, epoch)
    else:
        flip_panel(viewed, epoch)


def page() -> None:
    """Draws the page."""
    viewed = viewed_run(
        "Nothing has been measured yet: the untrained network's results, epoch 0, appear here "
        "a few seconds after the run starts.",
        titled=False,
    )
    if viewed is None:
        return
    epoch = viewed.epoch
    apart(lambda: show(viewed, epoch))


page()
