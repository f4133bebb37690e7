"""A second network beside the one that is looked at: another epoch, or another run's last one."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from core.errors import UserError
from core.predictor import last_epoch
from core.runs import Run
from dashboard import loaders, selection
from dashboard.compare_groups import tail_of
from dashboard.history_loaders import MOST_RUNS, candidates
from dashboard.text import clean, escaped, percent, sentence
from dashboard.widgets.run_bar import Viewed, label


@dataclass(frozen=True)
class Compared:
    """The network to compare with.

    Attributes:
        run: whose network.
        epoch: after which epoch.
        title: its name, short.
    """

    run: Run
    epoch: int
    title: str


def choose_comparison(viewed: Viewed, words: str = "Beside it") -> Compared | None:
    """Draws the choice, keeps it in the address, and says what it means; None for nothing.

    What the address asks for in vain is answered with a sentence.

    Args:
        viewed: what is compared with.
        words: what the chosen one is called.
    """
    chosen = selection.current().compare
    names = _names(viewed, chosen)
    if chosen is not None and chosen not in names:
        st.warning(_missing(viewed, chosen), icon="⚠️")
        chosen = None
    key = "compare_with"

    def changed() -> None:
        wanted = st.session_state[key]
        selection.update(compare=None if wanted == "nothing" else wanted)

    st.session_state[key] = "nothing" if chosen is None else chosen
    st.selectbox(
        "Compare with", ["nothing", *names], key=key, on_change=changed,
        label_visibility="collapsed",
        format_func=lambda option: f"{words}: {names.get(option, 'nothing')}",
    )  # fmt: skip
    if chosen is None:
        return None
    try:
        return _compared(viewed, chosen)
    except UserError as error:
        st.warning(sentence(str(error)), icon="⚠️")
        return None


def other_answer(name: str, row: pd.Series, classes: Sequence[str]) -> str:
    """What another network says of an image, in Markdown.

    Args:
        name: of the network, escaped.
        row: with the label ``true``, the answer ``before`` and its ``before_confidence``.
        classes: names by class index.
    """
    right = "right" if row["before"] == row["true"] else "wrong"
    answer = escaped(clean(classes[row["before"]], 24))
    return f"{name}: **{answer}**, {right}, **{percent(row['before_confidence'], 1)}**"


def _names(viewed: Viewed, chosen: int | str | None) -> dict[int | str, str]:
    """What there is to compare with: this run's other epochs, then other runs on the same data.

    Of very many runs the first ones, and the one that is chosen.
    """
    names: dict[int | str, str] = {
        epoch: f"Epoch {epoch}" + (", untrained" if epoch == 0 else "")
        for epoch in reversed(viewed.epochs)
        if epoch != viewed.epoch
    }
    for place, summary in enumerate(candidates(viewed.run)):
        if place < MOST_RUNS or summary.id == chosen:
            names[summary.id] = f"Run {label(summary)} · {tail_of(summary.id)}"
    return names


def _missing(viewed: Viewed, chosen: int | str) -> str:
    known = {summary.id: summary for summary in loaders.summaries()}
    there = known.get(chosen) if isinstance(chosen, str) else None
    if there is not None and there.id != viewed.run.id and there.state != "unreadable":
        name = clean(there.name, 40)
        if there.dataset == viewed.summary.dataset:
            return sentence(f"run “{name}” has no finished epoch to compare with yet")
        return sentence(
            f"run “{name}” is on the data set {there.dataset} and this one on "
            f"{viewed.summary.dataset}: only runs on the same images can be compared"
        )
    what = f"epoch {chosen}" if isinstance(chosen, int) else f"run “{clean(chosen, 40)}”"
    return sentence(
        f"the address asks to compare with {what}, which is not there, or is what is shown already"
    )


def _compared(viewed: Viewed, chosen: int | str) -> Compared:
    if isinstance(chosen, int):
        return Compared(viewed.run, chosen, f"Epoch {chosen}")
    run = loaders.run(chosen)
    epoch = last_epoch(run)
    name = clean(run.label().name) or chosen
    return Compared(run, epoch, f"{name}, epoch {epoch}")
