"""Which run, which epoch, which split: the bar at the top of every page that looks at a run."""

from dataclasses import dataclass
from datetime import datetime

import streamlit as st

from core.errors import UserError
from core.runs import Run, RunSummary
from dashboard import loaders, selection
from dashboard.run_table import told_apart
from dashboard.text import clean, counted, moment, percent, quoted, sentence
from dashboard.widgets.empty import no_runs

_POLL_SECONDS = 1.0


@dataclass(frozen=True)
class Viewed:
    """What the run bar has settled on.

    Attributes:
        run: the chosen run.
        summary: its line of the list.
        epochs: complete epochs, ascending; empty before the first.
        epoch: the chosen one; None while there is none.
        latest: whether the page follows the newest epoch.
        split: ``validation`` or ``test``.
    """

    run: Run
    summary: RunSummary
    epochs: list[int]
    epoch: int | None
    latest: bool
    split: str


def run_bar(splits: bool = True) -> Viewed | None:
    """Draws the bar and says what is chosen; None when there is nothing to look at.

    What the address asks for in vain is answered with a sentence and the nearest thing there is.

    Args:
        splits: whether the page looks at a split, and so has one to choose.
    """
    known = [summary for summary in loaders.summaries() if summary.state != "unreadable"]
    if not known:
        no_runs()
        return None
    for problem in selection.problems():
        st.warning(problem, icon="⚠️")
    chosen = selection.current()
    summary = _find(known, chosen.run)
    if chosen.run != summary.id:
        selection.update(run=summary.id)
        chosen = selection.current()
    try:
        run = loaders.run(summary.id)
        epochs = run.epochs()
    except UserError as error:
        _choose_run(known, summary.id, st.container())
        st.error(sentence(str(error)), icon="⚠️")
        return None
    widths = [5, 4, 2] if splits else [5, 6]
    run_spot, epoch_spot, *split_spot = st.columns(widths, vertical_alignment="bottom")
    _choose_run(known, summary.id, run_spot)
    epoch = _choose_epoch(epochs, chosen.epoch, epoch_spot)
    for spot in split_spot:
        _choose_split(chosen.split, spot)
    return Viewed(run, summary, epochs, epoch, chosen.epoch is None, chosen.split)


def follow(viewed: Viewed) -> None:
    """While the run trains, draws the page anew when an epoch is finished or the state changes."""
    if viewed.summary.state not in loaders.ACTIVE:
        return

    def check() -> None:
        try:
            state: str = viewed.run.status().state
        except UserError:
            state = "unreadable"  # deleted meanwhile: the page drawn anew says so
        if state != viewed.summary.state or viewed.run.epochs() != viewed.epochs:
            st.rerun()

    st.fragment(check, run_every=_POLL_SECONDS)()


def label(summary: RunSummary) -> str:
    """One line that tells a run from others."""
    name = clean(summary.name) or summary.id
    parts = [f"★ {name}" if summary.starred else name]
    parts += [fact for fact in (summary.preset, summary.dataset) if fact not in name]
    if summary.test_accuracy is not None:
        parts.append(f"test {percent(summary.test_accuracy)}")
    if summary.state != "completed":
        parts.append(summary.state)
    created = datetime.fromtimestamp(summary.created)
    parts.append(moment(created, datetime.now()))
    return " · ".join(part for part in parts if part)


def nearest(epochs: list[int], wanted: int, whose: str) -> int:
    """The epoch that is asked for, or with a warning the one closest to it.

    Args:
        epochs: those there are, at least one.
        wanted: the one that is asked for.
        whose: the run at the beginning of a sentence, in Markdown.
    """
    epoch = min(epochs, key=lambda there: abs(there - wanted))
    if epoch != wanted:
        st.warning(
            f"{whose} has no epoch {wanted}: it has {_listed(epochs)}. "
            f"Epoch {epoch} is shown instead.",
            icon="⚠️",
        )
    return epoch


def _find(known: list[RunSummary], run_id: str | None) -> RunSummary:
    for summary in known:
        if summary.id == run_id:
            return summary
    first = loaders.newest_with_results(known) or known[0]
    if run_id is not None:
        st.warning(
            f"There is no run {quoted(run_id)}: it may have been deleted, or it is in another "
            f"folder. {'The newest' if first is known[0] else 'Another'} run is shown instead.",
            icon="⚠️",
        )
    return first


def _choose_run(
    known: list[RunSummary], run_id: str, spot: st.delta_generator.DeltaGenerator
) -> None:
    labels = told_apart({summary.id: label(summary) for summary in known})
    datasets = {summary.id: summary.dataset for summary in known}
    key = "run_bar_run"

    def changed() -> None:
        wanted = st.session_state[key]
        same_data = datasets.get(wanted) == datasets.get(run_id)
        # The same cell and image can be compared between runs on the same data only.
        kept = {} if same_data else {"cells": (), "group": None, "example": None}
        # Another epoch of the old run is no epoch of this one.
        selection.update(run=wanted, epoch=None, compare=None, **kept)

    st.session_state[key] = run_id
    spot.selectbox(
        "Run", list(labels), format_func=lambda i: labels.get(i, i), key=key, on_change=changed
    )


def _choose_epoch(
    epochs: list[int], wanted: int | None, spot: st.delta_generator.DeltaGenerator
) -> int | None:
    if not epochs:
        return None
    epoch = epochs[-1] if wanted is None else nearest(epochs, wanted, "This run")
    if len(epochs) == 1:
        spot.markdown(f"Epoch {epoch}, the only one so far")
        return epoch
    key = "run_bar_epoch"

    def changed() -> None:
        moved_to = st.session_state[key]
        # At the right end the page follows the run to its next epochs.
        selection.update(epoch=None if moved_to == epochs[-1] else moved_to)

    st.session_state[key] = epoch
    spot.select_slider(
        f"Epoch {epoch} " + ("(latest)" if epoch == epochs[-1] else f"of {epochs[-1]}"),
        epochs,
        key=key,
        on_change=changed,
        format_func=lambda number: f"{number} untrained" if number == 0 else str(number),
    )
    return epoch


def _listed(epochs: list[int]) -> str:
    if len(epochs) == epochs[-1] - epochs[0] + 1 and len(epochs) > 1:
        return f"epochs {epochs[0]} to {epochs[-1]}"
    return counted(len(epochs), "epoch") + ", " + ", ".join(map(str, epochs[-10:]))


def _choose_split(split: str, spot: st.delta_generator.DeltaGenerator) -> None:
    key = "run_bar_split"

    def changed() -> None:
        # An index means another image in another file.
        selection.update(split=st.session_state[key], example=None)

    st.session_state[key] = split
    spot.segmented_control(
        "Split",
        selection.SPLITS,
        key=key,
        on_change=changed,
        required=True,
        format_func=str.capitalize,
        width="stretch",
    )
