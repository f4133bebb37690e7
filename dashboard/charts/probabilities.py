"""A network's probabilities for one image as horizontal bars. Pure."""

import html
from typing import Any

import pandas as pd

from dashboard.charts.class_axis import CLASS_AXIS
from dashboard.palette import TOKENS, Palette


def probabilities(
    table: pd.DataFrame, true: int, predicted: int, colors: Palette = TOKENS
) -> dict[str, Any]:
    """The figure: one bar a class, the true one green, a wrong prediction orange.

    Args:
        table: class and probability in [0, 1], in class order.
        true: index of the label.
        predicted: index of the answer.
        colors: tokens for `components.plot`, or a theme's palette.
    """
    names = [html.escape(name) for name in table["class"]]
    values = [float(value) for value in table["probability"]]
    bars = [colors.muted] * len(values)
    bars[predicted], bars[true] = colors.bad, colors.good
    return {
        "data": [
            {
                "type": "bar",
                "orientation": "h",
                "x": values,
                "y": names,
                "marker": {"color": bars},
                "text": [_percent(value) for value in values],
                "textposition": "outside",
                "cliponaxis": False,
                "hovertemplate": "%{y}: %{x:.4%}<extra></extra>",
            }
        ],
        "layout": {
            "bargap": 0.25,
            "margin": {"l": 4, "r": 44, "t": 2, "b": 2},
            "xaxis": {"range": [0, 1], "visible": False, "fixedrange": True},
            "yaxis": CLASS_AXIS,
            "dragmode": False,
        },
    }


def _percent(value: float) -> str:
    """Two significant figures where it matters; what rounds to nothing says nothing."""
    if value >= 0.0995:
        return f"{value * 100:.0f} %" if value < 0.995 else f"{value * 100:.1f} %"
    return f"{value * 100:.1f} %" if value >= 0.0005 else ""
