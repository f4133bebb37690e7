"""A Plotly chart that is redrawn in place: no blank frame, and zoom and hover survive updates.

``st.plotly_chart`` remounts whenever its figure changes and reports no click on a heatmap cell;
this component does neither. Its figures may use `dashboard.palette.TOKENS` as colours.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st
from plotly import __version__ as plotly_version

from dashboard.components.assets import joined
from dashboard.components.events import Heard, unheard

PLOTLY_PATH = f"/assets/plotly-{plotly_version}.min.js"  # dashboard.server serves it
HTML = '<div class="convscope-chart"><div class="convscope-plot" role="img"></div></div>'
SCRIPTS = (
    "dom.js", "events.js", "palette.js",
    "plot_headers.js", "plot_cells.js", "plot_update.js", "plot.js",
)  # fmt: skip
FIELDS = ("x", "y", "z", "curve", "point", "customdata", "several")


def _script(*names: str) -> str:
    return joined("plotly_loader.js", *names).replace("__PLOTLY_PATH__", PLOTLY_PATH)


_mount = st.components.v2.component(
    "convscope_plot",
    html=HTML,
    css=joined("plot.css"),
    js=_script(*SCRIPTS),
    isolate_styles=False,  # Plotly puts its styles into the document's head
)

_mount_preload = st.components.v2.component("convscope_preload", js=_script("preload.js"))


@dataclass
class _Clicks(Heard):
    """How far a chart has been listened to.

    Attributes:
        last: the point clicked since the last run.
    """

    last: dict[str, Any] | None = None


def preload() -> None:
    """Lets the browser fetch and compile Plotly ahead of the first chart, when it is idle."""
    _mount_preload(key="preload plotly")


def plot(
    figure: Any,
    key: str,
    on_click: Callable[[dict[str, Any]], None] | None = None,
    height: int = 320,
    *,
    label: str = "Chart",
    clickable: bool | None = None,
) -> dict[str, Any] | None:
    """Draws `figure` and returns the point clicked since the last run, if any.

    Args:
        figure: a dict with ``data`` and ``layout``, or a Plotly figure; its own template is ignored
            in favour of the theme. Zoom is kept while ``layout.uirevision`` stays the same; left
            out, it is the key.
        key: names the chart; the same key keeps the same node.
        on_click: called with each point before the script runs again.
        height: in pixels.
        label: what a screen reader says the chart shows.
        clickable: whether clicks are sent; by default only with `on_click`.

    Returns:
        ``{"x", "y", "z", "curve", "point", "customdata", "several"}`` of the clicked point, or
        None. Of a tick label that ``layout.meta["headers"]`` makes a button, and of a cell that
        ``layout.meta["cells"]`` lets keys reach, only the last two: what the figure gave it, and
        whether Shift, Ctrl or the command key was held.
    """
    wanted = on_click is not None if clickable is None else clickable
    data = {
        "figure": _prepared(figure, key),
        "height": height,
        "clickable": wanted,
        "label": label,
    }
    clicks: _Clicks = st.session_state.setdefault(f"{key}:clicks", _Clicks())

    def heard() -> None:
        for event in unheard(clicks, (st.session_state.get(key) or {}).get("events")):
            clicks.last = {name: event.get(name) for name in FIELDS}
            if on_click is not None:
                on_click(clicks.last)

    _mount(key=key, data=data, height="content", on_events_change=heard)
    clicked, clicks.last = clicks.last, None
    return clicked


def _prepared(figure: Any, key: str) -> dict[str, Any]:
    plain = figure if isinstance(figure, Mapping) else json.loads(figure.to_json())
    layout = {"uirevision": key, **plain.get("layout", {})}
    layout.pop("template", None)
    return {"data": list(plain.get("data", [])), "layout": layout}
