"""The slices side by side: every metric of one run, or one metric of several."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from core.errors import UserError
from dashboard import history_loaders, slice_tables
from dashboard.compare_groups import tail_of
from dashboard.history_loaders import Taking
from dashboard.slice_loaders import Found
from dashboard.slice_tables import METRICS
from dashboard.text import clean, escaped, p_value, sentence
from dashboard.widgets.run_bar import Viewed
from dashboard.widgets.slice_ranking import open_slice

_USUAL_OTHERS = 3


def slice_runs(viewed: Viewed, found: Found, table: pd.DataFrame, height: int) -> None:
    """The table, and the choice of runs and of the metric.

    Args:
        viewed: run, epoch and split; it always takes part.
        found: the slices.
        table: of `core.review.slice_scores.ranked`: which slices, in which order.
        height: of the table, in pixels.
    """
    assert viewed.epoch is not None
    st.markdown(f"**Side by side** · {viewed.split}")
    names, metric = _choices(viewed)
    try:
        taking, refused = history_loaders.taking_part(
            viewed.run, viewed.epoch, viewed.split, names
        )  # fmt: skip
    except UserError as error:
        st.error(sentence(str(error)), icon="⚠️")
        return
    for problem in refused:
        st.caption(f"⚠️ {sentence(problem)}")
    shown = slice_tables.side_by_side(found, viewed.split, taking, table)
    columns = _columns(metric, _names(taking))
    key = "slice_runs"

    def chosen() -> None:
        rows = st.session_state[key]["selection"]["rows"]
        if rows:
            opened = str(shown["key"].iloc[rows[0]])
            open_slice(None if opened == "all" else opened)

    written = (
        shown.assign(change_p=shown["change_p"].map(p_value)) if "change_p" in shown else shown
    )
    st.dataframe(
        written[list(columns)], key=key, hide_index=True, height=height, on_select=chosen,
        selection_mode="single-row", column_config=columns,
        alt="Metrics of each slice, of each run",
    )  # fmt: skip
    st.caption(
        "Recall, precision and F1 are means over the classes of a slice. The viewed run stands "
        f"first, at epoch {viewed.epoch}, the others at their last one. Beside a single other run "
        "the change is tested. Select a row to open it."
    )


def _choices(viewed: Viewed) -> tuple[tuple[str, ...], str]:
    """The other runs, and which of the metrics is compared."""
    labels = _short({one.id: one.name for one in history_loaders.candidates(viewed.run)})
    usual = history_loaders.completed(viewed.run)[:_USUAL_OTHERS]
    wanted = st.multiselect(
        "Beside the viewed run", list(labels), default=usual, key=f"slices_runs_{viewed.run.id}",
        format_func=lambda run_id: labels.get(run_id, run_id), persist_state="session",
        placeholder="other runs on the same images",
    )  # fmt: skip
    chosen = st.segmented_control(
        "Metric", list(METRICS), default="accuracy", required=True, key="slices_metric",
        format_func=METRICS.__getitem__, persist_state="session", disabled=not wanted,
    )  # fmt: skip
    return tuple(wanted), str(chosen)


def _names(taking: Sequence[Taking]) -> list[str]:
    """What each run is called in the table."""
    return list(_short({part.run.id: part.name for part in taking}).values())


def _short(runs: Mapping[str, str]) -> dict[str, str]:
    """Names of runs by their id, no two alike, and short: several stand in one line."""
    names = [clean(name, 40) or run_id for run_id, name in runs.items()]
    return {
        run_id: f"{name} · {tail_of(run_id)}" if names.count(name) > 1 else name
        for name, run_id in zip(names, runs, strict=True)
    }


def _columns(metric: str, names: list[str]) -> dict[str, Any]:
    """What is shown: of one run all metrics, of several the chosen one, of two their difference."""
    config = st.column_config
    columns: dict[str, Any] = {
        "Slice": config.TextColumn(pinned=True),
        "Images": config.NumberColumn(format="localized", width=80),
    }
    wanted = [(name, 0, title) for name, title in METRICS.items()]
    if len(names) > 1:
        wanted = [(metric, place, name) for place, name in enumerate(names)]
    for name, place, title in wanted:
        form = "localized" if name == "errors" else "%.2f %%"
        columns[f"{name}:{place}"] = config.NumberColumn(title, format=form)
    if len(names) == 2:
        columns["change"] = config.NumberColumn(
            "Change", format="%+.2f",
            help=f"Accuracy of {escaped(names[0])} less that of {escaped(names[1])}, in points",
        )  # fmt: skip
        columns["change_p"] = config.TextColumn(
            "p",
            help="McNemar's exact test of the change, corrected for the number of slices (Holm)",
        )  # fmt: skip
    return columns
