"""A gallery of many small images: one sprite sheet a page, a caption an image, keyboard and mouse.

Arrows walk, Page Up and Page Down turn pages, Enter opens and Esc closes. While an image is open,
walking opens the next one.
"""

import base64
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard.sprites import Sheet

_mount = st.components.v2.component(
    "convscope_gallery",
    html='<div class="gallery"></div>',
    css=Path(__file__).with_suffix(".css").read_text(encoding="utf-8"),
    js=Path(__file__).with_suffix(".js").read_text(encoding="utf-8"),
)


def gallery(
    sheet: Sheet,
    ids: Sequence[int],
    captions: Sequence[tuple[str, str]],
    key: str,
    *,
    selected: int | None = None,
    page: int = 0,
    pages: int = 1,
    height: int = 420,
    zoom: int = 2,
    label: str = "Images",
    on_open: Callable[[int | None], None] | None = None,
    on_page: Callable[[int], None] | None = None,
) -> None:
    """Shows the images of one page.

    Args:
        sheet: the images of this page, in order.
        ids: what to report for each image.
        captions: two short lines under each image.
        key: names the gallery; the same key keeps the same node.
        selected: the id of the open image.
        page: which page this is, from 0.
        pages: how many there are.
        height: of the scrolling area, in pixels.
        zoom: screen pixels for a pixel of the image.
        label: what a screen reader says the gallery shows.
        on_open: called with the id of an image to open, or None to close it.
        on_page: called with the number of a page to turn to.
    """
    told = st.session_state.setdefault(f"{key}:told", {"sent": None, "known": None, "revision": 0})
    if selected != told["known"]:
        # The browser marks what it opened itself. Only a choice made elsewhere has to be told, as
        # new data means sending the whole sheet again.
        told.update(sent=selected, known=selected, revision=told["revision"] + 1)
    data = {
        "sheet": base64.b64encode(sheet.png).decode(),
        "columns": sheet.columns,
        "rows": sheet.rows,
        "width": sheet.width * zoom,
        "height": sheet.height * zoom,
        "ids": list(ids),
        "captions": [list(pair) for pair in captions],
        "selected": told["sent"],
        "revision": told["revision"],
        "page": page,
        "pages": pages,
        "area": height,
        "label": label,
    }

    def heard() -> None:
        event = (st.session_state.get(key) or {}).get("event")
        if not isinstance(event, Mapping):
            return
        wanted = event.get("open")
        if "page" in event and on_page is not None and _is_whole(event["page"]):
            on_page(min(max(event["page"], 0), pages - 1))
        elif "open" in event and on_open is not None and (wanted is None or _is_whole(wanted)):
            told["known"] = wanted
            on_open(wanted)

    _mount(key=key, data=data, height="content", on_event_change=heard)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
