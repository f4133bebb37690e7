"""What is fixed and what is broken from one result to another, class by class. Pure."""

import html
from collections.abc import Sequence
from typing import Any

import pandas as pd

from core.review.flips import Outcome
from dashboard.charts.class_axis import CLASS_AXIS
from dashboard.palette import TOKENS, Palette
from dashboard.text import counted, percent

_FAINT = "/0.3"  # how far what is not chosen steps back
_MOST_TEXTS = 26  # classes up to which every bar has room for its number


def class_flips(
    table: pd.DataFrame,
    classes: Sequence[str],
    selected: tuple[Outcome, int | None] | None = None,
    colors: Palette = TOKENS,
) -> dict[str, Any]:
    """Broken images to the left and fixed ones to the right; bars carry [outcome, class index].

    Args:
        table: true, images, fixed and broken, in class order, as `core.review.flips.class_flips`.
        classes: K names.
        selected: the outcome and, if not all, the class whose bars stand out.
        colors: tokens for `components.plot`, or a theme's palette.
    """
    names = [html.escape(name) for name in classes]
    most = int(table[["fixed", "broken"]].max().max()) if len(table) else 0
    sides: tuple[tuple[Outcome, int, str], ...] = (
        ("broken", -1, colors.bad),
        ("fixed", 1, colors.primary),
    )
    return {
        "data": [
            _bars(table, names, outcome, sign, _shades(color, outcome, selected, len(names)))
            for outcome, sign, color in sides
        ],
        "layout": {
            "barmode": "overlay",
            "bargap": 0.25,
            "showlegend": False,
            "margin": {"l": 4, "r": 4, "t": 22, "b": 2},
            # Room for the numbers at the ends of the longest bars.
            "xaxis": {
                "range": [-1.25 * (most or 1), 1.25 * (most or 1)],
                "showticklabels": False,
                "showgrid": False,
                "fixedrange": True,
            },
            "yaxis": CLASS_AXIS,
            "annotations": [
                _heading("broken", 0.24, colors.bad),
                _heading("fixed", 0.76, colors.primary),
            ],
            "dragmode": False,
        },
    }


def _heading(text: str, x: float, color: str) -> dict[str, Any]:
    return {
        "text": text, "x": x, "y": 1, "xref": "paper", "yref": "paper", "yanchor": "bottom",
        "showarrow": False, "font": {"size": 12, "color": color},
    }  # fmt: skip


def _shades(
    color: str, outcome: Outcome, selected: tuple[Outcome, int | None] | None, number: int
) -> list[str]:
    """Full colour for what is chosen, or for all where nothing is."""
    if selected is None or selected[0] not in ("fixed", "broken"):
        return [color] * number
    name, label = selected
    return [
        color if name == outcome and label in (None, index) else color + _FAINT
        for index in range(number)
    ]


def _bars(
    table: pd.DataFrame, names: list[str], outcome: Outcome, sign: int, shades: list[str]
) -> dict[str, Any]:
    counts = [int(number) for number in table[outcome]]
    return {
        "type": "bar",
        "orientation": "h",
        "x": [sign * number for number in counts],
        "y": names,
        "marker": {"color": shades},
        "text": [
            f"{number:,}" if number and len(names) <= _MOST_TEXTS else "" for number in counts
        ],
        "textposition": "outside",
        "textangle": 0,
        "cliponaxis": False,
        "customdata": [[outcome, index] for index in range(len(names))],
        "hovertext": [
            f"<b>class {name}</b><br>{counted(number, 'image')} {outcome}<br>"
            f"{percent(number / max(int(images), 1))} of the class"
            for name, number, images in zip(names, counts, table["images"], strict=True)
        ],
        "hovertemplate": "%{hovertext}<extra></extra>",
    }
