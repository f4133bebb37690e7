"""Where a setting was changed or training went on: lines, and texts that never overlap. Pure.

Where a text finds no room, there is a triangle; hovering over either tells the whole sentence.
"""

import html
from dataclasses import dataclass
from typing import Any

from core.records import ChangeRecord, Curve
from dashboard import wording
from dashboard.palette import TOKENS
from dashboard.text import plain_number

_ROWS = 3  # of texts; more would cover the curve
_ROW = 0.09  # of the height
_LETTER = 0.0155  # of the width: the letters of _SIZE in the narrowest chart, rounded up
_SIZE = 10
_TRIANGLE = "▲"


@dataclass(frozen=True)
class _Mark:
    """What happened: where, in a few words, and in a sentence."""

    x: float
    text: str
    sentence: str


def marks(
    curve: Curve, first: float, last: float, *, written: bool
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Shapes and annotations of what happened to a run, for an axis of epochs.

    Args:
        curve: the run's.
        first, last: the ends of the axis.
        written: whether texts are written, at the top, as far as there is room; where lines run
            along the top, there is none.
    """
    found = [_Mark(one.epoch_fraction, *_words(one)) for one in curve.changes]
    found += [_Mark(one.epoch_fraction, "resumed", "training resumed") for one in curve.resumes]
    found.sort(key=lambda mark: mark.x)
    places = _places(found, first, last) if written else {}
    return [_line(mark) for mark in found], [
        _label(mark, places.get(index)) for index, mark in enumerate(found)
    ]


def _words(change: ChangeRecord) -> tuple[str, str]:
    """``learning rate → 0.002`` and ``learning rate 0.005 → 0.002, cutout off → 4 pixels``."""
    short, whole = [], []
    for path, (old, new) in change.changes.items():
        title = wording.full_title(path)
        title = f"{title[0].lower()}{title[1:]}"
        new_text = wording.value_text(path, new)
        short.append(f"{title} → {new_text}")
        whole.append(f"{title} {wording.value_text(path, old)} → {new_text}")
    more = f" +{len(short) - 1}" if len(short) > 1 else ""
    return "".join(short[:1]) + more, ", ".join(whole)


def _places(found: list[_Mark], first: float, last: float) -> dict[int, tuple[int, str]]:
    """Row and anchor of each mark's text that finds room; the latest ones are placed first."""
    rows: list[list[tuple[float, float]]] = [[] for _ in range(_ROWS)]
    places: dict[int, tuple[int, str]] = {}
    for index, mark in reversed(list(enumerate(found))):
        width = _LETTER * len(mark.text) * (last - first)
        sides = {"left": (mark.x, mark.x + width), "right": (mark.x - width, mark.x)}
        inside = {side: at for side, at in sides.items() if first <= at[0] and at[1] <= last}
        free = (
            (row, side)
            for row, taken in enumerate(rows)
            for side, (start, end) in inside.items()
            if all(end <= other[0] or other[1] <= start for other in taken)
        )
        if place := next(free, None):
            places[index] = place
            rows[place[0]].append(sides[place[1]])
    return places


def _line(mark: _Mark) -> dict[str, Any]:
    return {
        "type": "line",
        "x0": mark.x,
        "x1": mark.x,
        "yref": "paper",
        "y0": 0,
        "y1": 1,
        "line": {"color": TOKENS.muted, "width": 1, "dash": "dot"},
    }


def _label(mark: _Mark, place: tuple[int, str] | None) -> dict[str, Any]:
    when = f"After {plain_number(round(mark.x, 2))} epochs"
    common = {
        "x": mark.x,
        "yref": "paper",
        "hovertext": f"{when}: {html.escape(mark.sentence)}",
        "showarrow": False,
        "font": {"size": _SIZE, "color": TOKENS.muted},
    }
    if place is None:
        return {**common, "text": _TRIANGLE, "y": 0, "yanchor": "bottom"}
    row, anchor = place
    where = {"y": 1 - _ROW * row, "yanchor": "top", "xanchor": anchor}
    text = html.escape(mark.text)
    return {**common, **where, "text": text, "bgcolor": f"{TOKENS.background}/0.8"}
