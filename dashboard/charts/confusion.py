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
    cells: dict[str, list[list[Any]]] = {
        "text": _texts(shown, unit),
        "hovertext": _hover(counts, names, rows, columns),
        "customdata": [[[i, j] for j in range(size)] for i in range(size)],
    }
    right = np.eye(size, dtype=bool)
    errors = np.where(right, 0.0, shown)
    most = float(errors.max(initial=0.0))
    many = errors > _MANY * most
    # Errors start at a tint of their own, so that a single one is told from none.
    orange = colorscale(colors.diverging[4:0:-1])
    blue = colorscale((colors.background, colors.sequential[2], colors.sequential[3]))
    plain = colorscale((colors.surface, colors.surface))
    traces = [
        # Two traces, as the numbers of one trace have one colour, and dark cells need the other.
        _trace((errors > 0) & ~many, errors, most, orange, colors.text, cells),
        _trace(many, errors, most, orange, colors.background, cells),
        _trace(
            right & (shown > 0),
            columns if unit == "column %" else rows,
            1.0,
            blue,
            colors.text,
            cells,
        ),
        # Cells without an image are clickable and readable on hover as well.
        _trace(shown == 0, errors, 1.0, plain, colors.text, cells),
    ]
    return {
        "data": [{**trace, "x": names, "y": names} for trace in traces],
        "layout": matrix_layout(selected, colors),
    }


def _trace(
    where: NDArray[np.bool_],
    values: NDArray[np.float64],
    most: float,
    scale: list[list[float | str]],
    text_color: str,
    cells: dict[str, list[list[Any]]],
) -> dict[str, Any]:
    """The cells of `where`, and nothing in the others: not even their text."""
    return {
        "type": "heatmap",
        "z": _only(where, values.tolist(), None),
        "zmin": 0,
        "zmax": most or 1.0,
        "colorscale": scale,
        "showscale": False,
        "xgap": 1,
        "ygap": 1,
        "text": _only(where, cells["text"], ""),
        "texttemplate": "%{text}",
        "textfont": {"size": 12 if len(where) <= 10 else 9, "color": text_color},
        "hovertext": _only(where, cells["hovertext"], ""),
        "hovertemplate": "%{hovertext}<extra></extra>",
        "hoverongaps": False,
        "customdata": _only(where, cells["customdata"], None),
    }


def _only(where: NDArray[np.bool_], table: list[list[Any]], empty: Any) -> list[list[Any]]:
    return [
        [value if there else empty for value, there in zip(values, places, strict=True)]
        for values, places in zip(table, where.tolist(), strict=True)
    ]


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


def matrix_layout(selected: tuple[int, int] | None, colors: Palette) -> dict[str, Any]:
    """The layout of any matrix of true (rows, from the top) against predicted classes (columns).

    Args:
        selected: the cell to outline, (true, predicted).
        colors: tokens for `components.plot`, or a theme's palette.
    """
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
