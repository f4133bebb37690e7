"""What this tab has drawn or dropped, kept while other pages are looked at."""

from typing import Any

import streamlit as st

from dashboard.components.pad import Drawing

Shape = tuple[int, int, int]


def _key(what: str, shape: Shape) -> str:
    # Networks of other sizes have pads of other proportions, and drawings of their own.
    return f"{what}_" + "x".join(map(str, shape[1:]))


def drawing(shape: Shape) -> Drawing:
    """What was last on the pad for networks that take (C, H, W) images."""
    found: Drawing = st.session_state.setdefault(_key("drawing", shape), Drawing())
    return found


def keep_drawing(shape: Shape, drawn: Drawing) -> None:
    """Remembers what is on the pad."""
    st.session_state[_key("drawing", shape)] = drawn


def pixels(shape: Shape) -> Any | None:
    """(C, H, W) uint8 that the network was last given on the Draw page; None for nothing."""
    found = st.session_state.get(_key("drawn_pixels", shape))
    return found if found is not None and found.shape == tuple(shape) else None


def keep_pixels(shape: Shape, given: Any | None) -> None:
    """Remembers what the network was given, (C, H, W) uint8 or None."""
    st.session_state[_key("drawn_pixels", shape)] = given
