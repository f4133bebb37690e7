"""How a run's activations and gradients went over the epochs, and what looks wrong about them."""

import html

import streamlit as st

from core.inspection.health import Hint
from dashboard import loaders, map_loaders, palette
from dashboard.charts.activations import STATISTICS, gradient_curve, layer_curves
from dashboard.charts.epoch_line import with_epoch
from dashboard.components.plot import plot
from dashboard.text import escaped, sentence
from dashboard.widgets.run_bar import Viewed

_HEIGHT = 250  # pixels
_NORM = "Gradient norm"


def activation_statistics(viewed: Viewed) -> None:
    """Hints for the chosen epoch, then a chart for each statistic."""
    assert viewed.epoch is not None
    st.markdown(
        "**Activation statistics** &ensp;:gray[of each block's and dense layer's output on "
        "validation images, epoch by epoch]"
    )
    found = map_loaders.health(viewed.run, viewed.epoch)
    for hint in found:
        st.warning(_text(hint), icon=":material/lightbulb:")
    if not found:
        st.caption(
            f"At epoch {viewed.epoch} no layer is dead, saturated or silent, and neither "
            "activations nor gradients explode."
        )
    records = loaders.curve(viewed.run).epochs
    figures = {name: layer_curves(records, name, viewed.run.id) for name in STATISTICS}
    figures[_NORM] = gradient_curve(records, viewed.run.id)
    for spot, (name, figure) in zip(st.columns(len(figures)), figures.items(), strict=True):
        with spot:
            st.markdown(f"{name}" + (" · train, mean of the epoch" if name == _NORM else ""))
            # One legend for all: the colours of the layers are the same in each chart.
            figure["layout"]["showlegend"] = False
            plot(
                with_epoch(figure, viewed.epoch),
                key=f"statistics_{name}",
                height=_HEIGHT,
                label=f"{name} over the epochs",
            )
    _legend([trace["name"] for trace in figures["Standard deviation"]["data"]])


def _legend(names: list[str]) -> None:
    """The colours of the layers, once for all charts."""
    colors = palette.current().categorical
    marks = [
        f'<span style="white-space:nowrap"><span style="display:inline-block;width:0.7rem;'
        f"height:0.7rem;border-radius:2px;margin-right:0.35rem;"
        f'background:{colors[number % len(colors)]}"></span>{html.escape(name)}</span>'
        for number, name in enumerate(names)
    ]
    st.html(
        '<div style="display:flex;flex-wrap:wrap;gap:0.2rem 1.2rem;font-size:0.85rem">'
        f"{''.join(marks)}</div>"
    )


def _text(hint: Hint) -> str:
    return f"**{hint.problem.capitalize()}:** {sentence(hint.sentence)} Try {escaped(hint.remedy)}."
