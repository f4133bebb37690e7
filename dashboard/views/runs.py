"""All runs: find, compare, name, note, star, resume, open and delete them."""

import streamlit as st

from core.runs import RunSummary
from dashboard import loaders, selection
from dashboard.run_table import MARK, filtered, overview, table
from dashboard.text import escaped
from dashboard.widgets.empty import no_runs
from dashboard.widgets.run_card import run_card, several_card
from dashboard.widgets.run_filters import run_filters
from dashboard.widgets.run_heading import STATE_COLORS

TABLE_HEIGHT = 640
POLL_SECONDS = 1.0


def choose(run_id: str) -> None:
    """Looks at a run from now on; a foreign folder's name stays out of the address."""
    foreign = not selection.is_run_id(run_id)
    st.session_state["foreign_folder"] = run_id if foreign else None
    if not foreign and run_id != selection.current().run:
        selection.update(run=run_id, epoch=None, cells=(), group=None, example=None)


def show_table(shown: list[RunSummary], queue: tuple[str, ...], viewed: str) -> list[str]:
    """The table; a click on a row selects the run, ticks choose several. The ticked ids."""
    ids = [summary.id for summary in shown]
    # Rows are told by position: another set of rows is another table, or a tick would move on.
    key = f"runs_table_{hash(tuple(ids))}"

    def chosen() -> None:
        cells = st.session_state[key].selection.cells
        if cells and not st.session_state[key].selection.rows:
            choose(ids[cells[0][0]])

    state = st.column_config.MultiselectColumn(
        width=100, options=list(STATE_COLORS), color=list(STATE_COLORS.values())
    )
    accuracy = st.column_config.NumberColumn(format="%.2f %%", width=76)
    event = st.dataframe(
        table(shown, queue, viewed),
        key=key,
        hide_index=True,
        placeholder="–",
        height="content" if len(shown) <= 17 else TABLE_HEIGHT,
        on_select=chosen,
        selection_mode=["multi-row", "single-cell"],
        column_config={
            MARK: st.column_config.TextColumn("", width=28, alignment="center"),
            "★": st.column_config.TextColumn(width=36, alignment="center"),
            "Name": st.column_config.TextColumn(width=136),
            "State": state,
            "Epochs": st.column_config.NumberColumn(format="%.3g", width=58),
            "Train": accuracy,
            "Validation": accuracy,
            "Test": accuracy,
            "Data set": st.column_config.TextColumn(width=68),
            "Network": st.column_config.TextColumn(width=72),
            "Parameters": st.column_config.NumberColumn(format="localized", width=86),
            "Training": st.column_config.NumberColumn(format="compact", width=70),
            "Created": st.column_config.DatetimeColumn(format="D MMM, HH:mm", width=98),
            "Note": st.column_config.TextColumn(width=220),
        },
        alt="The runs, one a row",
    )
    return [ids[row] for row in event.selection.rows]


def follow(summaries: list[RunSummary]) -> None:
    """While a run waits or trains, draws the page anew as soon as something has changed."""
    if not any(summary.state in loaders.ACTIVE for summary in summaries):
        return

    def check() -> None:
        if loaders.summaries() != summaries:
            st.rerun()

    st.fragment(check, run_every=POLL_SECONDS)()


def page() -> None:
    """Draws the page."""
    for problem in selection.problems():
        st.warning(problem, icon="⚠️")
    summaries = loaders.summaries()
    if not summaries:
        no_runs()
        return
    queue = loaders.queue()
    shown = filtered(summaries, run_filters(summaries))
    current = st.session_state.get("foreign_folder") or selection.current().run
    chosen = [s for s in summaries if s.id == current] or shown[:1] or summaries[:1]
    rows, panel = st.columns([13, 5], gap="medium")
    with rows:
        st.caption(overview(summaries, len(shown), queue))
        ticked = show_table(shown, queue, chosen[0].id) if shown else []
        if not shown:
            st.info("No run passes these filters. Clear one of them to see more.")
    with panel:
        if current is not None and chosen[0].id != current:
            st.warning(f"There is no run {escaped(current)} any more.", icon="⚠️")
        if ticked:
            several_card([s for s in summaries if s.id in ticked])
        else:
            run_card(chosen[0], queue)
    follow(summaries)


page()
