"""One image's history in a strip: the label's probability over the epochs, as an SVG. Pure.

Its lines take the page's own colour, so that both themes are served by the same drawing.
"""

import pandas as pd

WIDTH, HEIGHT = 320, 58
_LEFT, _RIGHT, _TOP, _BOTTOM = 30, 8, 7, 14  # margins
_MOST_POINTS = 120  # more would run into each other
# All can be told from either background; the untrained network's answer is a guess.
_RIGHT_COLOR, _WRONG_COLOR, _GUESS_COLOR = "#00946b", "#d0601b", "#87939f"


def sparkline(table: pd.DataFrame, epoch: int | None = None) -> str:
    """The drawing: a point an epoch, green where the answer is right, an orange cross where wrong.

    The untrained network's is grey: it guesses.

    Args:
        table: epoch, probability and correct, ascending, as `core.inspection.biography`'s table.
        epoch: the one to mark, if it is there.
    """
    shown = _thinned(table)
    spots = _spots(shown)
    epochs = [int(number) for number in shown["epoch"]]
    right = [bool(correct) for correct in shown["correct"]]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
    marks = "".join(
        _mark(x, y, is_right, number)
        for (x, y), is_right, number in zip(spots, right, epochs, strict=True)
    )
    here = [x for (x, _), number in zip(spots, epochs, strict=True) if number == epoch]
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" style="max-width:{WIDTH * 1.25:.0f}px" '
        f'aria-label="{_spoken(table)}">{_frame(epochs, spots)}{"".join(map(_here, here))}'
        f'<polyline points="{line}" fill="none" stroke="currentColor" stroke-opacity="0.35"/>'
        f"{marks}</svg>"
    )


def _thinned(table: pd.DataFrame) -> pd.DataFrame:
    """At most so many epochs, evenly chosen, the last always."""
    step = -(-len(table) // _MOST_POINTS) if len(table) else 1
    return table.iloc[::-1].iloc[::step].iloc[::-1]


def _spots(table: pd.DataFrame) -> list[tuple[float, float]]:
    first, last = (int(table["epoch"].iloc[i]) for i in (0, -1)) if len(table) else (0, 0)
    across = (WIDTH - _LEFT - _RIGHT) / max(last - first, 1)
    height = HEIGHT - _TOP - _BOTTOM
    return [
        (_LEFT + (int(epoch) - first) * across, _TOP + (1 - float(share)) * height)
        for epoch, share in zip(table["epoch"], table["probability"], strict=True)
    ]


def _frame(epochs: list[int], spots: list[tuple[float, float]]) -> str:
    """Lines at 0 and 100 %, and the first and last epoch below."""
    bottom = HEIGHT - _BOTTOM
    lines = "".join(
        f'<line x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y}" y2="{y}" stroke="currentColor" '
        f'stroke-opacity="0.18"/><text class="faint" x="{_LEFT - 5}" y="{y + 3}" '
        f'style="text-anchor:end">{name}</text>'
        for y, name in ((_TOP, "100 %"), (bottom, "0 %"))
    )
    ends = sorted({0, len(epochs) - 1}) if epochs else []
    numbers = "".join(
        f'<text class="faint" x="{spots[i][0]:.1f}" y="{HEIGHT - 2}">{epochs[i]}</text>'
        for i in ends
    )
    return lines + numbers


def _here(x: float) -> str:
    """A stripe behind the epoch that the page shows."""
    return (
        f'<rect x="{x - 3:.1f}" y="{_TOP - 3}" width="6" height="{HEIGHT - _TOP - _BOTTOM + 6}" '
        'rx="2" fill="#5199c6" fill-opacity="0.35"/>'
    )


def _mark(x: float, y: float, is_right: bool, epoch: int) -> str:
    known = _RIGHT_COLOR if is_right else _WRONG_COLOR
    color = known if epoch > 0 else _GUESS_COLOR
    if is_right:
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{color}"/>'
    cross = f"M{x - 2.6:.1f} {y - 2.6:.1f}l5.2 5.2m0 -5.2l-5.2 5.2"
    return f'<path d="{cross}" stroke="{color}" stroke-width="2"/>'


def _spoken(table: pd.DataFrame) -> str:
    trained = table[table["epoch"] > 0]
    return (
        f"Probability of the label over {len(trained)} epochs; right after "
        f"{int(trained['correct'].sum())} of them"
    )
