"""Activation statistics of a run as Plotly figures. Pure: records in, figures out."""

import math
from collections.abc import Callable, Sequence
from typing import Any

from core.records import EpochRecord, LayerStatistics
from dashboard.charts.curves import MOST_POINTS
from dashboard.palette import TOKENS
from dashboard.text import plain_number

_TICKS = [digit * 10.0**power for power in range(-8, 7) for digit in (1, 2, 5)]
STATISTICS: dict[str, tuple[Callable[[LayerStatistics], float], str]] = {
    "Mean of activations": (lambda layer: layer.mean, ".3g"),
    "Standard deviation": (lambda layer: layer.std, ".3g"),
    "Share of dead units": (lambda layer: layer.dead_share, ".1%"),
}


def layer_curves(records: Sequence[EpochRecord], statistic: str, run_id: str) -> dict[str, Any]:
    """One line a layer over the epochs; `statistic` is a key of `STATISTICS`."""
    read, digits = STATISTICS[statistic]
    shown = _thinned(records)
    names = list(dict.fromkeys(layer.name for record in shown for layer in record.layers))
    colors = TOKENS.categorical
    traces = []
    for number, name in enumerate(names):
        found = [
            (record.epoch, read(layer))
            for record in shown
            for layer in record.layers
            if layer.name == name
        ]
        traces.append(_line(name, found, colors[number % len(colors)], digits))
    axis: dict[str, Any] = {}
    if statistic == "Share of dead units":
        axis = {"tickformat": ".0%", "range": [-0.03, 1.03]}
    return {"data": traces, "layout": _layout(shown, run_id, axis)}


def gradient_curve(records: Sequence[EpochRecord], run_id: str) -> dict[str, Any]:
    """The mean norm of the gradient over the epochs, on a logarithmic axis."""
    shown = _thinned(records)
    found = [(record.epoch, record.gradient_norm) for record in shown]
    positive = [(epoch, norm) for epoch, norm in found if norm > 0 and math.isfinite(norm)]
    trace = _line("gradient norm", positive, TOKENS.train, ".3g")
    values = [norm for _, norm in positive] or [1.0]
    ticks = _TICKS[:: 3 if max(values) > 100 * min(values) else 1]
    axis = {"type": "log", "tickvals": ticks, "ticktext": [plain_number(tick) for tick in ticks]}
    return {"data": [trace], "layout": _layout(shown, run_id, axis, legend=False)}


def _thinned(records: Sequence[EpochRecord]) -> Sequence[EpochRecord]:
    """At most `MOST_POINTS` epochs, the last one always among them."""
    stride = max(1, math.ceil(len(records) / MOST_POINTS))
    return records[::-1][::stride][::-1]


def _line(
    name: str, points: Sequence[tuple[int, float]], color: str, digits: str
) -> dict[str, Any]:
    finite = [(x, float(f"{y:.5g}")) for x, y in points if math.isfinite(y)]
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name,
        "x": [x for x, _ in finite],
        "y": [y for _, y in finite],
        "line": {"color": color, "width": 2},
        "marker": {"color": color, "size": 6 if len(finite) <= 40 else 3},
        "hovertemplate": f"%{{y:{digits}}}",
    }


def _layout(
    records: Sequence[EpochRecord], run_id: str, axis: dict[str, Any], *, legend: bool = True
) -> dict[str, Any]:
    ticks = {"dtick": 1} if len(records) <= 12 else {}
    return {
        "uirevision": run_id,
        "hovermode": "x unified",
        "xaxis": {"title": {"text": "Epochs done"}, "zeroline": False, **ticks},
        "yaxis": {"zeroline": False, **axis},
        "showlegend": legend,
        "legend": {"font": {"size": 10}},
        "margin": {"l": 8, "r": 12, "t": 12, "b": 4},
    }
