"""A line at the epoch that a page shows, for charts over epochs. Pure."""

from typing import Any

from dashboard.palette import TOKENS, Palette


def with_epoch(
    figure: dict[str, Any], epoch: int | None, colors: Palette = TOKENS
) -> dict[str, Any]:
    """The figure with a vertical line at `epoch` on its x axis; as it is where that is None."""
    if epoch is None:
        return figure
    line = {
        "type": "line",
        "x0": epoch,
        "x1": epoch,
        "yref": "paper",
        "y0": 0,
        "y1": 1,
        "layer": "below",
        "line": {"color": colors.primary, "width": 6},
        "opacity": 0.22,
    }
    layout = figure["layout"]
    return {**figure, "layout": {**layout, "shapes": [*layout.get("shapes", []), line]}}
