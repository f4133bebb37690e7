"""A map of many images as points on a canvas: hovered, zoomed, drawn around; 60,000 and more.

A lasso comes back as the few corners of a polygon; `core.review.lasso` tells which points lie
inside, the very ones that the browser marks. Legend entries hide their points, which a lasso then
leaves out. Arrows walk from point to point, Enter opens, Space chooses what lies in a circle and
Esc clears.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.review.lasso import GRID, Grid
from dashboard.components.assets import joined
from dashboard.components.events import Told, told_to, unheard

HTML = '<div class="part scatter"></div>'
STYLES = ("base.css", "scatter.css")
SCRIPTS = (
    "dom.js", "events.js", "palette.js",
    "scatter_points.js", "scatter_paint.js", "scatter_tools.js", "scatter.js",
)  # fmt: skip
MOST_CORNERS = 40  # of one lasso; scatter_points.js has the same number
LAST_CORNER = 4095

How = Literal["only", "add", "remove"]
Corners = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Entry:
    """One colour of the legend: a name, a colour by its name in the palette, how many points."""

    label: str
    color: str
    count: int


@dataclass(frozen=True, eq=False)  # eq would compare arrays element by element
class Points:
    """The points and what is said of each.

    Attributes:
        places: (N, 2) on the grid, from `core.review.lasso.on_grid`.
        index: (N,) of the images in their original file.
        true: (N,) class indices.
        predicted: (N,) class indices.
        confidence: (N,) in [0, 1].
        groups: (N,) numbers of entries of the legend.
        legend: the colours.
        words: a line more about some of the points, by position.
    """

    places: Grid
    index: NDArray[np.integer]
    true: NDArray[np.integer]
    predicted: NDArray[np.integer]
    confidence: NDArray[np.floating]
    groups: NDArray[np.integer]
    legend: Sequence[Entry]
    words: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Drawn:
    """What was drawn around points.

    Attributes:
        corners: of the polygon, in steps as `dashboard.lasso` counts them; none clears the choice.
        how: whether it replaces what was chosen before, is added to it, or taken out of it.
        hidden: entries of the legend whose points it leaves out.
    """

    corners: Corners
    how: How
    hidden: tuple[int, ...]


@dataclass(frozen=True)
class Taken:
    """What became of a lasso.

    Attributes:
        chosen: the choice that is in force now; None for none.
        marked: whether the browser marks it by itself; else it is told.
    """

    chosen: str | None
    marked: bool = False


_mount = st.components.v2.component(
    "convscope_scatter", html=HTML, css=joined(*STYLES), js=joined(*SCRIPTS)
)


def scatter(
    points: Points,
    key: str,
    *,
    classes: Sequence[str],
    images: str,
    version: str,
    space: str,
    view: NDArray[np.integer],
    title: str,
    noun: str,
    label: str,
    chosen: str | None = None,
    marked: NDArray[np.integer] | None = None,
    opened: int | None = None,
    height: int = 520,
    on_open: Callable[[int | None], None] | None = None,
    on_lasso: Callable[[Drawn, str | None], Taken] | None = None,
) -> None:
    """Draws the points.

    Args:
        points: as many as there are images; the same images keep their node and move.
        key: names the map; the same key keeps the same node.
        classes: names by class index.
        images: the address of their pictures, up to the index.
        version: changes with the pictures.
        space: names what the places mean; another one starts with its own view.
        view: (2, 2) least and greatest place of the view at first, on the grid.
        title: what the colours mean.
        noun: what an image is called, as in ``test image``.
        label: what a screen reader says the map shows.
        chosen: names the choice; points are marked anew when it changes other than by a lasso.
        marked: positions of the chosen points.
        opened: the index of the open image.
        height: in pixels.
        on_open: called with the index of an image to open, or None to close it.
        on_lasso: called with what was drawn and the name of the choice it was drawn upon.
    """
    told = told_to(key)
    header = {
        "classes": list(classes),
        "images": images,
        "version": version,
        "space": space,
        "view": [int(number) for number in view.ravel()],
        "title": title,
        "noun": noun,
        "label": label,
        "height": height,
        "revision": told.tell(chosen=chosen, opened=opened)["revision"],
        "opened": _position(points.index, opened),
    }

    def heard() -> None:
        for event in unheard(told, (st.session_state.get(key) or {}).get("events")):
            _report(event, told, len(points.legend), on_open, on_lasso)

    data = pack(points, header, marked)
    _mount(key=key, data=data, height="content", on_events_change=heard)


def _report(
    event: Mapping[str, Any],
    told: Told,
    num_entries: int,
    on_open: Callable[[int | None], None] | None,
    on_lasso: Callable[[Drawn, str | None], Taken] | None,
) -> None:
    """Passes on one event; what cannot be read is ignored."""
    wanted, drawn = event.get("open"), drawn_in(event, num_entries)
    if drawn is not None and on_lasso is not None:
        # Upon the choice that the line before has made: the page's address may not have it yet.
        taken = on_lasso(drawn, told.shown["chosen"])
        told.shows(event, chosen=taken.chosen)
        told.doubtful = told.doubtful or not taken.marked
    elif "open" in event and on_open is not None and (wanted is None or type(wanted) is int):
        told.shows(event, opened=wanted)
        on_open(wanted)
    elif "lasso" in event:
        told.doubtful = True  # the browser has marked what it caught


def pack(
    points: Points, header: Mapping[str, Any], marked: NDArray[np.integer] | None = None
) -> bytes:
    """Header and points as the browser reads them.

    Four bytes with the header's length (little-endian), the header (JSON, padded to whole fours);
    then of all points the index (uint32), x, y, true, predicted, confidence and group (uint16 each,
    a confidence of 1 being 65,535), and whether it is marked (uint8).
    """
    marks = np.zeros(len(points.index), np.uint8)
    if marked is not None:
        marks[marked] = 1
    confidence = np.rint(np.clip(points.confidence, 0, 1) * GRID)
    shorts = (*points.places.T, points.true, points.predicted, confidence, points.groups)
    whole = {
        **header,
        "count": len(points.index),
        "legend": [asdict(entry) for entry in points.legend],
        "words": {str(position): words for position, words in points.words.items()},
    }
    text = json.dumps(whole).encode()
    text += b" " * (-len(text) % 4)
    blocks = [np.asarray(points.index, "<u4"), *(np.asarray(short, "<u2") for short in shorts)]
    parts = [block.tobytes() for block in (*blocks, marks)]
    return b"".join([len(text).to_bytes(4, "little"), text, *parts])


def drawn_in(event: Mapping[str, Any], num_entries: int) -> Drawn | None:
    """The lasso that a message from the browser tells of; None if it tells of none."""
    numbers = _whole_numbers(event.get("lasso"), LAST_CORNER)
    hidden = _whole_numbers(event.get("hidden"), num_entries - 1)
    how: Any = event.get("how")
    if numbers is None or hidden is None or how not in get_args(How) or len(numbers) % 2:
        return None
    corners = tuple(zip(numbers[::2], numbers[1::2], strict=True))
    if corners and not 3 <= len(corners) <= MOST_CORNERS:
        return None
    return Drawn(corners, how, tuple(sorted(set(hidden))))


def _whole_numbers(found: Any, last: int) -> list[int] | None:
    """The list, if it holds nothing but whole numbers from 0 to the last."""
    if not isinstance(found, list):
        return None
    return found if all(type(each) is int and 0 <= each <= last for each in found) else None


def _position(index: NDArray[np.integer], wanted: int | None) -> int:
    """Where an image stands; -1 for none."""
    found = np.flatnonzero(index == (-1 if wanted is None else wanted))
    return int(found[0]) if len(found) else -1
