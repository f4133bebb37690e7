"""What any matrix of true against predicted classes shares: its axes, headers, outlines. Pure.

Classes stand on numbered axes, as two of them may have the same name. Every cell carries
``customdata = [true, predicted]``, class indices whatever the order; a header has None for "every
class", and `UNSURE` stands for "don't know".
"""

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from core.review.matrix import Cell
from dashboard.palette import Palette
from dashboard.text import clean

Unit = Literal["counts", "row %", "column %"]
Shading = Literal["linear", "logarithmic"]

Sides = tuple[float, float, float, float]  # left, right, top and bottom

UNITS: tuple[Unit, ...] = ("counts", "row %", "column %")
SHADINGS: tuple[Shading, ...] = ("linear", "logarithmic")
UNSURE = -1  # in place of a predicted class: the network does not answer
MOST_TEXTS = 15  # classes up to which every cell has room for its number
_UNSURE_AT = 0.35  # how far the column of "don't know" stands off, in cells
_LONGEST_NAME = 18


@dataclass(frozen=True)
class Look:
    """How a matrix is drawn.

    Attributes:
        unit: what the cells say and how errors are coloured: images, their share of the images
            of the true class (row), or of those predicted as the class (column).
        shading: whether colours follow the values or their logarithms.
        masked: whether the right answers are left blank.
        order: the classes from the top and from the left; None for their own order.
    """

    unit: Unit = "counts"
    shading: Shading = "linear"
    masked: bool = False
    order: tuple[int, ...] | None = None

    def arranged(self, size: int) -> list[int]:
        """The class at each place."""
        return list(range(size)) if self.order is None else list(self.order)


def names_of(classes: Sequence[str]) -> list[str]:
    """The classes' names as Plotly may show them, none of them long."""
    return [html.escape(clean(name, _LONGEST_NAME)) for name in classes]


def shades(values: NDArray[np.float64], shading: Shading) -> NDArray[np.float64]:
    """Where each value stands between none (0) and the largest (1); values are at least 0.

    On the logarithmic scale the smallest positive value stands at 0, too.
    """
    positive = values[values > 0]
    if not positive.size:
        return np.zeros_like(values)
    low, high = float(positive.min()), float(positive.max())
    if shading == "linear":
        return values / high
    if low == high:
        return (values > 0).astype(float)
    logs: NDArray[np.float64] = np.log(np.maximum(values, low) / low) / np.log(high / low)
    return logs


def unsure_place(size: int) -> float:
    """Where the column of "don't know" stands."""
    return size + _UNSURE_AT


def layout(
    classes: Sequence[str],
    look: Look,
    selected: Sequence[Cell],
    colors: Palette,
    *,
    unsure: bool = False,
    unsure_selected: Sequence[int | None] = (),
    headers: bool = True,
) -> dict[str, Any]:
    """Axes with true classes from the top and predicted ones from the left, and what is chosen.

    Args:
        classes: K names.
        look: the order.
        selected: the cells, rows and columns to outline.
        colors: tokens for `components.plot`, or a theme's palette.
        unsure: whether there is a column of "don't know".
        unsure_selected: its chosen rows; None for all of it.
        headers: whether a class's name can be pressed for its whole row or column.
    """
    size, order, names = len(classes), look.arranged(len(classes)), names_of(classes)
    ticks = [names[index] for index in order]
    places = [*range(size), *([unsure_place(size)] if unsure else [])]
    axis = _axis(size, colors)
    sides = _sides(order, selected, unsure_selected)
    buttons = _headers(classes, order, selected, unsure, None in unsure_selected)
    chosen = [*map(list, selected), *([row, UNSURE] for row in unsure_selected)]
    return {
        "xaxis": {
            **axis,
            "title": {"text": "predicted"},
            "side": "top",
            "tickvals": places,
            "ticktext": [*ticks, *(["don’t<br>know"] if unsure else [])],
            "range": [-0.5, places[-1] + 0.5],
        },
        "yaxis": {
            **axis,
            "title": {"text": "true"},
            "tickvals": list(range(size)),
            "ticktext": ticks,
            "range": [size - 0.5, -0.5],
        },
        "margin": {"l": 8, "r": 4, "t": 8, "b": 4},
        "dragmode": False,
        "shapes": [outline(each, colors.text) for each in sides],
        "meta": {"cells": {"chosen": chosen}, **({"headers": buttons} if headers else {})},
    }


def _axis(size: int, colors: Palette) -> dict[str, Any]:
    return {
        "showgrid": False,
        "zeroline": False,
        "fixedrange": True,
        "ticks": "",
        "ticklabelstandoff": 3,
        "tickmode": "array",
        "tickfont": {"size": 11 if size <= MOST_TEXTS else 8.5, "color": colors.muted},
    }


def _sides(
    order: Sequence[int], selected: Sequence[Cell], unsure_selected: Sequence[int | None]
) -> list[Sides]:
    """What to outline."""
    place = {index: position for position, index in enumerate(order)}
    found = [box(cell, place) for cell in selected]
    left = unsure_place(len(order)) - 0.5
    for row in unsure_selected:
        _, _, top, bottom = box((row, order[0]), place)
        found.append((left, left + 1, top, bottom))
    return found


def _headers(
    classes: Sequence[str],
    order: Sequence[int],
    selected: Sequence[Cell],
    unsure: bool,
    all_unsure: bool,
) -> dict[str, list[dict[str, Any]]]:
    rows = [_header(f"All images of class {classes[i]}", (i, None), selected) for i in order]
    columns = [_header(f"All answered with {classes[i]}", (None, i), selected) for i in order]
    if unsure:
        label = "All that are not answered"
        columns.append({"data": [None, UNSURE], "label": label, "pressed": all_unsure})
    return {"x": columns, "y": rows}


def _header(label: str, cell: Cell, selected: Sequence[Cell]) -> dict[str, Any]:
    return {"data": list(cell), "label": clean(label), "pressed": cell in selected}


def box(cell: Cell, place: dict[int, int], start: float = 0.0) -> tuple[float, float, float, float]:
    """Left, right, top and bottom of a cell, a row or a column.

    Args:
        cell: None for every class.
        place: where each class stands.
        start: where the matrix begins on the axis.
    """
    true, predicted = cell
    last = len(place) - 1
    left, right = (0, last) if predicted is None else (place[predicted],) * 2
    top, bottom = (0, last) if true is None else (place[true],) * 2
    return start + left - 0.5, start + right + 0.5, top - 0.5, bottom + 0.5


def outline(sides: Sides, color: str, width: float = 2.5) -> dict[str, Any]:
    """A rectangle around left, right, top and bottom."""
    left, right, top, bottom = sides
    line = {"color": color, "width": width}
    return {"type": "rect", "x0": left, "x1": right, "y0": top, "y1": bottom, "line": line}
