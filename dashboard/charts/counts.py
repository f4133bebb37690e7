"""Histograms of counts whose bars can be clicked, and counts against bad luck. Pure."""

import html
from collections.abc import Sequence
from typing import Any

import pandas as pd

from dashboard.palette import TOKENS, Palette
from dashboard.text import counted

_FAINT = "/0.35"  # how far what is not chosen steps back
_MOST_TEXTS = 14  # bars up to which each has room for its number
_MOST_TICKS = 16


def count_bars(
    values: Sequence[int | str],
    counts: Sequence[int],
    title: str,
    *,
    selected: int | str | None = None,
    horizontal: bool = False,
    colors: Palette = TOKENS,
) -> dict[str, Any]:
    """One bar a value on a logarithmic scale; bars carry the value as ``customdata``.

    Nearly all images share one value as a rule: on a linear scale the others would be nothing.

    Args:
        values: what is counted: names, or whole numbers in order.
        counts: images of each.
        title: what the values are.
        selected: the value that stands out.
        horizontal: bars to the right, for names.
        colors: tokens for `components.plot`, or a theme's palette.
    """
    names = [html.escape(str(value)) for value in values]
    texts = [f"{count:,}" if len(values) <= _MOST_TEXTS else "" for count in counts]
    known = selected in values
    along, across = ("y", "x") if horizontal else ("x", "y")
    bars = {
        "type": "bar",
        "orientation": "h" if horizontal else "v",
        along: names,
        across: [count or None for count in counts],  # no bar: there is no logarithm of 0
        "marker": {
            "color": [
                colors.primary + (_FAINT if known and value != selected else "") for value in values
            ]
        },
        "text": texts,
        "textposition": "outside",
        "textangle": 0,
        "textfont": {"size": 11},
        "cliponaxis": False,
        "customdata": list(values),
        "hovertext": [
            f"{html.escape(title)} <b>{name}</b>: {counted(count, 'image')}"
            for name, count in zip(names, counts, strict=True)
        ],
        "hovertemplate": "%{hovertext}<extra></extra>",
    }
    return {"data": [bars], "layout": _layout(counts, title, along, across, len(values))}


def _layout(
    counts: Sequence[int], title: str, along: str, across: str, number: int
) -> dict[str, Any]:
    horizontal = along == "y"
    category: dict[str, Any] = {
        "type": "category",
        "fixedrange": True,
        "showgrid": False,
        "ticks": "",
        "ticklabelstandoff": 4,
    }
    if horizontal:
        category["autorange"] = "reversed"
    else:
        category |= {"title": {"text": title}, "nticks": _MOST_TICKS, "tickangle": 0}
    # A single image still has a bar; the longest leaves room for its number.
    digits = len(str(max(counts, default=1)))
    return {
        "bargap": 0.0 if number > 60 else 0.25 if number > 4 or horizontal else 0.5,
        "showlegend": False,
        "margin": {
            "l": 4,
            "r": 8 if not horizontal else 4,
            "t": 16 if not horizontal else 2,
            "b": 4,
        },
        f"{along}axis": category,
        f"{across}axis": {
            "type": "log",
            "range": [-0.3, digits * (1.22 if horizontal else 1.05)],
            "showgrid": False,
            "showticklabels": False,
            "zeroline": False,
            "fixedrange": True,
        },
        "dragmode": False,
    }


def wrong_in(
    table: pd.DataFrame, selected: int | None = None, colors: Palette = TOKENS
) -> dict[str, Any]:
    """Images read wrong by exactly k of n networks, and a line at what bad luck would make of it.

    Bars carry k as ``customdata``.

    Args:
        table: wrong_in, images and expected for k from 0, as `core.review.agreement`.
        selected: the k that stands out.
        colors: tokens for `components.plot`, or a theme's palette.
    """
    shown = table[table["wrong_in"] > 0]
    numbers, images = ([int(n) for n in shown[name]] for name in ("wrong_in", "images"))
    expected = [float(n) for n in shown["expected"]]
    few = len(numbers) <= 6
    # Single errors would be many by luck: what is there has to be seen, and the rest is told.
    most = 1.4 * max([*images, 1])
    texts = [
        f"{count:,}<br>luck: {_expected(luck)}{'' if luck <= most else ' ↑'}"
        if few
        else f"{count:,}"
        for count, luck in zip(images, expected, strict=True)
    ]
    bars = {
        "type": "bar",
        "x": numbers,
        "y": images,
        "marker": {
            "color": [
                colors.bad + (_FAINT if selected is not None and number != selected else "")
                for number in numbers
            ]
        },
        "text": texts if len(numbers) <= _MOST_TEXTS else "",
        "textposition": "outside",
        "textangle": 0,
        "textfont": {"size": 11},
        "constraintext": "none",  # one size for all of them
        "cliponaxis": False,
        "customdata": numbers,
        "hovertext": [
            f"wrong in exactly <b>{number} of {len(numbers)}</b>: {counted(count, 'image')}<br>"
            f"{_expected(luck)} if errors were independent"
            for number, count, luck in zip(numbers, images, expected, strict=True)
        ],
        "hovertemplate": "%{hovertext}<extra></extra>",
    }
    luck_line = {
        "type": "scatter",
        "mode": "markers",
        "x": numbers,
        "y": expected,
        "marker": {
            "symbol": "line-ew-open",
            "size": 34 if few else 14,
            "color": colors.text,
            "line": {"width": 2, "color": colors.text},
        },
        "hoverinfo": "skip",
    }
    return {
        "data": [bars, luck_line],
        "layout": {
            "bargap": 0.3,
            "showlegend": False,
            "margin": {"l": 4, "r": 4, "t": 4, "b": 4},
            "xaxis": {
                "title": {"text": f"wrong in exactly so many of {len(numbers)}"},
                "tick0": 1,
                "dtick": 1 if len(numbers) <= _MOST_TICKS else 5,
                "showgrid": False,
                "zeroline": False,
                "fixedrange": True,
            },
            "yaxis": {
                "range": [0, most],
                "title": {"text": "images"},
                "showgrid": False,
                "fixedrange": True,
            },
            "dragmode": False,
        },
    }


def _expected(luck: float) -> str:
    """Two figures, and no exponent: what is next to nothing is said to be."""
    if luck >= 9.95:
        return f"{luck:,.0f}"
    return f"{luck:.1f}" if luck >= 0.05 else "<0.1"
