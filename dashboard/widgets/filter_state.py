"""What the Filters page keeps for a tab beside the address: silenced filters, tab, order, play."""

from dataclasses import dataclass
from typing import Literal

import streamlit as st

from core.errors import UserError
from core.runs import Run
from dashboard import ablation_loaders, filter_loaders, selection
from dashboard.ablation_loaders import Silenced
from dashboard.text import quoted
from dashboard.widgets.run_bar import Viewed

Tab = Literal["filter", "ablation", "importance"]

TAB_KEY = "filters_tab"
_SILENCED = "filters_silenced"
_PAGE = "filters_page"


@dataclass(frozen=True)
class Looked:
    """The filter that the page looks at.

    Attributes:
        viewed: run, epoch and split.
        epoch: the epoch, which there is.
        layer: the conv layer's filters at that epoch.
        layers: names of all conv layers.
        unit: the chosen filter.
    """

    viewed: Viewed
    epoch: int
    layer: filter_loaders.Layer
    layers: list[str]
    unit: int


def chosen_layer(layers: list[str], wanted: str | None) -> str:
    """The conv layer that the address asks for, or the one that is nearest to it.

    Another layer of a conv layer's block, as the Feature maps page chooses it, stands for that conv
    layer; what the network does not have gets a sentence and the first one.
    """
    if wanted is None or wanted in layers:
        return wanted or layers[0]
    block = ".".join(wanted.split(".")[:2]) + ".conv"
    if block in layers and wanted.startswith("blocks."):
        return block
    if wanted.split(".")[0] not in (
        "dense",
        "output",
        "input",
        "flatten",
        "logits",
        "probabilities",
    ):
        st.warning(
            f"This network has no conv layer {quoted(wanted)}: it has {', '.join(layers)}. "
            f"{layers[0]} is shown instead.",
            icon="⚠️",
        )
    return layers[0]


def chosen_unit(layer: filter_loaders.Layer, wanted: int | None) -> int:
    """The filter that the address asks for; one that there is not gets a sentence."""
    if wanted is None or wanted < len(layer):
        return wanted or 0
    st.warning(
        f"{layer.name} has no filter {wanted}: its filters are 0 to {len(layer) - 1}. "
        "Filter 0 is shown instead.",
        icon="⚠️",
    )
    return 0


def open_filter(unit: int | None) -> None:
    """Chooses a filter of the layer and shows its panel."""
    selection.update(unit=unit)
    st.session_state[TAB_KEY] = "filter"


def silenced(of: Run) -> Silenced:
    """The run's filters that are switched off; they stay so while the epochs are walked."""
    run_id, chosen = st.session_state.get(_SILENCED, (None, {}))
    return dict(chosen) if run_id == of.id else {}


def silence(of: Run, layer: str, filters: list[int]) -> None:
    """Switches off just these filters of a layer, and shows what that does."""
    others = {name: off for name, off in silenced(of).items() if name != layer}
    st.session_state[_SILENCED] = (of.id, {**others, layer: tuple(filters)} if filters else others)
    st.session_state[TAB_KEY] = "ablation"


def restore() -> None:
    """Lets all filters speak again."""
    st.session_state.pop(_SILENCED, None)


def page_of_cards(scope: tuple[str, str], pages: int) -> int:
    """The page of cards that was turned to in this run and layer."""
    remembered, page = st.session_state.get(_PAGE, (None, 0))
    return min(int(page), pages - 1) if remembered == scope else 0


def turn_cards(scope: tuple[str, str], page: int) -> None:
    """Remembers the page of cards."""
    st.session_state[_PAGE] = (scope, page)


def importance_of(looked: Looked) -> dict[int, float] | None:
    """Accuracy lost without each filter, where the sheet has been worked out."""
    try:
        state = ablation_loaders.importance(looked.viewed.run, looked.epoch, looked.layer.name)
    except UserError:
        return None
    return ablation_loaders.accuracy_lost(state)
