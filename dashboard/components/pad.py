"""A pad to draw on with mouse, finger or pen, and beside it the pixels that the network gets.

The browser draws; the server decides what the network gets and hands it back to be shown, so what
is seen is what was computed with, not what a script in the browser took it for.
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

LONGER_SIDE = 112  # pixels of a drawing; four for each of MNIST's
_MAX_POINTS = 20_000  # an hour of scribbling; more is not kept for a return to the page

_HTML = """
<div class="pad untouched">
  <div class="title">Your drawing</div>
  <div class="title">What the network gets <span class="caption"></span></div>
  <div class="frame">
    <canvas class="drawing" tabindex="0" role="img"
      aria-label="Drawing pad. Control Z undoes, Delete clears."></canvas>
    <div class="hint"></div>
  </div>
  <div class="frame">
    <canvas class="seen" role="img" aria-label="The pixels that the network gets"></canvas>
  </div>
  <div class="tools">
    <button type="button" class="undo">Undo</button>
    <button type="button" class="clear">Clear</button>
    <label>Pen <input type="range" class="thickness" min="3" max="20" value="9" step="1"
      aria-label="Thickness of the pen, in hundredths of the pad"></label>
  </div>
  <div class="tools"><span class="value" role="status"></span></div>
</div>
"""

_mount = st.components.v2.component(
    "convscope_pad",
    html=_HTML,
    css=Path(__file__).with_suffix(".css").read_text(encoding="utf-8"),
    js=Path(__file__).with_suffix(".js").read_text(encoding="utf-8"),
)


@dataclass(frozen=True, eq=False)  # eq would compare arrays element by element
class Drawing:
    """What is on the pad.

    Attributes:
        pixels: (H, W) uint8, white on black; None for an empty pad.
        strokes: as the browser drew them, to be drawn again after a return to the page.
        number: how many drawings this tab has sent so far.
    """

    pixels: NDArray[np.uint8] | None = None
    strokes: tuple[Any, ...] = ()
    number: int = 0


def raster_size(shape: tuple[int, int, int]) -> tuple[int, int]:
    """Width and height of a drawing for a network's input (C, H, W), of the same proportions."""
    _, height, width = shape
    scale = LONGER_SIDE / max(height, width)
    return max(1, round(width * scale)), max(1, round(height * scale))


def pad(
    key: str,
    shape: tuple[int, int, int],
    drawing: Drawing,
    seen: NDArray[np.uint8] | None,
    on_draw: Callable[[Drawing], None],
    *,
    hint: str = "Draw here",
    caption: str = "",
    aside: bool = False,
) -> None:
    """Shows the pad and what the network gets.

    Call it after everything that answers a drawing: the browser takes its coming as the answer, and
    sends the next drawing only then.

    Args:
        key: names the pad; the same key keeps the same node, and what is drawn on it.
        shape: (C, H, W) of what the network gets.
        drawing: what was last heard of the pad.
        seen: (C, H, W) uint8 that the network gets; None for nothing.
        on_draw: called with each new drawing before the script runs again.
        hint: what the empty pad says.
        caption: a word on the pixels, behind their title.
        aside: whether something else than the drawing is looked at.
    """
    data = {
        "shape": list(shape),
        "raster": list(raster_size(shape)),
        "seen": None if seen is None else base64.b64encode(seen.tobytes()).decode(),
        "strokes": list(drawing.strokes),
        "answered": drawing.number,
        "hint": hint,
        "caption": caption,
        "aside": aside,
    }

    def heard() -> None:
        event = (st.session_state.get(key) or {}).get("drawn")
        drawn = read(event, shape)
        if drawn is not None:
            on_draw(drawn)

    _mount(key=key, data=data, height="content", on_drawn_change=heard)


def read(event: Any, shape: tuple[int, int, int]) -> Drawing | None:
    """The drawing that the browser has sent; None for anything else than one."""
    if not isinstance(event, Mapping):
        return None
    number, text, strokes = (event.get(name) for name in ("number", "pixels", "strokes"))
    if type(number) is not int or not isinstance(text, str) or not isinstance(strokes, list):
        return None
    kept = tuple(strokes) if _num_points(strokes) <= _MAX_POINTS else ()
    if not text:
        return Drawing(None, (), number)
    try:
        pixels = np.frombuffer(base64.b64decode(text, validate=True), np.uint8)
    except (binascii.Error, ValueError):
        return None
    width, height = raster_size(shape)
    if pixels.size != width * height:
        return None
    return Drawing(pixels.reshape(height, width), kept, number)


def _num_points(strokes: list[Any]) -> int:
    return sum(
        len(stroke["points"])
        if isinstance(stroke, Mapping) and isinstance(stroke.get("points"), list)
        else _MAX_POINTS + 1
        for stroke in strokes
    )
