"""What each filter of a layer is worth: a table, worked out in the background on demand."""

import streamlit as st

from core.jobs.analysis import AnalysisState
from dashboard import ablation_loaders
from dashboard.widgets import filter_state as state
from dashboard.widgets.analysis_card import analysis_card

_ROWS = 620  # pixels


def importance_sheet(looked: state.Looked) -> None:
    """The table, its progress, or the button that has it worked out."""
    st.markdown(
        f"**What each filter of {looked.layer.name} is worth** · validation, epoch {looked.epoch}"
    )
    run, layer = looked.viewed.run, looked.layer.name
    analysis_card(
        lambda start: ablation_loaders.importance(run, looked.epoch, layer, start=start),
        lambda found: _table(looked, found),
        about="Silences the filters one by one on the validation images: how much accuracy is lost "
        "without each, and which class suffers most. Worked out once, beside the page, and kept "
        "with the run.",
        button="Work out the sheet",
        key="importance",
        icon=":material/table_chart:",
        parts="images",
        kind="primary",
    )


def _table(looked: state.Looked, found: AnalysisState) -> None:
    """The most accuracy lost first; a click on a row opens its filter."""
    table = ablation_loaders.importance_view(found)
    key = "importance_table"

    def chosen() -> None:
        rows = st.session_state[key]["selection"]["rows"]
        if rows:
            state.open_filter(int(table["Filter"].iloc[rows[0]]))

    share = st.column_config.NumberColumn(format="%.2f %%")
    st.dataframe(
        table,
        key=key,
        hide_index=True,
        height="content" if len(table) <= 16 else _ROWS,
        on_select=chosen,
        selection_mode="single-row",
        column_config={
            "Filter": st.column_config.NumberColumn(pinned=True, width=60),
            "Accuracy lost": share,
            "Loss added": st.column_config.NumberColumn(format="%.4f"),
            "Class hurt most": st.column_config.TextColumn(),
            "Its recall lost": share,
            "Flag": st.column_config.TextColumn(),
        },
        alt=f"Accuracy lost without each filter of {looked.layer.name}",
    )
    st.caption("Select a row to open its filter. A negative loss: the network is better without.")
