"""Accuracy of the answered images against how many are answered. Pure: a table in, a figure out."""

from typing import Any

import pandas as pd

from core.review.matrix import evenly
from dashboard.palette import TOKENS, Palette

_MOST_POINTS = 600


def coverage(
    curve: pd.DataFrame, now: pd.Series | None, colors: Palette = TOKENS
) -> dict[str, Any]:
    """The figure; every point carries ``customdata = [threshold, answered, errors]``.

    Args:
        curve: as `core.review.coverage.coverage_curve` gives it, with a row at least.
        now: its row that is in force, which is marked; None where nothing is answered.
        colors: tokens for `components.plot`, or a theme's palette.
    """
    shown = curve.iloc[evenly(range(len(curve)), _MOST_POINTS)]
    return {
        "data": [_line(shown, colors), *([] if now is None else [_mark(now, colors)])],
        "layout": _layout(shown),
    }


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


def _mark(now: pd.Series, colors: Palette) -> dict[str, Any]:
    """Where the threshold is on the curve."""
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [float(now["coverage"])],
        "y": [float(now["accuracy"])],
        "marker": {
            "size": 13,
            "color": colors.background,
            "line": {"color": colors.text, "width": 2.5},
        },
        "hoverinfo": "skip",
    }


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
