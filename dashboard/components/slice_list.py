"""Slices as a table whose rows can be opened: examples, counts, and the excess error as a forest.

A click on a row opens it, a second click closes it; arrows walk, Enter opens. A click on a header
sorts. Table and chart are one, so that an interval stands beside the slice that it belongs to.
"""

import base64
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import streamlit as st

from dashboard.components.assets import joined
from dashboard.components.events import told_to, unheard
from dashboard.sprites import Sheet

Verdict = Literal["worse", "better", "unclear"]

_mount = st.components.v2.component(
    "convscope_slice_list",
    html='<div class="part slices"></div>',
    css=joined("base.css", "slice_list.css"),
    js=joined("dom.js", "events.js", "slice_list.js"),
)


@dataclass(frozen=True)
class Row:
    """One slice.

    Attributes:
        key: what is reported when it is opened.
        title: its name.
        rule: what its images have in common; shown under the name.
        images: how many there are.
        errors: of them, answered wrongly.
        rate: share of errors, in [0, 1].
        excess: `rate` less that of all other images.
        low: lower end of the interval of `excess`.
        high: upper end.
        p: corrected p-value.
        verdict: whether it is significantly worse or better, or neither.
    """

    key: str
    title: str
    rule: str
    images: int
    errors: int
    rate: float
    excess: float
    low: float
    high: float
    p: float
    verdict: Verdict


def slice_list(
    rows: Sequence[Row],
    examples: Sheet,
    per_row: int,
    key: str,
    *,
    selected: str | None,
    height: int = 480,
    tile: int = 28,
    label: str = "Slices",
    on_open: Callable[[str | None], None],
) -> None:
    """Shows the slices by their excess, until somebody sorts them by another column.

    In a narrow place it leaves out the pictures and the counts, which a row's title says as well.

    Args:
        rows: the slices, the largest excess first.
        examples: pictures of them, `per_row` for each row, in order.
        per_row: how many.
        key: names the list; the same key keeps the same node, and its order.
        selected: the key of the open slice.
        height: of the scrolling area, in pixels.
        tile: height of a picture, in pixels.
        label: what a screen reader says the table shows.
        on_open: called with the key of a slice to open, or None to close it.
    """
    told = told_to(key)
    data = {
        "rows": [asdict(row) for row in rows],
        "range": _range(rows),
        "sheet": base64.b64encode(examples.png).decode(),
        "per_row": per_row,
        "tile": [round(tile * examples.width / examples.height), tile],
        "columns": examples.columns,
        "sheet_rows": examples.rows,
        **told.tell(selected=selected),
        "area": height,
        "label": label,
    }

    def heard() -> None:
        for event in unheard(told, (st.session_state.get(key) or {}).get("events")):
            wanted: Any = event.get("open", "")
            if wanted is None or wanted in [row.key for row in rows]:
                told.shows(event, selected=wanted)
                on_open(wanted)

    _mount(key=key, data=data, height="content", on_events_change=heard)


def _range(rows: Sequence[Row]) -> tuple[float, float]:
    """What the forest shows: of the intervals as much as leaves room for the excess of all slices.

    It ends at tenths of a percentage point, with room to write them beside 0. A set that somebody
    picked for its errors may lie far beyond all others, and would leave them no room: what is ten
    times as far from 0 as most of them is not on the scale.
    """
    far = sorted(abs(row.excess) for row in rows)
    most = 10 * far[len(far) * 3 // 4] if far else 0.0
    on = [row for row in rows if abs(row.excess) <= most]
    points = [row.excess for row in on] + [0.0]
    reach = max(max(points) - min(points), 0.002)
    low = max(min([row.low for row in on] + [0.0]), min(points) - reach / 2)
    high = min(max([row.high for row in on] + [0.0]), max(points) + reach / 2)
    high = max(high, -0.5 * low, 0.001)
    low = min(low, -0.3 * high)
    # Rounded twice: 0.07 is not to become 0.071 for want of binary digits.
    return math.floor(round(low * 1000, 6)) / 1000, math.ceil(round(high * 1000, 6)) / 1000
