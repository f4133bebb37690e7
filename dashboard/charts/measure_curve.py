"""The error rate along something that can be measured in every image. Pure: a table in."""

from typing import Any

import pandas as pd

from dashboard.palette import TOKENS, Palette


def measure_curve(
    table: pd.DataFrame,
    measure: str,
    unit: str,
    overall: float,
    selected: tuple[float, float] | None = None,
    colors: Palette = TOKENS,
) -> dict[str, Any]:
    """The figure: a point with its interval a bin; `customdata` begins with the bin's ends.

    Args:
        table: of `core.review.slice_scores.by_measure`.
        measure: its name.
        unit: of the measure; empty for none.
        overall: error rate of all images, in [0, 1], drawn as a line.
        selected: smallest and largest value of what is looked at, shaded.
        colors: tokens for `components.plot`, or a theme's palette.
    """
    rates = table["error_rate"] * 100
    shown = [table[name].tolist() for name in ("start", "end", "images", "errors")]
    axis = measure + (f" ({unit})" if unit else "")
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "lines+markers",
                "x": table["middle"].tolist(),
                "y": rates.tolist(),
                "error_y": {
                    "type": "data",
                    "array": (table["high"] * 100 - rates).tolist(),
                    "arrayminus": (rates - table["low"] * 100).tolist(),
                    "color": colors.muted,
                    "thickness": 1.2,
                    "width": 3,
                },
                "line": {"color": colors.border, "width": 2},
                "marker": {"size": 9, "color": colors.test},
                "customdata": [list(point) for point in zip(*shown, strict=True)],
                "hovertemplate": (
                    f"{measure} %{{customdata[0]:.2f}} to %{{customdata[1]:.2f}} {unit}<br>"
                    "%{customdata[3]:,} of %{customdata[2]:,} images wrong: %{y:.2f} %"
                    "<extra></extra>"
                ),
            }
        ],
        "layout": {
            "showlegend": False,
            "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
            "xaxis": {"title": {"text": axis}, "zeroline": False},
            "yaxis": {"title": {"text": "error rate (%)"}, "rangemode": "tozero"},
            "shapes": [_line(overall * 100, colors), *_shade(selected, colors)],
        },
    }


def _line(height: float, colors: Palette) -> dict[str, Any]:
    return {
        "type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": height, "y1": height,
        "line": {"color": colors.muted, "width": 1, "dash": "dot"}, "layer": "below",
    }  # fmt: skip


def _shade(selected: tuple[float, float] | None, colors: Palette) -> list[dict[str, Any]]:
    if selected is None:
        return []
    return [
        {
            "type": "rect", "yref": "paper", "y0": 0, "y1": 1,
            "x0": selected[0], "x1": selected[1], "layer": "below", "opacity": 0.12,
            "fillcolor": colors.primary, "line": {"width": 0},
        }
    ]  # fmt: skip
