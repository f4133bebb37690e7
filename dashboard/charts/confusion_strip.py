"""Small confusion matrices side by side, one an epoch, and a cell's count over the epochs. Pure.

One scale for all, so that a confusion is seen to fade: the root of the count, as the few that are
left stand beside hundreds in the first epochs. The untrained network guesses, and would take the
whole scale for itself: its colours end where those of the trained one do.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.review.matrix import Cell
from dashboard.charts.matrix_frame import MOST_TEXTS, Look, box, names_of, outline, shades
from dashboard.palette import TOKENS, Palette
from dashboard.text import counted

_GAP = 0.12  # between two matrices, in widths of one
_TINT = 0.12  # where a single error stands, so that it is told from none
_MOST_OUTLINED = 12  # cells marked in every matrix


def strip(
    history: NDArray[np.int64],
    epochs: Sequence[int],
    classes: Sequence[str],
    look: Look = Look(),  # noqa: B008 - frozen
    *,
    epoch: int | None = None,
    selected: Sequence[Cell] = (),
    colors: Palette = TOKENS,
) -> dict[str, Any]:
    """The errors after each epoch; every point carries ``customdata = [epoch, ...]``.

    Args:
        history: (E, K, K) counts.
        epochs: E epochs, ascending.
        classes: K names.
        look: the order; right answers are never shown.
        epoch: the one to frame.
        selected: cells to outline in every matrix.
        colors: tokens for `components.plot`, or a theme's palette.
    """
    size, order = len(classes), look.arranged(len(classes))
    starts = [k * _stride(size) for k in range(len(epochs))]
    errors = np.where(np.eye(size, dtype=bool), 0, history)
    tints = _tints(errors, epochs)[:, order][:, :, order]
    z, x = _side_by_side(tints, starts)
    cells = {
        "type": "heatmap",
        "x": x,
        "z": z,
        "zmin": 0,
        "zmax": 1,
        "colorscale": _scale(colors),
        "showscale": False,
        "hoverongaps": False,
    }
    detailed = size <= MOST_TEXTS  # else a cell is too small to be pointed at
    if detailed:
        traces = [cells | _details(errors, epochs, names_of(classes), order, len(x))]
    else:
        traces = [cells | {"hoverinfo": "skip"}, _whole(errors, epochs, starts, size)]
    return {"data": traces, "layout": _layout(epochs, starts, epoch, order, selected, colors)}


def counts_line(
    counts: NDArray[np.int64],
    epochs: Sequence[int],
    epoch: int | None = None,
    colors: Palette = TOKENS,
) -> dict[str, Any]:
    """Counts (E,) over the epochs; the untrained network's may lie above the drawing."""
    trained = [int(count) for count, at in zip(counts, epochs, strict=True) if at > 0]
    reach = max(trained or counts.tolist(), default=0)
    sizes = [11 if at == epoch else 6 for at in epochs]
    trace = {
        "type": "scatter",
        "mode": "lines+markers" if len(epochs) <= 40 else "lines",
        "x": list(epochs),
        "y": counts.tolist(),
        "line": {"color": colors.bad, "width": 2},
        "marker": {"color": colors.bad, "size": sizes},
        "hovertemplate": "after epoch %{x}: %{y:,}<extra></extra>",
    }
    return {"data": [trace], "layout": _line_layout(epochs, reach)}


def _line_layout(epochs: Sequence[int], reach: int) -> dict[str, Any]:
    few = len(epochs) <= 12
    return {
        "xaxis": {
            "title": {"text": "epoch"},
            "fixedrange": True,
            "zeroline": False,
            "showgrid": False,
            "range": [epochs[0] - 0.3, epochs[-1] + 0.3],
            **({"tickvals": list(epochs)} if few else {"nticks": 8, "tickformat": "d"}),
        },
        "yaxis": {
            "range": [-0.06 * max(reach, 1), 1.2 * max(reach, 1)],
            "fixedrange": True,
            "zeroline": True,
            "dtick": _step(reach),
            "tickformat": ",d",
        },
        "margin": {"l": 8, "r": 12, "t": 8, "b": 4},
        "hovermode": "closest",
        "hoverdistance": 40,
        "dragmode": False,
        "showlegend": False,
    }


def _step(reach: int) -> int:
    """Between two ticks: 1, 2 or 5 times a power of ten, so that there are at most five."""
    sizes = (digit * int(10**power) for power in range(9) for digit in (1, 2, 5))
    return next(size for size in sizes if 5 * size >= reach)


def _stride(size: int) -> float:
    """From one matrix to the next."""
    return size + max(1, round(size * _GAP))


def _tints(errors: NDArray[np.int64], epochs: Sequence[int]) -> NDArray[np.float64]:
    trained = errors[np.asarray(epochs) > 0]
    most = int(trained.max(initial=0)) or int(errors.max(initial=0))
    values = np.sqrt(np.minimum(errors, most))
    tints: NDArray[np.float64] = np.where(
        values > 0, _TINT + (1 - _TINT) * shades(values, "linear"), 0.0
    )
    return tints


