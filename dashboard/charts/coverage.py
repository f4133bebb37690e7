"""Accuracy of the answered images against how many are answered. Pure: a table in, a figure out."""

from typing import Any

import numpy as np
import pandas as pd

from dashboard.palette import TOKENS, Palette

_MOST_POINTS = 600


def coverage(curve: pd.DataFrame, threshold: float, colors: Palette = TOKENS) -> dict[str, Any]:
    """The figure; every point carries ``customdata = [threshold, answered, errors]``.

    Args:
        curve: as `core.review.coverage.coverage_curve` gives it, with a row at least.
        threshold: the one in force, which is marked.
        colors: tokens for `components.plot`, or a theme's palette.
    """
    shown = _thinned(curve)
    return {
        "data": [_line(shown, colors), *_mark(curve, threshold, colors)],
        "layout": _layout(shown),
    }


def _thinned(curve: pd.DataFrame) -> pd.DataFrame:
    """At most so many rows, the first and the last among them."""
    if len(curve) <= _MOST_POINTS:
        return curve
    return curve.iloc[np.linspace(0, len(curve) - 1, _MOST_POINTS).round().astype(int)]


def _line(shown: pd.DataFrame, colors: Palette) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "x": [float(f"{share:.6g}") for share in shown["coverage"]],
        "y": [float(f"{share:.6g}") for share in shown["accuracy"]],
        "customdata": shown[["threshold", "answered", "errors"]].to_numpy().tolist(),
        "line": {"color": colors.primary, "width": 2, "shape": "linear"},
        "marker": {"color": colors.primary, "size": 3},
        "hovertemplate": (
            "from confidence %{customdata[0]:.2%}<br>"
            "%{customdata[1]:,} answered, %{x:.2%}<br>"
            "%{y:.2%} right, %{customdata[2]:,} wrong<extra></extra>"
        ),
    }


def _mark(curve: pd.DataFrame, threshold: float, colors: Palette) -> list[dict[str, Any]]:
    """Where the threshold is on the curve; nothing if it lies above every confidence."""
    sure = curve[curve["threshold"] >= threshold]
    if sure.empty:
        return []
    row = sure.iloc[-1]
    return [
        {
            "type": "scatter",
            "mode": "markers",
            "x": [float(row["coverage"])],
            "y": [float(row["accuracy"])],
            "marker": {
                "size": 13,
                "color": colors.background,
                "line": {"color": colors.text, "width": 2.5},
            },
            "hoverinfo": "skip",
        }
    ]


def _layout(shown: pd.DataFrame) -> dict[str, Any]:
    least, most = float(shown["accuracy"].min()), float(shown["accuracy"].max())
    room = max(most - least, 0.001)
    first = float(shown["coverage"].iloc[0])
    margin = max(1 - first, 0.01) * 0.03
    return {
        "showlegend": False,
        "hovermode": "closest",
        "dragmode": False,
        "margin": {"l": 8, "r": 12, "t": 8, "b": 4},
        "xaxis": {
            "title": {"text": "coverage: share of images answered, the surest first"},
            "range": [first - margin, 1 + margin],
            "tickformat": ".0%",
            "zeroline": False,
            "fixedrange": True,
        },
        "yaxis": {
            "title": {"text": "right answers"},
            "range": [max(0.0, least - 0.08 * room), most + 0.12 * room],
            "tickformat": ".1%" if room < 0.1 else ".0%",
            "zeroline": False,
            "fixedrange": True,
        },
    }
