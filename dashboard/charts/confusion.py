"""A confusion matrix as a Plotly figure whose cells can be clicked. Pure: counts in, figure out.

Right answers outnumber errors a hundredfold; one scale for both would show the errors as nothing.
The diagonal is blue by its share of the row; errors are orange up to the largest one.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.review.matrix import Cell, shares
from dashboard.charts.matrix_cells import Cells, heatmap, inks, numbers, unsure_column
from dashboard.charts.matrix_frame import MOST_TEXTS, Look, Unit, layout, names_of, shades
from dashboard.palette import TOKENS, Palette, colorscale
from dashboard.text import counted, percent

Shares = tuple[NDArray[np.float64], NDArray[np.float64]]  # of the row and of the column
_BLOCKS = "▁▂▃▄▅▆▇█"
# One scale for three things, so that one trace draws and reports all cells: nothing at 0, errors
# from 1 to 2, right answers from 3 to 4. Errors start at a tint of their own, so that a single one
# is told from none.
_ERRORS, _RIGHT, _END = 1.0, 3.0, 4.0


def confusion(
    counts: NDArray[np.int64],
    classes: Sequence[str],
    look: Look = Look(),  # noqa: B008 - frozen
    *,
    unanswered: NDArray[np.int64] | None = None,
    selected: Sequence[Cell] = (),
    unsure_selected: Sequence[int | None] = (),
    history: NDArray[np.int64] | None = None,
    colors: Palette = TOKENS,
) -> dict[str, Any]:
    """The figure; every point carries ``customdata = [true index, predicted index]``.

    Args:
        counts: (K, K), row = true class, column = predicted class.
        classes: K names.
        look: unit, colours and order.
        unanswered: (K,) images without an answer, by true class: a column of their own, whose cells
            carry `matrix_frame.UNSURE` as predicted; None for no such column.
        selected: cells, rows and columns to outline.
        unsure_selected: rows of the column of "don't know" to outline; None for all of it.
        history: (E, K, K) counts over the epochs, for the hover.
        colors: tokens for `components.plot`, or a theme's palette.
    """
    order, names = look.arranged(len(classes)), names_of(classes)
    both = shares(counts, unanswered)
    cells, errors = _cells(counts, both, names, look, history, colors)
    traces = [heatmap(cells, order, _scale(colors), 0.0, _END)]
    unsure = None
    if unanswered is not None:
        unsure = _unsure(unanswered, counts.sum(1), names, look.unit, colors)
        shading: list[list[float | str]] = [[0, colors.surface], [1, f"{colors.muted}/0.45"]]
        traces.append(unsure_column(unsure, order, shading, 1.0))
    traces.append(numbers(cells, order, unsure))
    if len(order) > MOST_TEXTS and errors.any():
        traces.append(_legend(errors, look, colors))
    return {
        "data": traces,
        "layout": layout(
            classes, look, selected, colors,
            unsure=unsure is not None, unsure_selected=unsure_selected,
        ),
    }  # fmt: skip


def _cells(
    counts: NDArray[np.int64],
    both: Shares,
    names: Sequence[str],
    look: Look,
    history: NDArray[np.int64] | None,
    colors: Palette,
) -> tuple[Cells, NDArray[np.float64]]:
    """The cells, and the errors alone as they are coloured."""
    shown, tints, errors = _drawn(counts, both, look)
    texts = [[_text(value, look.unit, len(counts)) for value in row] for row in shown]
    ink = inks(tints, _scale, 0.0, _END, colors)
    return Cells(tints, texts, ink, _hover(counts, both, names, history)), errors


def _drawn(
    counts: NDArray[np.int64], both: Shares, look: Look
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """What the cells say, where they stand on the scale, and the errors alone."""
    rows, columns = both
    shown = {"counts": counts.astype(float), "row %": rows, "column %": columns}[look.unit]
    right = np.eye(len(counts), dtype=bool)
    if look.masked:
        shown = np.where(right, 0.0, shown)
    errors = np.where(right, 0.0, shown)
    tints = np.where(errors > 0, _ERRORS + shades(errors, look.shading), 0.0)
    share = columns if look.unit == "column %" else rows
    return shown, np.where(right & (shown > 0), _RIGHT + share, tints), errors


def _scale(colors: Palette) -> list[list[float | str]]:
    stops: list[tuple[float, str]] = [(0.0, colors.surface), (_ERRORS - 0.5, colors.surface)]
    orange = colors.diverging[4:0:-1]
    blue = (colors.background, colors.sequential[2], colors.sequential[3])
    for start, tones in ((_ERRORS, orange), (_RIGHT, blue)):
        stops += [(start + k / (len(tones) - 1), tone) for k, tone in enumerate(tones)]
    return [[place / _END, tone] for place, tone in stops]


def _unsure(
    unanswered: NDArray[np.int64],
    answered: NDArray[np.int64],
    names: Sequence[str],
    unit: Unit,
    colors: Palette,
) -> Cells:
    """The column of "don't know": neither right nor wrong, so neither blue nor orange."""
    of_class = unanswered / np.maximum(unanswered + answered, 1)
    of_all = unanswered / max(int(unanswered.sum()), 1)
    shown = {"counts": unanswered.astype(float), "row %": of_class, "column %": of_all}[unit]
    tints = np.where(shown > 0, 0.3 + 0.7 * shades(shown, "linear"), 0.0)
    hover = [
        f"<b>true {name}, no answer</b><br>{counted(int(number), 'image')}<br>"
        f"{percent(share)} of true {name}"
        for name, number, share in zip(names, unanswered, of_class, strict=True)
    ]
    return Cells(
        tints[:, None],
        [[_text(value, unit, len(names))] for value in shown],
        [[colors.text] for _ in names],
        [[text] for text in hover],
    )


def _text(value: float, unit: Unit, size: int) -> str:
    if value == 0 or size > MOST_TEXTS:
        return ""
    return f"{value:,.0f}" if unit == "counts" else f"{value * 100:.1f}"


def _hover(
    counts: NDArray[np.int64],
    both: Shares,
    names: Sequence[str],
    history: NDArray[np.int64] | None,
) -> list[list[str]]:
    rows, columns = both
    told = [] if history is None or len(history) < 2 else _blocks(history)
    return [
        [
            f"<b>true {true}, predicted {predicted}</b><br>"
            f"{counted(counts[i, j], 'image')}<br>"
            f"{percent(rows[i, j])} of true {true}<br>"
            f"{percent(columns[i, j])} of predicted {predicted}"
            + (f"<br>over the epochs {told[i][j]}" if told else "")
            for j, predicted in enumerate(names)
        ]
        for i, true in enumerate(names)
    ]


def _blocks(history: NDArray[np.int64]) -> list[list[str]]:
    """Each cell's counts as a row of blocks, each cell by its own largest."""
    heights = np.rint(history / np.maximum(history.max(0), 1) * (len(_BLOCKS) - 1)).astype(int)
    letters = np.array(list(_BLOCKS))[heights]
    return [["".join(cell) for cell in row] for row in letters.transpose(1, 2, 0)]


