"""A reliability diagram as a Plotly figure whose bins can be clicked. Pure: a table in, figure out.

Above, what share of each bin was right, beside what the network said; below, how many images and
errors the bin holds. Bins of equal width lie along the confidence. Bins of equal mass lie along the
images, least sure first: each is as wide as its share of them, so the coloured area between the
two lines is the expected calibration error itself.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.review.calibration import Scheme
from dashboard.palette import TOKENS, Palette
from dashboard.text import counted, percent

_CLEAR = "rgba(0,0,0,0)"


def reliability(
    table: pd.DataFrame, scheme: Scheme, selected: int | None = None, colors: Palette = TOKENS
) -> dict[str, Any]:
    """The figure; every bin carries ``customdata = [number of the bin]``.

    Args:
        table: as `core.review.calibration.reliability` gives it.
        scheme: how it was divided.
        selected: the bin to outline.
        colors: tokens for `components.plot`, or a theme's palette.
    """
    by_mass = scheme == "equal mass"
    left, right = _places(table, by_mass)
    low = _lowest(table) if by_mass else 0.0
    some = table["images"].to_numpy() > 0
    bars = _Bars(left[some], right[some], colors.background)
    full = table[some]
    traces = [
        *([] if by_mass else [_accuracy_bars(bars, full, colors)]),
        _gaps(bars, full, colors),
        _said(left[some], right[some], full, by_mass, colors),
        _points(bars, full, by_mass, colors),
        *_counts(bars, full, colors),
        *_keys(colors),
        *_targets(bars, full, low),
    ]
    layout = _layout(by_mass, low, _most(full), len(table))
    if selected is not None and selected < len(table):
        layout["shapes"] = [_outline(left[selected], right[selected], colors)]
    return {"data": traces, "layout": layout}


@dataclass(frozen=True)
class _Bars:
    """Where bars stand, by their ends, and the colour that parts them."""

    left: NDArray[np.float64]
    right: NDArray[np.float64]
    edge: str

    @property
    def middle(self) -> list[float]:
        """Plotly wants the middles of bars."""
        return [float(x) for x in (self.left + self.right) / 2]

    def trace(self, heights: Any, color: Any, axis: str = "y", base: Any = None) -> dict[str, Any]:
        trace = {
            "type": "bar",
            "x": self.middle,
            "width": [float(x) for x in self.right - self.left],
            "y": [float(height) for height in heights],
            "yaxis": axis,
            "marker": {"color": color, "line": {"color": self.edge, "width": 1}},
            "hoverinfo": "skip",
            "showlegend": False,
        }
        return trace if base is None else {**trace, "base": [float(height) for height in base]}


def _places(table: pd.DataFrame, by_mass: bool) -> tuple[Any, Any]:
    """Where each bin begins and ends on the x axis."""
    if not by_mass:
        return table["low"].to_numpy(), table["high"].to_numpy()
    ends = np.cumsum(table["images"].to_numpy()) / max(int(table["images"].sum()), 1)
    return np.append(0.0, ends[:-1])[: len(ends)], ends


def _lowest(table: pd.DataFrame) -> float:
    """Where the y axis begins, so that 98 % and 99 % can be told apart."""
    least = float(table[["accuracy", "confidence"]].min().min()) if len(table) else 0.0
    return max(0.0, least - 0.12 * (1 - least) - 0.002)


def _most(full: pd.DataFrame) -> int:
    return int(full["images"].max()) if len(full) else 1


def _accuracy_bars(bars: _Bars, full: pd.DataFrame, colors: Palette) -> dict[str, Any]:
    return bars.trace(full["accuracy"], colors.sequential[2])


def _gaps(bars: _Bars, full: pd.DataFrame, colors: Palette) -> dict[str, Any]:
    """From accuracy to confidence: orange where the network is too sure, blue where too modest.

    Pale where the confidence lies within the interval: so much can be luck.
    """
    lucky = full["confidence"].between(full["accuracy_low"], full["accuracy_high"])
    tints = [
        f"{colors.bad if gap < 0 else colors.train}/{0.25 if luck else 0.75}"
        for gap, luck in zip(full["gap"], lucky, strict=True)
    ]
    least = full[["accuracy", "confidence"]].min(axis=1)
    return bars.trace(full["gap"].abs(), tints, base=least)


def _said(
    left: Any, right: Any, full: pd.DataFrame, by_mass: bool, colors: Palette
) -> dict[str, Any]:
    """What the network said: the diagonal, or the mean confidence of each bin as steps."""
    x, y = [0.0, 1.0], [0.0, 1.0]
    if by_mass:
        x = [float(v) for pair in zip(left, right, strict=True) for v in pair]
        y = [float(v) for v in np.repeat(full["confidence"].to_numpy(), 2)]
    return {
        "type": "scatter",
        "mode": "lines",
        "name": "what it says" if by_mass else "calibrated",
        "x": x,
        "y": y,
        "line": {"color": colors.muted, "width": 1.5, "dash": "dash"},
        "hoverinfo": "skip",
    }


def _points(bars: _Bars, full: pd.DataFrame, by_mass: bool, colors: Palette) -> dict[str, Any]:
    """The share of right answers with its interval, at the bin's mean confidence."""
    accuracy = full["accuracy"].to_numpy()
    x = bars.middle if by_mass else [float(value) for value in full["confidence"]]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "right",
        "x": x,
        "y": [float(value) for value in accuracy],
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [float(v) for v in full["accuracy_high"].to_numpy() - accuracy],
            "arrayminus": [float(v) for v in accuracy - full["accuracy_low"].to_numpy()],
            "color": colors.text,
            "thickness": 1,
            "width": 3,
        },
        "marker": {"color": colors.text, "size": 6},
        "cliponaxis": False,
        "hoverinfo": "skip",
    }


