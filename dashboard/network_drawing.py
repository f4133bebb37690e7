"""A small drawing of a network, and its layer table, as HTML. Pure: layer rows in, text out.

Text takes the page's own colour, so that both themes are served by the same drawing.
"""

import html
import math
from collections.abc import Sequence

from core.layers import LayerRow, total_multiply_adds, total_parameters
from dashboard.text import count, short_count

_HEIGHT, _BASE = 128, 92  # of the drawing, and where the maps stand
_TALLEST = 70
_COLORS = {"conv": "#2b7db3", "pool": "#e69f00", "dense": "#00946b", "input": "#7d8894"}
_KIND_TITLES = {"add": "add input"}


def drawing(rows: Sequence[LayerRow], input_shape: tuple[int, int, int]) -> str:
    """Stacks of maps for conv and pooling layers, bars for dense ones, as one SVG.

    The side of a stack follows the side of its maps, its depth the number of channels.
    """
    stages = [("input", tuple(input_shape))]
    stages += [
        (row.kind, row.output_shape) for row in rows if row.kind in ("conv", "pool", "dense")
    ]
    parts: list[str] = []
    left = 6.0
    for kind, shape in stages:
        figure, width = (
            _maps(kind, shape, left, input_shape[1])
            if len(shape) == 3
            else _bar(kind, shape[0], left)
        )
        parts.append(figure)
        left += width + 16
    # Long networks shrink to the page's width instead of running out of it.
    return (
        f'<svg viewBox="0 0 {left:.0f} {_HEIGHT}" role="img" '
        f'aria-label="{html.escape(_spoken(stages))}" style="max-width:{left * 1.15:.0f}px">'
        f"{''.join(parts)}</svg>"
    )


def _maps(kind: str, shape: tuple[int, ...], left: float, image: int) -> tuple[str, float]:
    channels, height, width = shape
    side = max(6.0, _TALLEST * math.sqrt(height / image))
    across = max(6.0, side * width / height)
    sheets = min(8, max(1, round(1 + math.log2(channels))))
    color, step = _COLORS[kind], 3.0
    rects = "".join(
        f'<rect x="{left + i * step:.1f}" y="{_BASE - side - (sheets - 1 - i) * step:.1f}" '
        f'width="{across:.1f}" height="{side:.1f}" rx="1.5" fill="{color}" fill-opacity="0.28" '
        f'stroke="{color}" stroke-width="1"/>'
        for i in range(sheets)
    )
    total = across + (sheets - 1) * step
    return _labelled(rects, left, total, f"{channels}", f"{height}×{width}")


def _bar(kind: str, units: int, left: float) -> tuple[str, float]:
    tall = min(_TALLEST + 12.0, 14 + 9.5 * math.log2(units + 1))
    color = _COLORS[kind]
    rect = (
        f'<rect x="{left + 6:.1f}" y="{_BASE - tall:.1f}" width="9" height="{tall:.1f}" rx="2" '
        f'fill="{color}" fill-opacity="0.45" stroke="{color}"/>'
    )
    return _labelled(rect, left, 21, str(units), "")


def _labelled(figure: str, left: float, width: float, above: str, below: str) -> tuple[str, float]:
    room = max(width, 7.0 * max(len(above), len(below) * 0.85))
    middle = left + width / 2
    text = f'<text x="{middle:.1f}" y="{_BASE + 14}">{above}</text>'
    if below:
        text += f'<text class="faint" x="{middle:.1f}" y="{_BASE + 27}">{below}</text>'
    return figure + text, room


def _spoken(stages: Sequence[tuple[str, tuple[int, ...]]]) -> str:
    return "Network: " + ", then ".join(f"{kind} {shape_text(shape)}" for kind, shape in stages)


def shape_text(shape: Sequence[int]) -> str:
    """``6 × 26 × 26``."""
    return " × ".join(str(length) for length in shape)


def layer_table(rows: Sequence[LayerRow]) -> str:
    """The layers as a table: what each gives out, learns, sees and costs, with totals."""
    body = "".join(_table_row(row) for row in rows)
    return (
        '<table class="cs-table"><thead><tr><th>Layer</th><th></th><th class="cs-n">Output</th>'
        '<th class="cs-n">Parameters</th>'
        '<th class="cs-n" title="Side of the part of the image that one value depends on">'
        "Sees, px</th>"
        '<th class="cs-n" title="Multiplications with an addition, for one image">'
        f"Multiply-adds</th></tr></thead><tbody>{body}</tbody><tfoot><tr><td>Total</td><td></td>"
        f'<td></td><td class="cs-n">{count(total_parameters(rows))}</td><td></td>'
        f'<td class="cs-n">{count(total_multiply_adds(rows))}</td></tr></tfoot></table>'
    )


def _table_row(row: LayerRow) -> str:
    kind = "output" if row.name == "output" else _KIND_TITLES.get(row.kind, row.kind)
    number = _place(row.name)
    title = f"{kind[0].upper()}{kind[1:]}"
    faint = "" if row.parameters or row.kind == "pool" else ' class="cs-faint"'
    cells = (
        f"<td>{html.escape(title)} {number}</td>"
        f'<td class="cs-faint">{html.escape(row.detail)}</td>'
        f'<td class="cs-n">{shape_text(row.output_shape)}</td>'
        f'<td class="cs-n">{count(row.parameters) if row.parameters else ""}</td>'
        f'<td class="cs-n">{row.receptive_field}</td>'
        f'<td class="cs-n">{count(row.multiply_adds) if row.multiply_adds else ""}</td>'
    )
    return f"<tr{faint}>{cells}</tr>"


def _place(name: str) -> str:
    """``2`` for ``blocks.1.conv``: people count from one."""
    parts = name.split(".")
    return str(int(parts[1]) + 1) if len(parts) > 2 and parts[1].isdigit() else ""


def summary(rows: Sequence[LayerRow]) -> str:
    """``61,326 parameters, 1.1 M multiply-adds an image``."""
    adds = short_count(total_multiply_adds(rows))
    return f"{count(total_parameters(rows))} parameters, {adds} multiply-adds an image"
