"""A second network beside the one that is looked at: another epoch, or any epoch of another run."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd
import streamlit as st

from core.errors import RunError, UserError
from core.runs import Run
from dashboard import loaders, selection
from dashboard.compare_groups import tail_of
from dashboard.history_loaders import MOST_RUNS, candidates
from dashboard.selection import Beside
from dashboard.text import clean, escaped, percent, sentence
from dashboard.widgets.run_bar import Viewed, label, nearest

_NOTHING = "nothing"  # an option beside epochs and runs
_EPOCH_WIDTH = 112  # pixels: "Epoch 1000" fits beside the arrow


@dataclass(frozen=True)
class Compared:
    """The network to compare with.

    Attributes:
        run: whose network.
        epoch: after which epoch.
        epochs: those that its run has.
        title: its name, short.
    """

    run: Run
    epoch: int
    epochs: list[int]
    title: str


def choose_comparison(viewed: Viewed, words: str = "Beside it") -> Compared | None:
    """Draws the choice, keeps it in the address, and says what it means; None for nothing.

    What the address asks for in vain is answered with a sentence.

    Args:
        viewed: what is compared with.
        words: what the chosen one is called.
    """
    wanted = _wanted(viewed)
    names = _names(viewed, wanted)
    found = None if wanted is None else _found(viewed, wanted, names)
    with st.container(horizontal=True, gap="small"):
        _choose_network(names, _line(viewed, found), words)
        if found is not None and found.run.id != viewed.run.id:
            _choose_epoch(found)
    return found


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


def _wanted(viewed: Viewed) -> Beside | None:
    """What the address asks for; the run that is looked at may stand in it by its id."""
    asked = selection.current().compare
    if asked is None or asked.run != viewed.run.id:
        return asked
    return Beside(epoch=viewed.epochs[-1] if asked.epoch is None else asked.epoch)


def _names(viewed: Viewed, wanted: Beside | None) -> dict[Beside, str]:
    """What there is to compare with: this run's other epochs, then other runs on the same data.

    Of very many runs the first ones, and the one that is wanted.
    """
    names = {
        Beside(epoch=epoch): f"Epoch {epoch}" + (", untrained" if epoch == 0 else "")
        for epoch in reversed(viewed.epochs)
        if epoch != viewed.epoch
    }
    for place, summary in enumerate(candidates(viewed.run)):
        if place < MOST_RUNS or (wanted is not None and summary.id == wanted.run):
            names[Beside(summary.id)] = f"Run {label(summary)} · {tail_of(summary.id)}"
    return names


def _found(viewed: Viewed, wanted: Beside, names: dict[Beside, str]) -> Compared | None:
    """The network that is wanted; None, with a sentence, where there is none."""
    whole = wanted if wanted.run is None else replace(wanted, epoch=None)
    try:
        if whole not in names:
            raise RunError(_missing(viewed, wanted))
        return _compared(viewed, wanted)
    except UserError as error:
        st.warning(sentence(str(error)), icon="⚠️")
        return None


def _missing(viewed: Viewed, wanted: Beside) -> str:
    there = {summary.id: summary for summary in loaders.summaries()}.get(wanted.run or "")
    if there is not None and there.state != "unreadable":
        name = clean(there.name, 40)
        if there.dataset == viewed.summary.dataset:
            return f"run “{name}” has no finished epoch to compare with yet"
        return (
            f"run “{name}” is on the data set {there.dataset} and this one on "
            f"{viewed.summary.dataset}: only runs on the same images can be compared"
        )
    what = f"epoch {wanted.epoch}" if wanted.run is None else f"run “{clean(wanted.run, 40)}”"
    return (
        f"the address asks to compare with {what}, which is not there, or is what is shown already"
    )


def _compared(viewed: Viewed, wanted: Beside) -> Compared:
    if wanted.run is None:
        assert wanted.epoch is not None, "neither a run nor an epoch"
        return Compared(viewed.run, wanted.epoch, viewed.epochs, f"Epoch {wanted.epoch}")
    run = loaders.run(wanted.run)
    epochs, name = run.epochs(), clean(run.label().name) or run.id
    if not epochs:
        raise RunError(f"run “{name}” has no finished epoch to compare with yet")
    epoch = epochs[-1]
    if wanted.epoch is not None:
        epoch = nearest(epochs, wanted.epoch, f"Run “{escaped(name)}”")
    return Compared(run, epoch, epochs, f"{name}, epoch {epoch}")


def _line(viewed: Viewed, found: Compared | None) -> Beside | None:
    """Where the network stands in the list of epochs and runs."""
    if found is None:
        return None
    return Beside(epoch=found.epoch) if found.run.id == viewed.run.id else Beside(found.run.id)


def _choose_network(names: dict[Beside, str], line: Beside | None, words: str) -> None:
    key = "compare_with"

    def changed() -> None:
        wanted = st.session_state[key]
        selection.update(compare=None if wanted == _NOTHING else wanted)

    st.session_state[key] = _NOTHING if line is None else line
    st.selectbox(
        "Compare with", [_NOTHING, *names], key=key, on_change=changed,
        label_visibility="collapsed",
        format_func=lambda option: f"{words}: {names.get(option, _NOTHING)}",
    )  # fmt: skip


def _choose_epoch(found: Compared) -> None:
    """Which epoch of the other run; at its latest one the page follows it to the next ones."""
    key, last = "compare_epoch", found.epochs[-1]

    def changed() -> None:
        moved_to = st.session_state[key]
        epoch = None if moved_to == last else moved_to
        selection.update(compare=Beside(found.run.id, epoch))

    st.session_state[key] = found.epoch
    st.selectbox(
        "Epoch of the other run", found.epochs[::-1], key=key, on_change=changed,
        label_visibility="collapsed", width=_EPOCH_WIDTH,
        format_func="Epoch {}".format,
    )  # fmt: skip
