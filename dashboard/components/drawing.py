"""An SVG drawing in the page's own colours; ``st.html`` leaves SVG out, an image has fixed ones."""

from pathlib import Path

import streamlit as st

_mount = st.components.v2.component(
    "convscope_drawing",
    html='<div class="drawing"></div>',
    css=""".drawing { color: var(--st-text-color); font-family: var(--st-font); }
    .drawing svg { display: block; width: 100%; height: auto; margin: 0 auto; }
    .drawing text { fill: currentColor; font-size: 10px; text-anchor: middle; }
    .drawing text.faint { font-size: 9px; fill-opacity: 0.75; }""",
    js=Path(__file__).with_suffix(".js").read_text(encoding="utf-8"),
)


def drawing(svg: str, key: str) -> None:
    """Shows `svg`, which must be made by us: text from outside in it has to be escaped."""
    _mount(key=key, data=svg)
