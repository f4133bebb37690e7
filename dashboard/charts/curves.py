"""Loss and accuracy of a run as Plotly figures. Pure: a curve in, a figure out.

Every trace names its split. At most `MOST_POINTS` points a trace, so that a long run ticks as
lightly as a short one.
"""

import math
from collections.abc import Sequence
from typing import Any

from core.records import Curve, EpochRecord, StepRecord
from dashboard.charts.curves_marks import marks
from dashboard.palette import TOKENS
from dashboard.text import plain_number

MOST_POINTS = 500
_LOSS_TICKS = [digit * 10.0**power for power in range(-6, 5) for digit in (1, 2, 5)]


def loss_curves(curve: Curve, planned_epochs: int, run_id: str) -> dict[str, Any]:
    """Training loss by step and validation loss by epoch, on a logarithmic axis."""
    steps = thinned(curve.steps)
    losses = [loss for _, loss in steps if loss > 0]
    wide = bool(losses) and max(losses) > 500 * min(losses)
    traces = [
        _line("train, by step", [p[0] for p in steps], [p[1] for p in steps], TOKENS.train, 1.5),
        _epochs("validation, by epoch", curve.epochs, "validation_loss", TOKENS.validation, ".4f"),
    ]
    layout = _layout(curve, planned_epochs, run_id, "Loss", with_texts=True)
    ticks = _LOSS_TICKS[:: 3 if wide else 1]  # powers of ten only, where 2 and 5 would crowd
    layout["yaxis"] |= {
        "type": "log",
        "tickvals": ticks,
        "ticktext": [plain_number(tick) for tick in ticks],
    }
    if not steps and not curve.epochs:
        layout["yaxis"]["range"] = [-2, 0.5]  # powers of ten: where losses usually lie
    return {"data": traces, "layout": layout}


def accuracy_curves(curve: Curve, planned_epochs: int, run_id: str) -> dict[str, Any]:
    """Training and validation accuracy by epoch; the axis begins where learning has got to."""
    traces = [
        _epochs("train, by epoch", curve.epochs, "train_accuracy", TOKENS.train, ".2%"),
        _epochs(
            "validation, by epoch", curve.epochs, "validation_accuracy", TOKENS.validation, ".2%"
        ),
    ]
    layout = _layout(curve, planned_epochs, run_id, "Accuracy", with_texts=False)
    layout["yaxis"] |= {"tickformat": ".1~%", "range": _accuracy_range(curve.epochs)}
    return {"data": traces, "layout": layout}


def thinned(steps: Sequence[StepRecord], most: int = MOST_POINTS) -> list[tuple[float, float]]:
    """At most `most` points ``(epochs done, mean loss)``: neighbours are averaged, none is lost."""
    size = max(1, math.ceil(len(steps) / most))
    return [_mean(steps[start : start + size]) for start in range(0, len(steps), size)]


def _mean(group: Sequence[StepRecord]) -> tuple[float, float]:
    total = sum(record.num_steps for record in group)
    loss = sum(record.loss * record.num_steps for record in group) / total
    return round(group[-1].epoch_fraction, 4), float(f"{loss:.4g}")


def _line(
    name: str, x: Sequence[float], y: Sequence[float], color: str, width: float
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": list(x),
        "y": list(y),
        "line": {"color": color, "width": width},
        "hovertemplate": "%{y:.4f}",
    }


def _epochs(
    name: str, records: Sequence[EpochRecord], field: str, color: str, digits: str
) -> dict[str, Any]:
    found = [(r.epoch, getattr(r, field)) for r in records if math.isfinite(getattr(r, field))]
    stride = max(1, math.ceil(len(found) / MOST_POINTS))
    # The last epoch is always there: it is the one that people read.
    kept = found[::-1][::stride][::-1]
    trace = _line(name, [p[0] for p in kept], [float(f"{p[1]:.5g}") for p in kept], color, 2)
    marker = {"color": color, "size": 7 if len(kept) <= 40 else 4}
    return {**trace, "mode": "lines+markers", "marker": marker, "hovertemplate": f"%{{y:{digits}}}"}


def _accuracy_range(records: Sequence[EpochRecord]) -> list[float]:
    """From just under where learning has got to, so that 98 % and 99 % can be told apart."""
    learnt = [record for record in records if record.epoch > 0]
    values = [
        value
        for record in learnt[len(learnt) // 5 :]
        for value in (record.train_accuracy, record.validation_accuracy)
        if math.isfinite(value)
    ]
    if not values:
        return [0.0, 1.0]
    room = max(1 - min(values), 0.005)
    return [max(0.0, min(values) - 0.15 * room), min(1.0, max(values) + 0.15 * room)]


def _layout(
    curve: Curve, planned_epochs: int, run_id: str, title: str, *, with_texts: bool
) -> dict[str, Any]:
    axis = (-0.02 * planned_epochs, 1.02 * planned_epochs)
    # Accuracies run along the top, where the texts are: these stand in the other chart, beside it.
    shapes, labels = marks(curve, *axis, written=with_texts)
    ticks = {"dtick": 1} if planned_epochs <= 12 else {}
    return {
        "uirevision": run_id,
        "hovermode": "x unified",
        "xaxis": {
            "title": {"text": "Epochs done"},
            "range": list(axis),
            "zeroline": False,
            **ticks,
        },
        "yaxis": {"title": {"text": title}, "zeroline": False},
        "margin": {"l": 8, "r": 12, "t": 26, "b": 4},
        "shapes": shapes,
        "annotations": labels,
    }
