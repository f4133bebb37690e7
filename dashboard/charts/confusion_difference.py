"""What another network answers otherwise, cell by cell, as a Plotly figure. Pure."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.review.matrix import Cell
from dashboard.charts.matrix_frame import (
    MOST_TEXTS,
    UNSURE,
    Look,
    indices,
    layout,
    names_of,
    numbers,
    shades,
    unsure_place,
)
from dashboard.palette import TOKENS, Palette, colorscale
from dashboard.text import counted

_TINT = 0.2  # where a single image stands, so that it is told from none
_MUCH = 0.7  # shade from which numbers in the background's colour read better


def difference(
    change: NDArray[np.int64],
    classes: Sequence[str],
    look: Look = Look(),  # noqa: B008 - frozen
    *,
    unanswered: NDArray[np.int64] | None = None,
    selected: Sequence[Cell] = (),
    unsure_selected: Sequence[int | None] = (),
    before: NDArray[np.int64] | None = None,
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
        headers: whether a class's name can be pressed for its whole row or column.
        colors: tokens for `components.plot`, or a theme's palette.
    """
    order, names = look.arranged(len(classes)), names_of(classes)
    right = np.eye(len(order), dtype=bool)
    hover = _hover(change, names, before)
    if look.masked:
        change = np.where(right, 0, change)
    better = np.where(right, change, -change)
    cells = np.ix_(order, order)
    at: list[float] = list(range(len(order)))
    texts = _texts(change[cells], len(order))
    tints = _signed(better, look)[cells]
    ink = [
        [colors.background if dark else colors.text for dark in row] for row in abs(tints) > _MUCH
    ]
    traces = [
        _heatmap(tints, colorscale(colors.diverging))
        | {
            "x": list(range(len(order))),
            "hovertext": [[hover[i][j] for j in order] for i in order],
            "customdata": indices(order),
        }
    ]
    if unanswered is not None:
        place = unsure_place(len(order))
        at.append(place)
        traces.append(_unsure(unanswered[order], order, names, place, colors))
        more = _texts(unanswered[order][:, None], len(order))
        texts = [line + last for line, last in zip(texts, more, strict=True)]
        ink = [[*line, colors.text] for line in ink]
    return {
        "data": [*traces, numbers(texts, at, ink)],
        "layout": layout(
            classes, look, selected, colors,
            unsure=unanswered is not None, unsure_selected=unsure_selected, headers=headers,
        ),
    }  # fmt: skip


def _signed(better: NDArray[np.int64], look: Look) -> NDArray[np.float64]:
    """Each change between −1 (worst) and 1 (best)."""
    size = np.abs(better).astype(float)
    found: NDArray[np.float64] = np.sign(better) * np.where(
        size > 0, _TINT + (1 - _TINT) * shades(size, look.shading), 0.0
    )
    return found


def _heatmap(values: NDArray[np.float64], scale: list[list[float | str]]) -> dict[str, Any]:
    return {
        "type": "heatmap",
        "z": values.round(4).tolist(),
        "zmin": -1,
        "zmax": 1,
        "colorscale": scale,
        "showscale": False,
        "xgap": 1,
        "ygap": 1,
        "hovertemplate": "%{hovertext}<extra></extra>",
    }


def _unsure(
    change: NDArray[np.int64],
    order: Sequence[int],
    names: Sequence[str],
    place: float,
    colors: Palette,
) -> dict[str, Any]:
    scale: list[list[float | str]] = [[0, colors.surface], [1, colors.surface]]
    return _heatmap(np.zeros((len(order), 1)), scale) | {
        "x": [place - 0.5, place + 0.5],
        "hovertext": [
            [f"<b>true {names[index]}, no answer</b><br>{_more(int(number))}"]
            for index, number in zip(order, change, strict=True)
        ],
        "customdata": [[[index, UNSURE]] for index in order],
    }


def _texts(change: NDArray[np.int64], size: int) -> list[list[str]]:
    return [
        [f"{value:+,d}".replace("-", "−") if value and size <= MOST_TEXTS else "" for value in row]
        for row in change.tolist()
    ]


def _hover(
    change: NDArray[np.int64], names: Sequence[str], before: NDArray[np.int64] | None
) -> list[list[str]]:
    def counts(i: int, j: int) -> str:
        if before is None:
            return ""
        return f"<br>{before[i, j]:,} before, {before[i, j] + change[i, j]:,} now"

    return [
        [
            f"<b>true {true}, predicted {predicted}</b><br>{_more(int(change[i, j]))}{counts(i, j)}"
            for j, predicted in enumerate(names)
        ]
        for i, true in enumerate(names)
    ]


def _more(change: int) -> str:
    return f"{counted(abs(change), 'image')} {'more' if change >= 0 else 'fewer'}"
