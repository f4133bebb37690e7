"""An image's history: the probability of its label and the prediction after every epoch. Pure."""

import html
from collections.abc import Sequence
from typing import Any

import pandas as pd

from dashboard.palette import TOKENS, Palette

_MOST_NAMES = 24  # predictions written beside the points; more would run into each other


def biography(
    table: pd.DataFrame, label: int, classes: Sequence[str], colors: Palette = TOKENS
) -> dict[str, Any]:
    """The figure: the label's probability over the epochs, each point named by the prediction.

    Args:
        table: epoch, predicted, confidence, probability and correct, as `Biography.table`.
        label: class index of the image's label.
        classes: names by class index.
        colors: tokens for `components.plot`, or a theme's palette.
    """
    names = [html.escape(classes[predicted]) for predicted in table["predicted"]]
    epochs = [int(epoch) for epoch in table["epoch"]]
    right = [bool(correct) for correct in table["correct"]]
    few = len(epochs) <= _MOST_NAMES
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "lines+markers+text" if few else "lines+markers",
                "x": epochs,
                "y": [float(share) for share in table["probability"]],
                "text": names,
                "textposition": [
                    "bottom center" if share > 0.8 else "top center"
                    for share in table["probability"]
                ],
                "textfont": {"size": 11, "color": colors.muted},
                "customdata": [
                    [name, float(share)]
                    for name, share in zip(names, table["confidence"], strict=True)
                ],
                "line": {"color": colors.border, "width": 2},
                "marker": {
                    "size": 9,
                    "color": [colors.good if correct else colors.bad for correct in right],
                    "symbol": ["circle" if correct else "x" for correct in right],
                },
                "hovertemplate": (
                    "epoch %{x}<br>predicted %{customdata[0]} with %{customdata[1]:.1%}<br>"
                    f"{html.escape(classes[label])}: %{{y:.1%}}<extra></extra>"
                ),
            }
        ],
        "layout": {
            "showlegend": False,
            "margin": {"l": 8, "r": 12, "t": 8, "b": 8},
            "xaxis": {"title": {"text": "epoch"}, "dtick": _tick(epochs), "zeroline": False},
            "yaxis": {
                "title": {"text": f"probability of {html.escape(classes[label])}"},
                "range": [-0.06, 1.08],
                "tickformat": ".0%",
                "fixedrange": True,
                "dtick": 0.5,
            },
        },
    }


def _tick(epochs: list[int]) -> int:
    """A step of the axis that leaves at most ten labels."""
    span = max(epochs, default=0)
    return next(
        step for step in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 10**6) if span <= 10 * step
    )