def _keys(colors: Palette) -> list[dict[str, Any]]:
    """What the colours of the gaps mean: entries of the legend that draw nothing."""
    marker = {"symbol": "square", "size": 10}
    return [
        {
            "type": "scatter",
            "mode": "markers",
            "name": name,
            "x": [None],
            "y": [None],
            "marker": {**marker, "color": f"{color}/0.75"},
            "hoverinfo": "skip",
        }
        for name, color in (("too sure", colors.bad), ("too modest", colors.train))
    ]


def _counts(bars: _Bars, full: pd.DataFrame, colors: Palette) -> list[dict[str, Any]]:
    images = bars.trace(full["images"], colors.sequential[3], "y2")
    errors = bars.trace(full["errors"], colors.bad, "y2")
    return [
        images,
        {**errors, "name": "wrong", "showlegend": True},
    ]


def _targets(bars: _Bars, full: pd.DataFrame, low: float) -> list[dict[str, Any]]:
    """Bars that are not seen, over both parts of each bin: they take the hover and the click."""
    top, clear = _top(_most(full)), replace(bars, edge=_CLEAR)
    about = {
        "hovertext": [_hover(row) for row in full.to_dict("records")],
        "hovertemplate": "%{hovertext}<extra></extra>",
        "customdata": [[int(number)] for number in full["bin"]],
        "hoverinfo": "text",
    }
    size = len(full)
    return [
        {**clear.trace([1.02 - low] * size, _CLEAR, base=[low] * size), **about},
        {**clear.trace([top] * size, _CLEAR, "y2"), **about},
    ]


def _top(most: int) -> float:
    """The end of the axis of counts, on which a factor is a distance."""
    return math.pow(max(most, 2), 1.08)


def _hover(row: Mapping[Any, Any]) -> str:
    low, high = percent(row["low"]), percent(row["high"])
    sure = "too sure" if row["gap"] < 0 else "too modest"
    return (
        f"<b>confidence {low} to {high}</b><br>"
        f"{counted(int(row['images']), 'image')}, {counted(int(row['errors']), 'error')}<br>"
        f"says {percent(row['confidence'])}, right {percent(row['accuracy'])}<br>"
        f"{percent(abs(row['gap']))} {sure}<br>"
        f"interval {percent(row['accuracy_low'])} to {percent(row['accuracy_high'])}"
    )


def _layout(by_mass: bool, low: float, most: int, size: int) -> dict[str, Any]:
    title = "share of images, least sure first" if by_mass else "confidence"
    return {
        "uirevision": f"{by_mass} {size}",
        "barmode": "overlay",
        "bargap": 0,
        "hovermode": "closest",
        "dragmode": False,
        "margin": {"l": 8, "r": 18, "t": 30, "b": 4},
        "xaxis": {
            "title": {"text": title},
            "range": [0, 1],
            "tickformat": ".0%",
            "anchor": "y2",
            "zeroline": False,
            "showgrid": False,
            "fixedrange": True,
        },
        "yaxis": {
            "title": {"text": "right answers"},
            "domain": [0.3, 1],
            "range": [low, 1 + 0.02 * (1 - low)],
            "tickformat": ".0%" if low < 0.8 else ".1~%",
            "zeroline": False,
            "fixedrange": True,
        },
        "yaxis2": {
            "title": {"text": "images"},
            "domain": [0, 0.22],
            "type": "log",
            "range": [np.log10(0.6), float(np.log10(_top(most)))],
            "tickvals": [1, 10, 100, 1000, 10_000, 100_000],
            "ticktext": ["1", "10", "100", "1 k", "10 k", "100 k"],
            "fixedrange": True,
        },
    }


def _outline(left: float, right: float, colors: Palette) -> dict[str, Any]:
    return {
        "type": "rect",
        "x0": float(left),
        "x1": float(right),
        "yref": "paper",
        "y0": 0,
        "y1": 1,
        "line": {"color": colors.text, "width": 2.5},
    }
