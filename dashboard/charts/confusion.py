"""A confusion matrix as a Plotly figure whose cells can be clicked. Pure: counts in, figure out.

Right answers outnumber errors a hundredfold; one scale for both would show the errors as nothing.
The diagonal is blue by its share of the row; errors are orange up to the largest one.
"""

import html
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from dashboard.palette import TOKENS, Palette, colorscale
from dashboard.text import percent

Unit = Literal["counts", "row %", "column %"]
UNITS: tuple[Unit, ...] = ("counts", "row %", "column %")

_MOST_TEXTS = 15  # classes up to which every cell has room for its number
_MANY = 0.62  # share of the largest error from which light numbers read better than dark ones


def confusion(
    counts: NDArray[np.int64],
    classes: Sequence[str],
    unit: Unit = "counts",
    selected: tuple[int, int] | None = None,
    colors: Palette = TOKENS,
) -> dict[str, Any]:
    """The figure; every point carries ``customdata = [true index, predicted index]``.

    Args:
        counts: (K, K), row = true class, column = predicted class.
        classes: K names.
        unit: what the cells say and how errors are coloured: images, their share of the images
            of the true class (row), or of those predicted as the class (column).
        selected: the cell (true, predicted) to outline.
        colors: tokens for `components.plot`, or a theme's palette.
    """
    size = len(classes)
    names = [html.escape(name) for name in classes]
    rows, columns = _shares(counts)
    shown = {"counts": counts.astype(float), "row %": rows, "column %": columns}[unit]
    texts = _texts(shown, unit)
    right = np.eye(size, dtype=bool)
    common: dict[str, Any] = {
        "type": "heatmap",
        "x": names,
        "y": names,
        "showscale": False,
        "xgap": 1,
        "ygap": 1,
        "hoverongaps": False,
        "customdata": [[[i, j] for j in range(size)] for i in range(size)],
        "hovertext": _hover(counts, names, rows, columns),
        "hovertemplate": "%{hovertext}<extra></extra>",
    }
    errors = np.where(right, np.nan, shown)
    diagonal = np.where(right, columns if unit == "column %" else rows, np.nan)
    most = float(np.nanmax(errors, initial=0.0))
    with_errors, many = errors > 0, errors > _MANY * most
    # Errors start at a tint of their own, so that a single one is told from none.
    orange = colorscale(colors.diverging[4:0:-1])
    blue = colorscale((colors.background, colors.sequential[2], colors.sequential[3]))
    plain = colorscale((colors.surface, colors.surface))
    traces = [
        # Two traces, as the numbers of one trace have one colour, and dark cells need the other.
        _trace(with_errors & ~many, errors, most, orange, colors.text, texts),
        _trace(with_errors & many, errors, most, orange, colors.background, texts),
        _trace(right, diagonal, 1.0, blue, colors.text, texts),
        # Cells without an image are clickable and readable on hover as well.
        _trace(~right & ~with_errors, np.zeros_like(shown), 1.0, plain, colors.text, texts),
    ]
    return {"data": [{**common, **trace} for trace in traces], "layout": _layout(selected, colors)}


def _trace(
    where: NDArray[np.bool_],
    values: NDArray[np.float64],
    most: float,
    scale: list[list[float | str]],
    text_color: str,
    texts: list[list[str]],
) -> dict[str, Any]:
    """The cells of `where`, and nothing in the others: not even their text."""
    size = len(where)
    spots = [[(i, j) if where[i, j] else None for j in range(size)] for i in range(size)]
    return {
        "z": [[float(values[spot]) if spot else None for spot in row] for row in spots],
        "text": [[texts[spot[0]][spot[1]] if spot else "" for spot in row] for row in spots],
        "texttemplate": "%{text}",
        "textfont": {"size": 12 if size <= 10 else 9, "color": text_color},
        "zmin": 0,
        "zmax": most or 1.0,
        "colorscale": scale,
    }


def _shares(counts: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Each count as a share of its row and of its column; 0 where there is nothing to share."""
    rows, columns = counts.sum(1, keepdims=True), counts.sum(0, keepdims=True)
    return counts / np.maximum(rows, 1), counts / np.maximum(columns, 1)


def _texts(shown: NDArray[np.float64], unit: Unit) -> list[list[str]]:
    def text(value: float) -> str:
        if value == 0 or len(shown) > _MOST_TEXTS:
            return ""
        return f"{value:,.0f}" if unit == "counts" else f"{value * 100:.1f}"

    return [[text(value) for value in row] for row in shown]


def _hover(
    counts: NDArray[np.int64],
    names: Sequence[str],
    rows: NDArray[np.float64],
    columns: NDArray[np.float64],
) -> list[list[str]]:
    return [
        [
            f"<b>true {true}, predicted {predicted}</b><br>"
            f"{counts[i, j]:,} {'image' if counts[i, j] == 1 else 'images'}<br>"
            f"{percent(rows[i, j])} of true {true}<br>"
            f"{percent(columns[i, j])} of predicted {predicted}"
            for j, predicted in enumerate(names)
        ]
        for i, true in enumerate(names)
    ]


def _layout(selected: tuple[int, int] | None, colors: Palette) -> dict[str, Any]:
    axis = {
        "type": "category",
        "showgrid": False,
        "zeroline": False,
        "fixedrange": True,
        "ticks": "",
        "ticklabelstandoff": 3,
    }
    return {
        "xaxis": {**axis, "title": {"text": "predicted"}, "side": "top"},
        "yaxis": {**axis, "title": {"text": "true"}, "autorange": "reversed"},
        "margin": {"l": 8, "r": 4, "t": 8, "b": 4},
        "dragmode": False,
        "shapes": [] if selected is None else [_outline(selected, colors)],
    }


def _outline(cell: tuple[int, int], colors: Palette) -> dict[str, Any]:
    true, predicted = cell
    return {
        "type": "rect",
        "x0": predicted - 0.5,
        "x1": predicted + 0.5,
        "y0": true - 0.5,
        "y1": true + 0.5,
        "line": {"color": colors.text, "width": 2.5},
    }
