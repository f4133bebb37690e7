"""Train: settings on the left; on the right what they will do, and the run as it learns."""

import streamlit as st

from core import jobs
from core.config import RunConfig, live_values
from core.datasets.catalog import entry
from core.errors import ArchitectureError, UserError
from core.layers import LayerRow
from core.runs import Run
from dashboard import draft, live_changes, loaders, selection
from dashboard.network_drawing import summary
from dashboard.text import count, counted, escaped
from dashboard.widgets.config_form import ConfigForm
from dashboard.widgets.live_panel import live_panel
from dashboard.widgets.network_card import layers, network_card
from dashboard.widgets.preview import preview
from dashboard.widgets.run_controls import controls, start_new


def chosen_run() -> Run | None:
    """The run in the address; a sentence and None if it cannot be shown."""
    run_id = selection.current().run
    if run_id is None:
        return None
    try:
        return loaders.run(run_id)
    except UserError as error:
        st.warning(f"{escaped(str(error))}. Start a new one, or choose another on Runs.", icon="⚠️")
        return None


def request_change(run: Run | None, path: str, value: object) -> None:
    """Hands a moved slider on to the run, if it is training and can take it."""
    if run is None or path not in live_values(run.config) or not run.status().active:
        return
    try:
        jobs.change(run, {path: value})
    except UserError as error:
        st.toast(escaped(str(error)), icon="⚠️")


def settings(run: Run | None, live: bool) -> tuple[RunConfig, list[LayerRow], bool]:
    """The form; its configuration, the layers, and whether that network can exist."""
    chosen = draft.current()
    try:
        rows, problem = layers(chosen.config)
    except UserError as error:
        st.error(escaped(str(error)), icon="⚠️")
        rows, problem = [], ArchitectureError("data.name", str(error))
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
        preview(chosen.config)
        form.augmentation()
    with data:
        form.data()
    return chosen.config, rows, problem is None


def difference(run: Run, config: RunConfig) -> None:
    """What the form says otherwise than a training run that cannot take it over."""
    asked = live_changes.requested_config(run.config, run.control().changes)
    others = live_changes.needs_new_run(asked, config)
    if not others:
        return
    with st.container(border=True, key="difference"):
        st.markdown(
            f"**{counted(len(others), 'setting needs', 'settings need')} a new run** and "
            f"{'does' if len(others) == 1 else 'do'} not touch the one that is training: "
            f"{escaped('; '.join(others[:6]))}."
        )
        with st.container(horizontal=True):
            if st.button("Start a new run with these settings", disabled=not config):
                start_new(config)
            st.button("Back to the run's settings", on_click=draft.load, args=(asked,))


def what_will_happen(config: RunConfig, rows: list[LayerRow], startable: bool) -> None:
    """The empty state: what Start will do, and the network it will train."""
    data = entry(config.data.name)
    held_out = config.data.validation_size or min(5000, data.num_train // 5)
    images = min(config.data.train_limit or data.num_train, data.num_train - held_out)
    steps = -(-images // config.training.batch_size)
    st.markdown(f"#### New run on {escaped(data.title)}")
    if startable:
        st.markdown(
            f"Start trains this network for **{counted(config.training.epochs, 'epoch')}** on "
            f"**{count(images)} images**, {counted(steps, 'step')} each. Every epoch is measured "
            f"on {count(held_out)} validation and {count(data.num_test)} test images, and kept."
        )
    controls(None, None, config, startable)
    with st.container(border=True):
        st.markdown(f"**Network** :gray[· {summary(rows)}]" if rows else "**Network**")
        network_card(config, rows, layers(config)[1])


def page() -> None:
    """Draws the page."""
    run = chosen_run()
    if run is not None:
        status = run.status()
        asked = live_changes.requested_config(run.config, run.control().changes)
        draft.follow(run.id, asked, status.active)
    live = run is not None and run.status().active
    left, right = st.columns([5, 8], gap="large")
    with left:
        config, rows, startable = settings(run, live)
    with right:
        for problem in [*selection.problems(), *draft.problems()]:
            st.warning(problem, icon="⚠️")
        if run is None:
            what_will_happen(config, rows, startable)
        else:
            if live:
                difference(run, config)
            live_panel(run, config, startable)


page()
