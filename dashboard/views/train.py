"""Train: settings on the left; on the right what they will do, and the run as it learns."""

import streamlit as st

from core.config import RunConfig
from core.datasets.catalog import entry, num_held_out
from core.errors import ArchitectureError, UserError
from core.layers import LayerRow
from core.runs import Run
from dashboard import draft, live_changes, loaders, selection
from dashboard.network_drawing import summary
from dashboard.text import escaped
from dashboard.widgets.config_form import ConfigForm
from dashboard.widgets.live_panel import live_panel
from dashboard.widgets.network_card import layers, network_card
from dashboard.widgets.plan import difference, what_will_happen
from dashboard.widgets.preview import preview


def chosen_run() -> Run | None:
    """The run in the address; a sentence and None if it cannot be shown."""
    run_id = selection.current().run
    if run_id is None:
        return None
    try:
        run = loaders.run(run_id)
        asked = live_changes.requested_config(run.config, run.control())
        draft.follow(run.id, asked, run.status().active)
    except UserError as error:
        st.warning(f"{escaped(str(error))}. Start a new one, or choose another on Runs.", icon="⚠️")
        return None
    return run


def request_change(run: Run | None, path: str, value: object) -> None:
    """Hands a moved slider on to the run, if it is training and can take it."""
    if run is None:
        return
    try:
        live_changes.request(run, path, value)
    except UserError as error:
        st.toast(escaped(str(error)), icon="⚠️")


def network(config: RunConfig) -> tuple[list[LayerRow], ArchitectureError | None]:
    """The layers, or none and why the network cannot exist or has nothing to learn from."""
    try:
        data = entry(config.data.name)
    except UserError as error:
        return [], ArchitectureError("data.name", str(error))
    try:
        num_held_out(config.data.validation_size, data.title, data.num_train, len(data.classes))
    except UserError as error:
        return [], ArchitectureError("data.validation_size", str(error))
    return layers(config)


def settings(
    chosen: draft.Draft, rows: list[LayerRow], problem: ArchitectureError | None, run: Run | None,
    live: bool,
) -> None:  # fmt: skip
    """The form, one tab a group."""
    form = ConfigForm(chosen.config, problem, lambda *moved: request_change(run, *moved), live)
    form.preset_choice(chosen)
    model, training, augmentation, data = st.tabs(["Model", "Training", "Augmentation", "Data"])
    with model:
        form.model()
        if run is not None and problem is None:
            with st.expander(f"Layers :gray[· {summary(rows)}]", key="layers"):
                network_card(chosen.config, rows, problem)
    with training:
        form.training()
    with augmentation:
        strip = st.container()
        form.augmentation()
    with data:
        form.data()
    with strip:
        preview(chosen.config)


def page() -> None:
    """Draws the page."""
    run = chosen_run()
    live = run is not None and run.status().active
    chosen = draft.current()
    rows, problem = network(chosen.config)
    left, right = st.columns([5, 8], gap="large")
    with right:
        for sentence in [*selection.problems(), *draft.problems()]:
            st.warning(sentence, icon="⚠️")
        if run is None:
            what_will_happen(chosen.config, rows, problem)
        else:
            difference(run, chosen.config, live, problem is None)
            live_panel(run, chosen.config, problem is None)
    with left:
        settings(chosen, rows, problem, run, live)


page()
