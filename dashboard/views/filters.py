"""The filters of a run's conv layers, epoch by epoch: what each looks for, and what it is worth."""

import streamlit as st

from core.errors import UserError
from dashboard import filter_loaders, selection
from dashboard.text import sentence
from dashboard.widgets import filter_state as state
from dashboard.widgets.ablation_panel import ablation_panel
from dashboard.widgets.epoch_player import keep_playing, play_button
from dashboard.widgets.filter_grid import (
    Scale,
    choose_layer,
    choose_order,
    choose_scale,
    filter_grid,
    follow_measures,
)
from dashboard.widgets.filter_panel import filter_panel
from dashboard.widgets.importance_sheet import importance_sheet
from dashboard.widgets.run_bar import Viewed
from dashboard.widgets.run_page import viewed_run


def look(viewed: Viewed, epoch: int) -> state.Looked | None:
    """What the page looks at; None, after a sentence, where there are no filters."""
    layers = filter_loaders.conv_layers(viewed.run)
    if not layers:
        st.info(
            "This network has no conv layer, so it has no filters to look at. Choose another run, "
            "or train one with a conv block."
        )
        return None
    try:
        wanted = selection.current()
        layer = filter_loaders.layer(viewed.run, epoch, state.chosen_layer(layers, wanted.layer))
    except UserError as error:
        st.error(
            f"{sentence(str(error))} Choose another epoch; the other pages are not affected.",
            icon="⚠️",
        )
        return None
    return state.Looked(viewed, epoch, layer, layers, state.chosen_unit(layer, wanted.unit))


def controls(looked: state.Looked) -> tuple[Scale, str]:
    """Layer, colours and order; and the button that walks the epochs."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        play_button(looked.viewed)
        choose_layer(looked.layers, looked.layer.name)
        scale = choose_scale()
        order = choose_order(state.importance_of(looked) is not None)
    return scale, order


def panel(looked: state.Looked, scale: Scale) -> None:
    """One of three: the chosen filter, what silencing does, what each filter is worth."""
    off = sum(map(len, state.silenced(looked.viewed.run).values()))
    names = {
        "filter": f"Filter {looked.unit}",
        "ablation": "Ablation" + (f" · {off} off" if off else ""),
        "importance": "Importance",
    }
    st.session_state.setdefault(state.TAB_KEY, "filter")
    shown = st.segmented_control(
        "Panel", list(names), key=state.TAB_KEY, required=True,
        format_func=lambda name: names[name], label_visibility="collapsed",
        persist_state="session",
    )  # fmt: skip
    if shown == "ablation":
        ablation_panel(looked)
    elif shown == "importance":
        importance_sheet(looked)
    else:
        filter_panel(looked, scale)


def page() -> None:
    """Draws the page."""
    viewed = viewed_run(
        "No epoch is finished yet: the untrained network's filters, epoch 0, appear here a few "
        "seconds after the run starts.",
        titled=False,
    )
    if viewed is None:
        return
    looked = look(viewed, viewed.epoch)
    if looked is not None:
        scale, order = controls(looked)
        grid, beside = st.columns([6, 7], gap="medium")
        with grid:
            filter_grid(looked, scale, order)
        with beside:
            panel(looked, scale)
        follow_measures(looked)
    keep_playing(viewed)


page()
