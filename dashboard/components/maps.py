"""Feature maps and kernels on canvases: raw float32 goes to the browser, which draws and hovers.

Groups of maps stand side by side (``columns``) or below each other (``rows``). Hovering shows the
exact value, and lights what the map was made from; a click chooses a map and a place in it. Arrows
walk, Enter opens and Esc closes.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from dashboard.components.assets import joined

Floats = NDArray[np.float32]
Scale = Literal["map", "layer", "global"]
Colors = Literal["diverging", "gray", "bars", "shares"]
Reads = Literal["all", "same", "flat"]

_SCRIPTS = (
    "dom.js", "palette.js",
    "maps_colors.js", "maps_tiles.js", "maps_lens.js", "maps_overlay.js", "maps.js",
)  # fmt: skip


@dataclass(frozen=True, eq=False)  # eq would compare arrays element by element
class Maps:
    """One group of equally large maps.

    Attributes:
        name: what clicks report, unique among the groups.
        title: one line above the maps.
        values: (N, H, W) numbers; (N,) for units, which are drawn as single cells.
        detail: a second, fainter line.
        captions: a short text below each map, or the label of each bar; empty for none.
        colors: ``diverging`` around zero, ``gray`` from the least to the greatest, or ``bars``,
            a labelled bar a unit, or ``shares``, bars in per cent.
        limits: (N,) the magnitude that gets the outermost colour, from `ranges`.
        sources: names of the groups that these maps are made from.
        reads: what a map reads of its sources: all maps, the ``same`` one, or one value of the
            maps that were ``flat``-tened.
        kernels: (N, in, kh, kw) shown on the sources of the map under the pointer.
        tile: screen pixels of a map's width; chosen by size where it is None.
        columns: maps in a row; chosen by number where it is None.
        dimmed: maps that are drawn faintly.
        total: how many maps there are, where `values` has only the first ones.
    """

    name: str
    title: str
    values: NDArray[Any]
    detail: str = ""
    captions: Sequence[str] = ()
    colors: Colors = "diverging"
    limits: Floats | None = None
    sources: tuple[str, ...] = ()
    reads: Reads = "all"
    kernels: Floats | None = None
    tile: int | None = None
    columns: int | None = None
    dimmed: Sequence[int] = ()
    total: int | None = None

    def with_limit(self, limit: float) -> "Maps":
        """The same maps, all with one limit of their colours."""
        return replace(self, limits=np.full(len(self.values), limit, np.float32))


@dataclass(frozen=True)
class Link:
    """A cell of `target` is made from a window of `source`, at ``row · stride − padding``."""

    target: str
    source: str
    size: int = 1
    stride: int = 1
    padding: int = 0


@dataclass(frozen=True)
class Lens:
    """Where the numbers of a convolution are: written out for the cell under the pointer.

    Attributes:
        inputs: the group of the maps that are read.
        kernels: the group of their kernels, as many.
        outputs: groups whose cells stand for a place of the conv layer's map.
        stride: of the layer.
        padding: of the layer.
        bias: added to the sum.
        row: of the place that is written out while the pointer is elsewhere.
        column: likewise.
    """

    inputs: str
    kernels: str
    outputs: tuple[str, ...]
    stride: int
    padding: int
    bias: float
    row: int = 0
    column: int = 0


@dataclass(frozen=True)
class Outline:
    """A frame around some pixels of every map of a group: rows and columns, ends excluded."""

    group: str
    top: int
    bottom: int
    left: int
    right: int


@dataclass(frozen=True)
class Place:
    """A map of a group, and a value in it: row and column are 0 for units."""

    group: str
    map: int
    row: int = 0
    column: int = 0


_mount = st.components.v2.component(
    "convscope_maps",
    html='<div class="part maps"></div>',
    css=joined("base.css", "maps.css"),
    js=joined(*_SCRIPTS),
)


def ranges(groups: Sequence[Maps], scale: Scale) -> list[Maps]:
    """The groups with the limits of their colours: one a ``map``, one a ``layer``, one ``global``.

    Images in grey are left out of the common limit and keep one of their own. The limits are the
    largest magnitudes; give the same groups of two networks together to compare them.
    """
    own = [_reach(group) for group in groups]
    shared = max(
        (reach.max(initial=0.0) for reach, g in zip(own, groups, strict=True) if _signed(g)),
        default=0.0,
    )
    limited = []
    for group, reach in zip(groups, own, strict=True):
        if scale == "map" and not is_bars(group):
            limits = reach
        else:
            common = shared if scale == "global" and _signed(group) else reach.max(initial=0.0)
            limits = np.full(len(reach), common, np.float32)
        limited.append(replace(group, limits=limits))
    return limited


def pack(groups: Sequence[Maps], header: Mapping[str, Any]) -> bytes:
    """Header and numbers as the browser reads them.

    Four bytes with the header's length (little-endian), the header (JSON, padded to whole fours),
    then float32: for each group its values, its limits and its kernels.
    """
    described, numbers, offset = [], [], 0
    for group in groups:
        values = _three_dimensional(group.values)
        limits = _reach(group) if group.limits is None else group.limits
        parts = [values, limits] + ([] if group.kernels is None else [group.kernels])
        described.append({**_about(group), "shape": values.shape, "offset": offset})
        if group.kernels is not None:
            described[-1]["kernels"] = group.kernels.shape
        flat = [np.asarray(part, "<f4").ravel() for part in parts]
        numbers += flat
        offset += sum(part.size for part in flat)
    text = json.dumps({**header, "groups": described}).encode()
    text += b" " * (-len(text) % 4)
    return b"".join([len(text).to_bytes(4, "little"), text, *(part.tobytes() for part in numbers)])


def maps(
    groups: Sequence[Maps],
    key: str,
    *,
    flow: Literal["columns", "rows"] = "columns",
    selected: Place | None = None,
    cells: bool = False,
    links: Sequence[Link] = (),
    lens: Lens | None = None,
    outlines: Sequence[Outline] = (),
    height: int = 430,
    spread: bool = True,
    reveal: str = "",
    label: str = "Maps",
    on_open: Callable[[Place | None], None] | None = None,
) -> None:
    """Draws the groups.

    Args:
        groups: from left to right, or from top to bottom.
        key: names the drawing; the same key keeps the same node.
        flow: how the groups follow each other.
        selected: the chosen map and value.
        cells: whether arrows walk from value to value, and not from map to map.
        links: which windows are framed for the value under the pointer.
        lens: writes out the multiplication for the value under the pointer.
        outlines: frames that stay.
        height: pixels that a column of maps may take before it goes on in another one.
        spread: whether the groups share the whole width, and do not stand close together.
        reveal: key of an element that a click scrolls into view, once it is there.
        label: what a screen reader says the drawing shows.
        on_open: called with the place of a click, or None to close.
    """
    told = st.session_state.setdefault(f"{key}:told", {"sent": None, "known": None, "revision": 0})
    if selected != told["known"]:
        # The browser marks what was clicked itself; only a choice made elsewhere has to be told,
        # as new data means sending all maps again.
        told.update(sent=selected, known=selected, revision=told["revision"] + 1)
    header = {
        "flow": flow,
        "cells": cells,
        "height": height,
        "spread": spread,
        "reveal": reveal,
        "label": label,
        "links": [asdict(link) for link in links],
        "lens": None if lens is None else asdict(lens),
        "outlines": [asdict(outline) for outline in outlines],
        "selected": None if told["sent"] is None else asdict(told["sent"]),
        "revision": told["revision"],
    }

    def heard() -> None:
        event = (st.session_state.get(key) or {}).get("event")
        if not isinstance(event, Mapping) or "open" not in event or on_open is None:
            return
        wanted = event["open"]
        place = None if wanted is None else place_of(wanted, groups)
        if wanted is None or place is not None:
            told["known"] = place
            on_open(place)

    _mount(key=key, data=pack(groups, header), height="content", on_event_change=heard)


def place_of(event: Any, groups: Sequence[Maps]) -> Place | None:
    """The place that a message from the browser names; None if there is no such place."""
    if not isinstance(event, Mapping):
        return None
    found = {group.name: _three_dimensional(group.values).shape for group in groups}
    shape = found.get(str(event.get("group")))
    numbers = [event[name] for name in ("map", "row", "column") if type(event.get(name)) is int]
    if shape is None or len(numbers) != 3:
        return None
    if not all(0 <= number < length for number, length in zip(numbers, shape, strict=True)):
        return None
    return Place(str(event["group"]), *numbers)


def _about(group: Maps) -> dict[str, Any]:
    names = ("name", "title", "detail", "colors", "reads", "tile", "columns", "total")
    return {
        **{name: getattr(group, name) for name in names},
        "captions": list(group.captions),
        "sources": list(group.sources),
        "dimmed": [int(index) for index in group.dimmed],
    }


def is_bars(group: Maps) -> bool:
    """Whether the group is drawn as bars."""
    return group.colors in ("bars", "shares")


def _signed(group: Maps) -> bool:
    return group.colors == "diverging"


def _three_dimensional(values: NDArray[Any]) -> NDArray[Any]:
    return values if values.ndim == 3 else values.reshape(-1, 1, 1)


def _reach(group: Maps) -> Floats:
    """(N,) the largest finite magnitude of each map."""
    flat = np.abs(_three_dimensional(group.values)).reshape(len(group.values), -1)
    reach: Floats = np.where(np.isfinite(flat), flat, 0).max(axis=1, initial=0.0).astype(np.float32)
    return reach
