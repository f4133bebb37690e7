"""Confusion matrices of any epoch, threshold and other network, cached by ids and bounded.

What is cached here is shared between all tabs: treat it as read-only.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from core.errors import RunError, UserError
from core.review import matrix as counting
from core.review.matrix import Answered
from core.review.moves import moves
from core.runs import Run, default_root
from dashboard import answer_loaders, history_loaders, loaders
from dashboard.cells import Choice, lies_in
from dashboard.partial_reads import Gathered

Matrices = NDArray[np.int64]  # (E, K, K)

STRIP_EPOCHS = 12  # small matrices side by side
MOST_EPOCHS = 100  # that a story is told of; of a longer run an even choice


@dataclass(frozen=True)
class Confusion:
    """A row of `core.review.matrix.confusions`."""

    true: int
    predicted: int
    count: int
    share: float
    peak: int
    peak_epoch: int
    unlearnt_since: int | None


Top = tuple[list[Confusion], list[Confusion]]


@dataclass(frozen=True, eq=False)  # eq would compare arrays element by element
class History(Gathered):
    """Matrices over the epochs.

    Attributes:
        epochs: E of them, ascending; one that cannot be read is not among them.
        matrices: (E, K, K) counts of the images answered.
    """

    epochs: tuple[int, ...]
    matrices: Matrices
    _tops: dict[tuple[int, int], Top] = field(default_factory=dict, init=False, repr=False)

    def only(self, epochs: list[int]) -> "History":
        """The matrices of some epochs."""
        kept = [k for k, epoch in enumerate(self.epochs) if epoch in epochs]
        return History(tuple(self.epochs[k] for k in kept), self.matrices[kept])

    def strip(self) -> "History":
        """As many, evenly chosen, as stand side by side."""
        return self.only(counting.evenly(self.epochs, STRIP_EPOCHS))

    def counts(self, cells: tuple[counting.Cell, ...]) -> NDArray[np.int64]:
        """(E,) as `core.review.matrix.counts_over`."""
        return counting.counts_over(self.matrices, cells)

    def top(self, epoch: int, most: int) -> Top:
        """The confusions there are at an epoch, and others unlearnt by then, most images first."""
        # A click on a cell asks again for what it does not change. Kept here, it goes with the
        # matrices; a cache of its own would keep them.
        if (epoch, most) not in self._tops:
            self._tops[epoch, most] = _top(self, epoch, most)
        return self._tops[epoch, most]


def _top(history: History, epoch: int, most: int) -> Top:
    known = history.only([at for at in history.epochs if at <= epoch])
    table = counting.confusions(known.matrices, known.epochs)
    is_there = table["count"].to_numpy() > 0
    now = np.flatnonzero(is_there)[:most]
    gone = np.setdiff1d(np.flatnonzero(table["unlearnt_since"].notna()), now)
    order = np.argsort(-table["peak"].to_numpy()[gone], kind="stable")
    return _told(table.iloc[now]), _told(table.iloc[gone[order[:most]]])


def _told(table: pd.DataFrame) -> list[Confusion]:
    return [
        Confusion(
            true=int(row["true"]),
            predicted=int(row["predicted"]),
            count=int(row["count"]),
            share=float(row["share"]),
            peak=int(row["peak"]),
            peak_epoch=int(row["peak_epoch"]),
            unlearnt_since=None if pd.isna(row["unlearnt_since"]) else int(row["unlearnt_since"]),
        )
        for row in table.to_dict("records")
    ]


def answered(given: answer_loaders.Answers, threshold: float) -> Answered:
    """The matrix where the network answers only from a confidence on.

    Raises:
        UserError: if the threshold is out of range.
    """
    table = given.examples
    return counting.answered(
        table["true"].to_numpy(),
        table["predicted"].to_numpy(),
        table["confidence"].to_numpy(),
        len(given.classes),
        threshold,
    )


def compared(of: Run, other: Run, epoch: int, split: str, threshold: float) -> Answered:
    """The matrix of another network, or of another epoch, where `of` was measured as well.

    Raises:
        UserError: if the other was measured on other images or classes, or cannot be read.
    """
    history_loaders.check_same_split(of, other, split)
    return answered(answer_loaders.answers(other, epoch, split), threshold)


def moved(
    given: answer_loaders.Answers,
    other: Run,
    epoch: int,
    split: str,
    choice: Choice,
    threshold: float,
) -> pd.DataFrame:
    """The images that are chosen, and those that another network had there: as `moves`.

    Args:
        given: the answers that are looked at.
        other: the other network's run; it must have been let in by `compared`.
        epoch: after which epoch.
        split: ``validation`` or ``test``.
        choice: cells, or rows of "don't know".
        threshold: confidence from which on either answers.

    Raises:
        UserError: if its answers cannot be read.
    """
    before, size = answer_loaders.answers(other, epoch, split).examples, len(given.classes)
    was, is_now = (lies_in(table, choice, threshold, size) for table in (before, given.examples))
    return moves(before, given.examples, was, is_now)


def history(of: Run, split: str, epochs: list[int], threshold: float, also: int) -> History:
    """The matrices over a run's epochs, evenly chosen where there are very many.

    Args:
        of: whose answers.
        split: ``validation`` or ``test``.
        epochs: those it has.
        threshold: confidence from which on it answers.
        also: an epoch that must be among them.

    Raises:
        UserError: if none can be read.
    """
    wanted = tuple(sorted({*counting.evenly(epochs, MOST_EPOCHS), also}))
    return _history(default_root(), of.id, split, wanted, threshold, of)


@st.cache_resource(max_entries=16, show_spinner="Reading the epochs …", validate=Gathered.holds)
def _history(
    root: Path, run_id: str, split: str, epochs: tuple[int, ...], threshold: float, _run: Run
) -> History:
    parts = loaders.splits(_run)
    labels, size = parts.labels(split).numpy(), len(loaders.dataset(_run.config.data.name).classes)
    found: dict[int, NDArray[np.int64]] = {}
    problem: UserError = RunError(f"run {run_id} has no answers on the {split} split")
    for epoch in epochs:
        try:
            kept = answer_loaders.record(_run, epoch, split)
        except UserError as error:  # damaged, or deleted meanwhile: the others tell the story
            problem = error
            continue
        said = counting.answered(labels, kept.predicted, kept.confidence, size, threshold)
        found[epoch] = said.matrix
    if not found:
        raise problem
    matrices = np.array(list(found.values()))
    return History(tuple(found), matrices, is_whole=len(found) == len(epochs))


def similarity(of: Run, split: str, epochs: list[int], *, growing: bool) -> tuple[int, ...]:
    """The classes by similarity: the same order at every epoch, so that nothing jumps.

    Args:
        of: the run.
        split: ``validation`` or ``test``.
        epochs: finished ones, ascending, at least one.
        growing: whether the run trains: then the order is made anew only where it has twice as
            many epochs.

    Raises:
        UserError: if no epoch can be read.
    """
    trained = [epoch for epoch in epochs if epoch > 0] or epochs
    settled = trained[: 1 << (len(trained).bit_length() - 1)] if growing else trained
    total = history(of, split, settled, 0.0, settled[-1]).matrices.sum(0)
    return tuple(counting.similarity_order(total))
