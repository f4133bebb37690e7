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

Unit = Literal["counts", "row %", "column %"]
UNITS: tuple[Unit, ...] = ("counts", "row %", "column %")

_MOST_TEXTS = 15  # classes up to which every cell has room for its number


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
        "text": _texts(shown, unit) if size <= _MOST_TEXTS else None,
        "texttemplate": "%{text}" if size <= _MOST_TEXTS else None,
        "textfont": {"size": 12 if size <= 10 else 9},
    }
    errors = np.where(right, np.nan, shown)
    diagonal = np.where(right, columns if unit == "column %" else rows, np.nan)
    most = float(np.nanmax(errors, initial=0.0))
    traces = [
        # Errors start at a tint of their own, so that a single one is told from none.
        {"z": _cells(np.where(errors > 0, errors, np.nan)), "zmin": 0, "zmax": most or 1,
         "colorscale": colorscale(colors.diverging[4:0:-1])},
        {"z": _cells(diagonal), "zmin": 0, "zmax": 1, "colorscale": colorscale(
            (colors.background, colors.sequential[2], colors.sequential[3]))},
        # Cells without an image are clickable and readable on hover as well.
        {"z": _cells(np.where(~right & ~(errors > 0), 0.0, np.nan)), "zmin": 0, "zmax": 1,
         "colorscale": colorscale((colors.surface, colors.surface))},
    ]  # fmt: skip
    return {"data": [{**common, **trace} for trace in traces], "layout": _layout(selected, colors)}


def _shares(counts: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Each count as a share of its row and of its column; 0 where there is nothing to share."""
    rows, columns = counts.sum(1, keepdims=True), counts.sum(0, keepdims=True)
    return counts / np.maximum(rows, 1), counts / np.maximum(columns, 1)


def _cells(values: NDArray[np.float64]) -> list[list[float | None]]:
    return [[None if np.isnan(value) else float(value) for value in row] for row in values]


def _texts(shown: NDArray[np.float64], unit: Unit) -> list[list[str]]:
    def text(value: float) -> str:
        if value == 0:
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
            f"{rows[i, j]:.2%} of true {true}<br>{columns[i, j]:.2%} of predicted {predicted}"
            for j, predicted in enumerate(names)
        ]
        for i, true in enumerate(names)
    ]


def _layout(selected: tuple[int, int] | None, colors: Palette) -> dict[str, Any]:
    axis = {"type": "category", "showgrid": False, "zeroline": False, "fixedrange": True}
    return {
        "xaxis": {**axis, "title": {"text": "predicted"}, "side": "top", "ticks": ""},
        "yaxis": {**axis, "title": {"text": "true"}, "autorange": "reversed", "ticks": ""},
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
