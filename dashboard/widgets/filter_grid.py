"""All filters of a layer as cards, with layer, colours and order above them."""

from typing import Literal

import streamlit as st

from core.errors import UserError
from dashboard import filter_loaders, filter_measures, selection
from dashboard.components.filter_cards import Card, Sheet, filter_cards, filters_per_page
from dashboard.text import counted, points, sentence
from dashboard.widgets import filter_state as state

Scale = Literal["kernel", "filter", "layer", "network"]
SCALES: dict[Scale, str] = {
    "kernel": "Kernel", "filter": "Filter", "layer": "Layer", "network": "Network",
}  # fmt: skip
ORDERS = {
    "index": "Index",
    "norm": "Norm",
    "similarity": "Similarity to the chosen one",
    "importance": "Importance",
}
HEIGHT = 678  # of the cards, in pixels
POLL_SECONDS = 0.25


def choose_layer(layers: list[str], layer: str) -> None:
    """The conv layers to choose from."""
    key = "filters_layer"

    def changed() -> None:
        selection.update(layer=st.session_state[key], unit=None)

    st.session_state[key] = layer
    if len(layers) <= 4:
        st.segmented_control("Conv layer", layers, key=key, on_change=changed, required=True)
    else:
        st.selectbox("Conv layer", layers, key=key, on_change=changed, width=180)


def choose_scale() -> Scale:
    """What shares one range of colours."""
    chosen: Scale = st.segmented_control(
        "One colour range for each", list(SCALES), key="filters_scale", default="layer",
        required=True, format_func=lambda scale: SCALES[scale], persist_state="session",
        help="**Kernel**: every kernel by its own largest weight, so that weak ones show their "
        "pattern. **Filter**: all kernels of a filter share one. **Layer**: all filters of the "
        "layer. **Network**: all conv layers. Blue is positive, orange negative, zero the colour "
        "of the page.",
    )  # fmt: skip
    return chosen


def choose_order(has_importance: bool) -> str:
    """How the cards are sorted."""
    known = [name for name in ORDERS if has_importance or name != "importance"]
    key = "filters_order"
    if st.session_state.get(key) not in known:
        st.session_state.pop(key, None)
    chosen: str = st.selectbox(
        "Sort by", known, key=key, format_func=lambda name: ORDERS[name], width=200,
        persist_state="session",
        help=None if has_importance else "Importance can be chosen once its sheet, at the right, "
        "has been worked out.",
    )  # fmt: skip
    return chosen


def filter_grid(looked: state.Looked, scale: Scale, order: str) -> None:
    """The cards, and a line on what is remarkable about the layer."""
    viewed, layer = looked.viewed, looked.layer
    lost = state.importance_of(looked)
    shown = filter_loaders.order(layer, order, looked.unit, lost)
    size = filters_per_page(layer.kernels.shape[1:])
    pages = -(-len(shown) // size)
    scope = (viewed.run.id, layer.name)
    page = state.page_of_cards(scope, pages)
    shown = shown[page * size : (page + 1) * size]
    seen, problem = _activity(looked)
    _remarks(looked, seen, problem)
    filter_cards(
        _sheet(looked, shown, scale, lost, seen),
        key="filter_cards",
        epoch=looked.epoch,
        selected=looked.unit,
        silenced=state.silenced(viewed.run).get(layer.name, ()),
        twins=[twin for twin, other in layer.twins.items() if other == looked.unit],
        page=page,
        pages=pages,
        height=HEIGHT - (34 if pages > 1 else 0),
        label=f"Filters of {layer.name} after epoch {looked.epoch}",
        on_open=state.open_filter,
        on_silence=lambda filters: state.silence(viewed.run, layer.name, filters),
        on_page=lambda number: state.turn_cards(scope, number),
    )


def _activity(looked: state.Looked) -> tuple[filter_measures.Activity | None, str]:
    """What the filters do on validation, None while that is being measured; or why it cannot be."""
    viewed = looked.viewed
    try:
        return filter_measures.activity(viewed.run, looked.epoch, looked.layer.name), ""
    except UserError as error:
        return None, str(error)


def _remarks(looked: state.Looked, seen: filter_measures.Activity | None, problem: str) -> None:
    layer = looked.layer
    _, inputs, height, width = layer.kernels.shape
    kernels = counted(inputs, f"kernel of {height}×{width}", f"kernels of {height}×{width}")
    parts = [f"{counted(len(layer), 'filter')}, {kernels} each"]
    if layer.twins:
        parts.append(f"{len(layer.twins)} have a near-duplicate")
    if problem:
        parts.append(sentence(problem))
    elif seen is None:
        parts.append("looking for dead filters …")
    elif seen.dead:
        parts.append(f"{len(seen.dead)} dead on validation")
    else:
        parts.append("none dead on validation")
    st.caption(" · ".join(parts))


def _sheet(
    looked: state.Looked,
    shown: list[int],
    scale: Scale,
    lost: dict[int, float] | None,
    seen: filter_measures.Activity | None,
) -> Sheet:
    layer, viewed = looked.layer, looked.viewed
    history = filter_loaders.history(viewed.run, viewed.epochs, layer.name)
    limits = {"layer": layer.largest, "network": layer.largest_anywhere}
    return Sheet(
        cards=[_card(layer, index, lost, seen) for index in shown],
        kernels=layer.kernels[shown],
        epochs=history.epochs,
        norms=history.norms[:, shown].T,
        norm_range=(float(history.norms.min()), float(history.norms.max())),
        limit=limits.get(scale),
        per_filter=scale == "filter",
        note_meaning="Change of the validation accuracy without this filter, in points",
    )


def _card(
    layer: filter_loaders.Layer,
    index: int,
    lost: dict[int, float] | None,
    seen: filter_measures.Activity | None,
) -> Card:
    marks = []
    if seen is not None and index in seen.dead:
        marks.append(("dead", "Gives the same value for every validation image, everywhere"))
    if index in layer.twins:
        twin = layer.twins[index]
        alike = layer.similarity[index, twin]
        marks.append((f"≈ {twin}", f"Nearly the same as filter {twin}: cosine {alike:.2f}"))
    note = "" if lost is None else points(-lost[index], 2)
    return Card(index, float(layer.norms[index]), note, tuple(marks))


def follow_measures(looked: state.Looked) -> None:
    """Draws the page anew when what is being measured in the background is there."""
    viewed, name = looked.viewed, looked.layer.name

    def ready() -> bool:
        try:
            seen = filter_measures.activity(viewed.run, looked.epoch, name)
            answers = filter_measures.responses(viewed.run, looked.epoch, name, viewed.split)
        except UserError:
            return True  # the page drawn anew says what is wrong
        return seen is not None and answers is not None

    def check() -> None:
        if ready():
            st.rerun()

    if not ready():
        st.fragment(check, run_every=POLL_SECONDS)()