def _legend(values: NDArray[np.float64], look: Look, colors: Palette) -> dict[str, Any]:
    """A scale beside a matrix whose cells have no room for numbers; its one point is not drawn."""
    positive = values[values > 0]
    low, high = float(positive.min()), float(positive.max())
    middle = math.sqrt(low * high) if look.shading == "logarithmic" else (low + high) / 2
    ticks = sorted({low, float(round(middle)) if look.unit == "counts" else middle, high})
    bar = {
        "thickness": 8,
        "len": 0.5,
        "y": 1,
        "yanchor": "top",
        "xpad": 6,
        "outlinewidth": 0,
        "tickvals": shades(np.array(ticks), look.shading).round(4).tolist(),
        "ticktext": [_tick(tick, look.unit) for tick in ticks],
        "tickfont": {"size": 10, "color": colors.muted},
    }
    scale = colorscale(colors.diverging[4:0:-1])
    marker = {"size": 0.1, "color": [0], "cmin": 0, "cmax": 1, "colorscale": scale}
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [0],
        "y": [0],
        "hoverinfo": "skip",
        "showlegend": False,
        "marker": {**marker, "showscale": True, "colorbar": bar},
    }


def _tick(value: float, unit: Unit) -> str:
    return f"{value:,.0f}" if unit == "counts" else f"{value * 100:.1f} %"