def _side_by_side(
    tints: NDArray[np.float64], starts: Sequence[float]
) -> tuple[list[list[float | None]], list[float]]:
    """All matrices as one, with columns of nothing between them."""
    gap = int(_stride(tints.shape[1])) - tints.shape[1]
    blocks = np.pad(tints, ((0, 0), (0, 0), (0, gap)), constant_values=np.nan)
    joined = np.concatenate(list(blocks), axis=1).round(3)
    z = [[None if value != value else value for value in row] for row in joined.tolist()]
    return z, list(range(joined.shape[1]))


def _scale(colors: Palette) -> list[list[float | str]]:
    orange = colors.diverging[4:0:-1]
    stops: list[list[float | str]] = [[0.0, colors.surface], [_TINT / 2, colors.surface]]
    return stops + [
        [_TINT + (1 - _TINT) * k / (len(orange) - 1), tone] for k, tone in enumerate(orange)
    ]


def _details(
    errors: NDArray[np.int64],
    epochs: Sequence[int],
    names: Sequence[str],
    order: Sequence[int],
    width: int,
) -> dict[str, Any]:
    """Hover and click of every cell."""
    gap = width // len(epochs) - len(names)
    hover: list[list[str]] = []
    carried: list[list[list[int] | None]] = []
    for i in order:
        texts: list[str] = []
        places: list[list[int] | None] = []
        for epoch, counts in zip(epochs, errors, strict=True):
            texts += [_told(epoch, names, i, j, int(counts[i, j])) for j in order] + [""] * gap
            places += [[epoch, i, j] for j in order] + [None] * gap
        hover.append(texts)
        carried.append(places)
    return {
        "hovertext": hover,
        "customdata": carried,
        "hovertemplate": "%{hovertext}<extra></extra>",
    }


def _told(epoch: int, names: Sequence[str], true: int, predicted: int, count: int) -> str:
    if true == predicted:
        return f"epoch {epoch}"
    return (
        f"epoch {epoch}: <b>true {names[true]}, predicted {names[predicted]}</b>, "
        f"{counted(count, 'image')}"
    )


def _whole(
    errors: NDArray[np.int64], epochs: Sequence[int], starts: Sequence[float], size: int
) -> dict[str, Any]:
    """Hover and click of whole matrices, by an unseen layer of one cell each."""
    edges = [edge for start in starts for edge in (start - 0.5, start + size - 0.5)]
    hover, carried = [""] * (len(edges) - 1), [[-1]] * (len(edges) - 1)
    for k, epoch in enumerate(epochs):
        hover[2 * k] = f"epoch {epoch}: {counted(int(errors[k].sum()), 'error')}"
        carried[2 * k] = [epoch]
    return {
        "type": "heatmap",
        "x": edges,
        "y": [-0.5, size - 0.5],
        "z": [[0 if text else None for text in hover]],
        "colorscale": [[0, "rgba(0,0,0,0)"], [1, "rgba(0,0,0,0)"]],
        "showscale": False,
        "hoverongaps": False,
        "hovertext": [hover],
        "customdata": [carried],
        "hovertemplate": "%{hovertext}<extra></extra>",
    }


def _layout(
    epochs: Sequence[int],
    starts: Sequence[float],
    epoch: int | None,
    order: Sequence[int],
    selected: Sequence[Cell],
    colors: Palette,
) -> dict[str, Any]:
    size = len(order)
    axis = {"showgrid": False, "zeroline": False, "fixedrange": True, "ticks": ""}
    labels = [{"data": [at], "label": f"Go to epoch {at}", "pressed": at == epoch} for at in epochs]
    return {
        "xaxis": {
            **axis,
            "tickmode": "array",
            "tickvals": [start + (size - 1) / 2 for start in starts],
            "ticktext": [str(at) if at else "0, untrained" for at in epochs],
            "range": [-0.5, starts[-1] + size - 0.5],
            "constrain": "domain",
            "constraintoward": "left",
        },
        "yaxis": {
            **axis,
            "tickvals": [],
            "range": [size - 0.5, -0.5],
            "scaleanchor": "x",
            "constrain": "domain",
            "constraintoward": "top",
        },
        "margin": {"l": 2, "r": 2, "t": 2, "b": 2},
        "dragmode": False,
        "shapes": _outlines(epochs, starts, epoch, order, selected, colors),
        "meta": {"headers": {"x": labels, "y": []}},
    }


def _outlines(
    epochs: Sequence[int],
    starts: Sequence[float],
    epoch: int | None,
    order: Sequence[int],
    selected: Sequence[Cell],
    colors: Palette,
) -> list[dict[str, Any]]:
    """The chosen cells in every matrix, and the frame of the epoch that is shown."""
    place = {index: position for position, index in enumerate(order)}
    cells = [
        outline(box(cell, place, start), colors.text, 1.5)
        for cell in selected[:_MOST_OUTLINED]
        for start in starts
    ]
    frames = [
        outline(box((None, None), place, start), colors.primary)
        for start, at in zip(starts, epochs, strict=True)
        if at == epoch
    ]
    return [*cells, *frames]
