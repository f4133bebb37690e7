"""What each filter of a layer is worth: a table, worked out in the background on demand."""

import streamlit as st

from core.errors import UserError
from core.jobs.analysis import AnalysisState
from dashboard import ablation_loaders
from dashboard.text import count, sentence
from dashboard.widgets import filter_state as state

POLL_SECONDS = 0.4
_ROWS = 620  # pixels


def importance_sheet(looked: state.Looked) -> None:
    """The table, its progress, or the button that has it worked out."""
    st.markdown(
        f"**What each filter of {looked.layer.name} is worth** · validation, epoch {looked.epoch}"
    )
    found = _look(looked)
    if found is None:
        return
    if found.state == "done":
        _table(looked, found)
    elif found.state == "working":
        _progress(looked)
    else:
        if found.state == "failed":
            st.error(sentence(found.message), icon="⚠️")
        st.caption(
            "Silences the filters one by one on the validation images: how much accuracy is lost "
            "without each, and which class suffers most. Worked out once, beside the page, and "
            "kept with the run."
        )
        st.button(
            "Work out the sheet", key="importance", type="primary", icon=":material/table_chart:",
            on_click=_start, args=(looked,),
        )  # fmt: skip


def _start(looked: state.Looked) -> None:
    _look(looked, start=True)


def _look(looked: state.Looked, start: bool = False) -> AnalysisState | None:
    run, layer = looked.viewed.run, looked.layer.name
    try:
        return ablation_loaders.importance(run, looked.epoch, layer, start=start)
    except UserError as error:
        st.error(sentence(str(error)), icon="⚠️")
        return None


def _progress(looked: state.Looked) -> None:
    """A bar that follows the work; the page is drawn anew once it ends."""

    def check() -> None:
        found = _look(looked)
        if found is None or found.state != "working":
            st.rerun()
        share = found.done / found.total if found.total else 0.0
        text = (
            f"{count(found.done)} of {count(found.total)} images" if found.total else "starting …"
        )
        st.progress(min(share, 1.0), text=text)

    st.fragment(check, run_every=POLL_SECONDS)()


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
