"""What was opened is brought into sight where it stands below what opened it, on a narrow page."""

import streamlit as st

from dashboard.components.assets import joined

_mount = st.components.v2.component(
    "convscope_in_sight",
    js=joined("in_sight.js"),
    isolate_styles=False,  # it looks at what stands around it
)


def in_sight(container: str, name: int, key: str) -> None:
    """Scrolls to the container that this stands in when it comes to show something else.

    Args:
        container: its key; it stands in a horizontal one that may break into lines.
        name: of what it shows.
        key: names this; it draws nothing.
    """
    _mount(key=key, data={"container": container, "name": name})
