"""What another network answers otherwise, cell by cell, as a Plotly figure. Pure."""

import html
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.review.matrix import Cell
from dashboard.charts.matrix_cells import Cells, Scale, heatmap, inks, numbers, unsure_column
from dashboard.charts.matrix_frame import MOST_TEXTS, Look, layout, names_of, shades
from dashboard.palette import TOKENS, Palette, colorscale
from dashboard.text import counted

_TINT = 0.2  # where a single image stands, so that it is told from none


def difference(
    change: NDArray[np.int64],
    classes: Sequence[str],
    look: Look = Look(),  # noqa: B008 - frozen
    *,
    unanswered: NDArray[np.int64] | None = None,
    selected: Sequence[Cell] = (),
    unsure_selected: Sequence[int | None] = (),
    before: NDArray[np.int64] | None = None,
    sides: tuple[str, str] = ("before", "now"),
    headers: bool = True,
    colors: Palette = TOKENS,
) -> dict[str, Any]:
    """Counts now less before; cells carry [true, predicted]. Orange is worse, blue is better.

    Worse are fewer right answers and more wrong ones, so both belong to one colour.

    Args:
        change: (K, K), row = true class, column = predicted class.
        classes: K names.
        look: colours and order; its unit is not used.
        unanswered: (K,) change of the images without an answer, by true class, which is neither
            better nor worse; None for no such column.
        selected: cells, rows and columns to outline.
        unsure_selected: rows of the column of "don't know" to outline; None for all of it.
        before: (K, K) counts to tell on hover what the change is from.
        sides: what these counts and the present ones are called, after a number.
        headers: whether a class's name can be pressed for its whole row or column.
        colors: tokens for `components.plot`, or a theme's palette.
    """
    order, names = look.arranged(len(classes)), names_of(classes)
    before_now = tuple(html.escape(side) for side in sides)
    hover = _hover(change, names, before, before_now)
    cells = _cells(change, hover, look, colors)
    traces = [heatmap(cells, order, _scale(colors), -1.0, 1.0)]
    unsure = None
    if unanswered is not None:
        unsure = _unsure(unanswered, names, colors)
        traces.append(unsure_column(unsure, order, [[0, colors.surface], [1, colors.surface]], 1.0))
    return {
        "data": [*traces, numbers(cells, order, unsure)],
        "layout": layout(
            classes, look, selected, colors,
            unsure=unsure is not None, unsure_selected=unsure_selected, headers=headers,
        ),
    }  # fmt: skip


def _cells(change: NDArray[np.int64], hover: list[list[str]], look: Look, colors: Palette) -> Cells:
    right = np.eye(len(change), dtype=bool)
    shown = np.where(right, 0, change) if look.masked else change
    tints = _signed(np.where(right, shown, -shown), look)
    return Cells(tints, _texts(shown), inks(tints, _scale, -1.0, 1.0, colors), hover)


def _scale(colors: Palette) -> Scale:
    return colorscale(colors.diverging)


def _signed(better: NDArray[np.int64], look: Look) -> NDArray[np.float64]:
    """Each change between −1 (worst) and 1 (best)."""
    size = np.abs(better).astype(float)
    found: NDArray[np.float64] = np.sign(better) * np.where(
        size > 0, _TINT + (1 - _TINT) * shades(size, look.shading), 0.0
    )
    return found


def _unsure(change: NDArray[np.int64], names: Sequence[str], colors: Palette) -> Cells:
    hover = [
        [f"<b>true {name}, no answer</b><br>{_more(int(number))}"]
        for name, number in zip(names, change, strict=True)
    ]
    ink = [[colors.text] for _ in names]
    return Cells(np.zeros((len(names), 1)), _texts(change[:, None]), ink, hover)


def _texts(change: NDArray[np.int64]) -> list[list[str]]:
    fits = len(change) <= MOST_TEXTS
    return [
        [f"{value:+,d}".replace("-", "−") if value and fits else "" for value in row]
        for row in change.tolist()
    ]


def _hover(
    change: NDArray[np.int64],
    names: Sequence[str],
    before: NDArray[np.int64] | None,
    sides: tuple[str, ...],
) -> list[list[str]]:
    def counts(i: int, j: int) -> str:
        if before is None:
            return ""
        was, now = before[i, j], before[i, j] + change[i, j]
        return f"<br>{was:,} {sides[0]}, {now:,} {sides[1]}"

    return [
        [
            f"<b>true {true}, predicted {predicted}</b><br>{_more(int(change[i, j]))}{counts(i, j)}"
            for j, predicted in enumerate(names)
        ]
        for i, true in enumerate(names)
    ]


def _more(change: int) -> str:
    return f"{counted(abs(change), 'image')} {'more' if change >= 0 else 'fewer'}"
