"""What holds on all pages: links carry what is looked at, one act is one entry in the history."""

from collections.abc import Sequence

import streamlit as st

from dashboard.components.assets import joined

_SCRIPTS = ("history_steps.js", "held_keys.js", "links.js")
_mount = st.components.v2.component("convscope_links", js=joined(*_SCRIPTS))


def carry_selection(pages: Sequence[str], carried: Sequence[str]) -> None:
    """Lets all links to these pages carry these parameters of the address; draws nothing.

    Args:
        pages: their paths, as in ``/results``.
        carried: names of parameters.
    """
    _mount(key="links", data={"pages": list(pages), "carried": list(carried)})
