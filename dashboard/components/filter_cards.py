"""A conv layer's filters as cards: kernels, the norm's way through training, marks, and a switch.

Drawn in the browser from raw float32, so that scrubbing through the epochs costs a few kilobytes.
Arrows walk, Enter opens, Space silences a filter or lets it speak again, Esc closes, Page Up and
Page Down turn pages. While a filter is open, walking opens the next one.
"""

import json
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import streamlit as st

from dashboard.components.assets import joined

MOST_WEIGHTS = 60_000  # on one page: more take longer than a moment to draw

_mount = st.components.v2.component(
    "convscope_filter_cards",
    html='<div class="part cards"></div>',
    css=joined("base.css", "filter_cards.css"),
    # The colours are those of all maps.
    js=joined(
        "dom.js", "palette.js", "maps_colors.js", "filter_cards_drawing.js", "filter_cards.js"
    ),
)


@dataclass(frozen=True)
class Card:
    """What is written about one filter.

    Attributes:
        index: of the filter, from 0.
        norm: its Euclidean norm.
        note: a few letters, such as the change of the accuracy without it.
        marks: short warnings, such as ``dead``, each with an explanation.
    """

    index: int
    norm: float
    note: str = ""
    marks: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, eq=False)  # eq would compare arrays element by element
class Sheet:
    """The filters of a layer, in the order in which they are shown.

    Attributes:
        cards: one a filter.
        kernels: (cards, in, kh, kw) float32.
        epochs: at which the norms were taken.
        norms: (cards, epochs).
        norm_range: smallest and largest norm that the sparklines reach.
        limit: the magnitude with the outermost colours; None for each kernel's, or filter's, own.
        per_filter: with `limit` None, one range for all kernels of a filter.
        note_meaning: what the cards' notes are, shown on hover.
    """

    cards: Sequence[Card]
    kernels: Any
    epochs: tuple[int, ...]
    norms: Any
    norm_range: tuple[float, float]
    limit: float | None
    per_filter: bool = False
    note_meaning: str = ""


def filters_per_page(kernel_shape: Sequence[int]) -> int:
    """How many filters of shape (in, kh, kw) one page holds."""
    return max(1, MOST_WEIGHTS // int(np.prod(kernel_shape)))


def filter_cards(
    sheet: Sheet,
    key: str,
    *,
    epoch: int,
    selected: int | None,
    silenced: Sequence[int],
    twins: Sequence[int] = (),
    page: int = 0,
    pages: int = 1,
    height: int = 560,
    label: str = "Filters",
    on_open: Callable[[int | None], None],
    on_silence: Callable[[list[int]], None],
    on_page: Callable[[int], None],
) -> None:
    """Shows the filters of one page.

    Args:
        sheet: what is drawn.
        key: names the cards; the same key keeps the same node.
        epoch: the one that the sparklines mark.
        selected: the open filter.
        silenced: filters that are switched off.
        twins: filters to be outlined because they are like the open one.
        page: which page this is, from 0.
        pages: how many there are.
        height: of the scrolling area, in pixels.
        label: what a screen reader says the cards are.
        on_open: called with the filter to open, or None to close it.
        on_silence: called with all filters of the layer that are switched off.
        on_page: called with the page to turn to.
    """
    told = _told(key, selected, sorted(silenced))
    header = {
        "cards": [asdict(card) for card in sheet.cards],
        "shape": list(sheet.kernels.shape[1:]),
        "epochs": list(sheet.epochs),
        "epoch": epoch,
        "norm_range": list(sheet.norm_range),
        "limit": sheet.limit,
        "per_filter": sheet.per_filter,
        "note_meaning": sheet.note_meaning,
        "twins": list(twins),
        "page": page,
        "pages": pages,
        "area": height,
        "label": label,
        **told["known"],
        "revision": told["revision"],
    }

    def heard() -> None:
        event = (st.session_state.get(key) or {}).get("event")
        if not isinstance(event, Mapping):
            return
        wanted, off = event.get("open"), event.get("silenced")
        if _is_whole(event.get("page")):
            on_page(min(max(event["page"], 0), pages - 1))
        elif isinstance(off, list) and all(_is_whole(index) for index in off):
            told["known"] = {**told["known"], "silenced": sorted(off)}
            on_silence(sorted(off))
        elif "open" in event and (wanted is None or _is_whole(wanted)):
            told["known"] = {**told["known"], "selected": wanted}
            on_open(wanted)

    _mount(
        key=key,
        data=_packed(header, [sheet.kernels, sheet.norms]),
        height="content",
        on_event_change=heard,
    )


def _told(key: str, selected: int | None, silenced: list[int]) -> dict[str, Any]:
    """What the browser has been told to mark.

    It marks at once what is clicked in it. Only what was decided elsewhere has to be told: an
    answer that a quick second click has overtaken must not undo that click.
    """
    told: dict[str, Any] = st.session_state.setdefault(
        f"{key}:told", {"known": None, "revision": 0}
    )
    wanted = {"selected": selected, "silenced": silenced}
    if wanted != told["known"]:
        told.update(known=wanted, revision=told["revision"] + 1)
    return told


def _packed(header: dict[str, Any], arrays: Sequence[Any]) -> bytes:
    """A length, the header as JSON filled up to whole floats, and the arrays as float32."""
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 4)  # the browser reads floats at multiples of four only
    floats = [np.ascontiguousarray(array, dtype="<f4").tobytes() for array in arrays]
    return b"".join([struct.pack("<I", len(text)), text, *floats])


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
