"""The cells of a matrix of true against predicted classes, and the numbers in them. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dashboard.charts.matrix_frame import UNSURE, unsure_place
from dashboard.palette import DARK, LIGHT, TOKENS, Palette, by_theme, luminance, rgb

Scale = list[list[float | str]]
Texts = list[list[str]]
_MIDDLE = 0.179  # the luminance on which black and white read equally well


@dataclass(frozen=True, eq=False)  # eq would compare arrays element by element
class Cells:
    """What is drawn in each cell; all are (K, K) by class, or (K, 1) for "don't know".

    Attributes:
        tints: where it stands on the colour scale.
        texts: the number in it; empty for none.
        inks: the number's colour.
        hover: what is said under the mouse.
    """

    tints: NDArray[np.float64]
    texts: Texts
    inks: Texts
    hover: Texts


def inks(
    tints: NDArray[np.float64],
    scale: Callable[[Palette], Scale],
    low: float,
    high: float,
    colors: Palette,
) -> Texts:
    """Black or white on each cell, whichever reads better: at least 4.5 to 1 on any colour.

    Args:
        tints: (R, C), where each cell stands on the scale.
        scale: the colours of a theme.
        low: where the scale begins.
        high: where it ends.
        colors: tokens for `components.plot`, which get an ink for either theme, or a palette.
    """
    shares = (tints - low) / (high - low)
    if colors is not TOKENS:
        return _black_or_white(shares, scale(colors))
    both = (_black_or_white(shares, scale(theme)) for theme in (LIGHT, DARK))
    return [
        [by_theme(*pair) for pair in zip(*rows, strict=True)] for rows in zip(*both, strict=True)
    ]


def _black_or_white(shares: NDArray[np.float64], scale: Scale) -> Texts:
    places = [float(place) for place, _ in scale]
    channels = np.array([rgb(str(color)) for _, color in scale], float).T
    shown = np.stack([np.interp(shares, places, channel) for channel in channels], axis=-1)
    found: Texts = np.where(luminance(shown) > _MIDDLE, "#000000", "#ffffff").tolist()
    return found


def heatmap(
    cells: Cells, order: Sequence[int], scale: Scale, low: float, high: float
) -> dict[str, Any]:
    """All cells as one trace; each carries ``[true, predicted]``."""
    return _trace(cells.tints[np.ix_(order, order)], scale, low, high) | {
        "x": list(range(len(order))),
        "hovertext": [[cells.hover[i][j] for j in order] for i in order],
        "customdata": [[[i, j] for j in order] for i in order],
    }


def unsure_column(cells: Cells, order: Sequence[int], scale: Scale, high: float) -> dict[str, Any]:
    """The column of "don't know"; each cell carries ``[true, UNSURE]``."""
    place = unsure_place(len(order))
    return _trace(cells.tints[list(order)], scale, 0.0, high) | {
        "x": [place - 0.5, place + 0.5],  # the edges: a single column has no width of its own
        "hovertext": [cells.hover[i] for i in order],
        "customdata": [[[i, UNSURE]] for i in order],
    }


def numbers(cells: Cells, order: Sequence[int], unsure: Cells | None = None) -> dict[str, Any]:
    """The numbers in the cells, each in the colour that can be read on its own."""
    found: list[tuple[float, int, str, str]] = [
        (column, row, cells.texts[i][j], cells.inks[i][j])
        for row, i in enumerate(order)
        for column, j in enumerate(order)
        if cells.texts[i][j]
    ]
    if unsure is not None:
        place = unsure_place(len(order))
        rest = ((row, unsure.texts[i][0], unsure.inks[i][0]) for row, i in enumerate(order))
        found += [(place, row, text, ink) for row, text, ink in rest if text]
    return {
        "type": "scatter",
        "mode": "text",
        "x": [x for x, _, _, _ in found],
        "y": [y for _, y, _, _ in found],
        "text": [text for _, _, text, _ in found],
        "textfont": {
            "size": 12 if len(order) <= 10 else 9,
            "color": [ink for _, _, _, ink in found],
        },
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _trace(tints: NDArray[np.float64], scale: Scale, low: float, high: float) -> dict[str, Any]:
    return {
        "type": "heatmap",
        "z": tints.round(4).tolist(),
        "zmin": low,
        "zmax": high,
        "colorscale": scale,
        "showscale": False,
        "xgap": 1,
        "ygap": 1,
        "hovertemplate": "%{hovertext}<extra></extra>",
    }
