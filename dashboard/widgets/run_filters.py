"""The row above the table of runs: what is listed, and how many runs train at once."""

from collections.abc import Sequence

import streamlit as st

from core.runs import RunSummary
from dashboard import loaders
from dashboard.run_table import Filters
from dashboard.widgets.run_heading import STATE_COLORS


def run_filters(summaries: Sequence[RunSummary]) -> Filters:
    """Draws the row; what is chosen stays for the session."""
    text, state, data, star, parallel = st.columns([5, 4, 3, 2, 2], vertical_alignment="bottom")
    datasets = sorted({summary.dataset for summary in summaries if summary.dataset})
    chosen = Filters(
        text.text_input(
            "Search",
            placeholder="name, note, data set or network",
            icon=":material/search:",
            key="runs_text",
            persist_state="session",
        ),
        tuple(
            state.multiselect(
                "State",
                list(STATE_COLORS),
                placeholder="any",
                key="runs_state",
                persist_state="session",
            )
        ),
        tuple(
            data.multiselect(
                "Data set",
                datasets,
                placeholder="any",
                key="runs_dataset",
                persist_state="session",
            )
        ),
        star.toggle("Starred only", key="runs_starred", persist_state="session"),
    )
    with parallel:
        _parallel()
    return chosen


def _parallel() -> None:
    store, key = loaders.store(), "runs_parallel"
    st.session_state[key] = store.settings()["max_parallel"]
    st.number_input(
        "Train at once",
        min_value=1,
        max_value=64,
        step=1,
        key=key,
        on_change=lambda: store.set_max_parallel(st.session_state[key]),
        help="How many runs train at the same time; the others wait in the queue. One core less "
        "than the machine has keeps the pages quick.",
    )
