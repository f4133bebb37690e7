"""What Start will do, and what a training run cannot take over from the form."""

import streamlit as st

from core.config import RunConfig
from core.datasets.catalog import entry, num_held_out
from core.errors import ArchitectureError
from core.layers import LayerRow
from core.runs import Run
from dashboard import draft, live_changes
from dashboard.components.plot import preload
from dashboard.network_drawing import summary
from dashboard.text import count, counted, escaped
from dashboard.widgets.network_card import network_card
from dashboard.widgets.run_controls import controls, start_new

_MOST_LISTED = 6


def what_will_happen(
    config: RunConfig, rows: list[LayerRow], problem: ArchitectureError | None
) -> None:
    """The empty state: what Start will do, and the network it will train."""
    if problem is not None and problem.path.startswith("data."):
        st.error(escaped(str(problem)), icon="⚠️")
        return
    data = entry(config.data.name)
    asked, classes = config.data.validation_size, len(data.classes)
    held_out = num_held_out(asked, data.title, data.num_train, classes)
    images = min(config.data.train_limit or data.num_train, data.num_train - held_out)
    steps = -(-images // config.training.batch_size)
    st.markdown(f"#### New run on {escaped(data.title)}")
    if problem is None:
        st.markdown(
            f"Start trains this network for **{counted(config.training.epochs, 'epoch')}** on "
            f"**{count(images)} images**, {counted(steps, 'step')} each. Every epoch is measured "
            f"on {count(held_out)} validation and {count(data.num_test)} test images, and kept."
        )
    controls(None, None, config, problem is None)
    with st.container(border=True):
        st.markdown(f"**Network** :gray[· {summary(rows)}]" if rows else "**Network**")
        network_card(config, rows, problem)
    preload()


def difference(run: Run, config: RunConfig, live: bool, startable: bool) -> None:
    """What the form says otherwise than the run, and what can be done about it.

    Args:
        run: what is shown beside the form.
        config: what the form says.
        live: whether the run is training.
        startable: whether the form's network can exist.
    """
    asked = live_changes.requested_config(run.config, run.control())
    if not live:
        if config != asked:
            st.button(
                "Take this run's settings into the form",
                type="tertiary",
                icon=":material/arrow_back:",
                on_click=draft.load,
                args=(asked,),
            )
        return
    others = live_changes.needs_new_run(asked, config)
    if not others:
        return
    more = f"; and {len(others) - _MOST_LISTED} more" if len(others) > _MOST_LISTED else ""
    one = len(others) == 1
    with st.container(border=True, key="difference"):
        st.markdown(
            f"**{counted(len(others), 'setting needs', 'settings need')} a new run** and "
            f"{'does' if one else 'do'} not touch the one that is training: "
            f"{escaped('; '.join(others[:_MOST_LISTED]) + more)}."
        )
        with st.container(horizontal=True):
            if st.button("Start a new run with these settings", disabled=not startable):
                start_new(config)
            st.button("Back to the run's settings", on_click=draft.load, args=(asked,))
