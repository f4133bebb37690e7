"""What a filter answers, and what silencing filters changes, as Plotly figures. Pure."""

import html
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.inspection.histograms import ClassHistogram
from dashboard.charts.class_axis import CLASS_AXIS
from dashboard.palette import TOKENS, Palette, colorscale
from dashboard.text import counted, percent, points

_MOST_TEXTS = 12  # classes up to which every cell has room for its number


def class_spread(
    spread: ClassHistogram,
    classes: Sequence[str],
    selected: tuple[int, int] | None = None,
    colors: Palette = TOKENS,
) -> dict[str, Any]:
    """Each class's histogram as a row of cells, and its mean as a tick; cells carry [class, bar].

    Colour is the root of the share of the class's images: a strong answer to a few of them is what
    one looks for, and would not be seen beside the many that leave the filter cold.

    Args:
        spread: bars and counts.
        classes: K names.
        selected: the (class, bar) to outline.
        colors: tokens for `components.plot`, or a theme's palette.
    """
    names = [html.escape(name) for name in classes]
    edges, counts = spread.edges, spread.counts
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    middles = (edges[:-1] + edges[1:]) / 2
    bars = range(len(middles))
    hover = [
        [
            f"<b>class {name}</b>, {edges[b]:.2f} to {edges[b + 1]:.2f}<br>"
            f"{counted(int(counts[k, b]), 'image')}, {percent(shares[k, b], 1)} of the class"
            for b in bars
        ]
        for k, name in enumerate(names)
    ]
    cells = {
        "type": "heatmap",
        "x": middles.tolist(),
        "y": names,
        "z": np.sqrt(shares).tolist(),
        "zmin": 0,
        "zmax": float(np.sqrt(shares).max(initial=0.0)) or 1.0,
        "colorscale": colorscale(colors.sequential[:8]),
        "showscale": False,
        "xgap": 1,
        "ygap": 2,
        "customdata": [[[k, b] for b in bars] for k in range(len(names))],
        "hovertext": hover,
        "hovertemplate": "%{hovertext}<extra></extra>",
    }
    means = {
        "type": "scatter",
        "mode": "markers",
        "x": [None if np.isnan(mean) else float(mean) for mean in spread.means],
        "y": names,
        "marker": {
            "symbol": "line-ns-open",
            "size": 13,
            "color": colors.bad,
            "line": {"width": 2, "color": colors.bad},
        },
        "hoverinfo": "skip",
        "showlegend": False,
    }
    shapes = [] if selected is None else [_around(selected, edges, colors)]
    return {"data": [cells, means], "layout": {**_spread_layout(), "shapes": shapes}}


def _spread_layout() -> dict[str, Any]:
    return {
        "margin": {"l": 8, "r": 8, "t": 4, "b": 4},
        "xaxis": {
            "title": {"text": "largest value of the map"},
            "fixedrange": True,
            "showgrid": False,
            "zeroline": False,
        },
        "yaxis": {
            "type": "category",
            "autorange": "reversed",
            "fixedrange": True,
            "showgrid": False,
            "ticks": "",
            "ticklabelstandoff": 4,
        },
        "dragmode": False,
    }


def _around(cell: tuple[int, int], edges: NDArray[np.float64], colors: Palette) -> dict[str, Any]:
    label, bar = cell
    return {
        "type": "rect",
        "x0": float(edges[bar]),
        "x1": float(edges[bar + 1]),
        "y0": label - 0.5,
        "y1": label + 0.5,
        "line": {"color": colors.text, "width": 2},
    }


def class_change(table: pd.DataFrame, colors: Palette = TOKENS) -> dict[str, Any]:
    """Change of each class's accuracy in percentage points: losses orange, gains blue.

    Args:
        table: from `core.inspection.ablation.Ablation.per_class`.
        colors: tokens for `components.plot`, or a theme's palette.
    """
    names = [html.escape(str(name)) for name in table["class"]]
    change = (table["change"].astype(float) * 100).tolist()
    reach = max((abs(value) for value in change if value == value), default=0.0) or 1.0
    hover = [
        f"<b>class {name}</b><br>{percent(before, 1)} before<br>{percent(after, 1)} after"
        for name, before, after in zip(names, table["before"], table["after"], strict=True)
    ]
    return {
        "data": [
            {
                "type": "bar",
                "orientation": "h",
                "x": change,
                "y": names,
                "marker": {
                    "color": [colors.bad if value < 0 else colors.primary for value in change]
                },
                "text": [points(value / 100) for value in change],
                "textposition": "outside",
                "cliponaxis": False,
                "hovertext": hover,
                "hovertemplate": "%{hovertext}<extra></extra>",
            }
        ],
        "layout": {
            "bargap": 0.3,
            "margin": {"l": 4, "r": 4, "t": 2, "b": 2},
            # Room for the numbers beside the longest bars, on the side where there are any.
            "xaxis": {
                "range": [
                    -1.5 * reach if min(change, default=0) < 0 else -0.05 * reach,
                    1.5 * reach if max(change, default=0) > 0 else 0.35 * reach,
                ],
                "visible": False,
                "fixedrange": True,
            },
            "yaxis": CLASS_AXIS,
            "dragmode": False,
        },
    }
