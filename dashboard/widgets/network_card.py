"""The network of a configuration: a drawing, the layer table, or why it cannot exist."""

import streamlit as st

from core.config import RunConfig
from core.datasets.catalog import entry
from core.errors import ArchitectureError
from core.layers import LayerRow, layer_table
from dashboard import network_drawing
from dashboard.components.drawing import drawing
from dashboard.text import escaped


def layers(config: RunConfig) -> tuple[list[LayerRow], ArchitectureError | None]:
    """The layer rows, or none and the reason.

    Raises:
        DatasetError: if the data set, and with it the input's shape, is unknown.
    """
    data = entry(config.data.name)
    try:
        return list(layer_table(config.model, data.shape, len(data.classes))), None
    except ArchitectureError as error:
        return [], error


def network_card(
    config: RunConfig, rows: list[LayerRow], problem: ArchitectureError | None
) -> None:
    """The drawing above the table."""
    if problem is not None:
        text = str(problem)
        st.error(f"This network cannot exist. {escaped(text[0].upper() + text[1:])}\\.", icon="⚠️")
        return
    data = entry(config.data.name)
    drawing(network_drawing.drawing(rows, data.shape), key="network")
    st.html(f'<div class="cs-scroll">{network_drawing.layer_table(rows)}</div>')
