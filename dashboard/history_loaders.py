"""What runs made of every image, epoch by epoch and run by run: cached by ids, bounded.

What is cached here is shared between all tabs: treat it as read-only. An epoch that is written is
never written again, so each one's answers are read once.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from core.errors import ReviewError, RunError, UserError
from core.inspection.biography import Verdict
from core.predictor import last_epoch
from core.review.agreement import Agreement, agreement
from core.review.biographies import biographies
from core.review.pairing import called, check_same_data, check_same_images
from core.runs import Run, RunSummary, default_root
from dashboard import answer_loaders, loaders
from dashboard.partial_reads import Gathered

Predicted = NDArray[np.int16]
Which = Literal["last", "best"]
MOST_RUNS = 50  # that are compared at once; a chart with more bars helps nobody


@dataclass(frozen=True, eq=False)  # eq would compare arrays element by element
class History(Gathered):
    """A run's answers on a split over its epochs.

    Attributes:
        epochs: those that can be read, ascending.
        table: one row an image, as `core.review.biographies.biographies`.
        problems: a sentence for each epoch that cannot be read.
    """

    epochs: tuple[int, ...]
    table: pd.DataFrame
    problems: tuple[str, ...]


def history(of: Run, split: str) -> History:
    """Every image's biography over the epochs finished so far.

    Raises:
        UserError: if no epoch can be read, or the data set is not the run's.
    """
    return _history(default_root(), of.id, split, tuple(of.epochs()), of)


@st.cache_resource(
    max_entries=16, show_spinner="Reading the answers of every epoch …", validate=Gathered.holds
)
def _history(root: Path, run_id: str, split: str, epochs: tuple[int, ...], _run: Run) -> History:
    answers: dict[int, Predicted] = {}
    problems = []
    for epoch in epochs:
        try:
            answers[epoch] = predicted(_run, epoch, split)
        except UserError as error:
            problems.append(f"epoch {epoch} is left out: {error}")
    if not answers:
        raise RunError(problems[0] if problems else f"run {run_id} has no finished epoch yet")
    labels = loaders.splits(_run).labels(split).numpy()
    table = biographies(tuple(answers), np.stack(list(answers.values())), labels)
    return History(tuple(answers), table, tuple(problems), is_whole=not problems)


def verdicts(of: Run, split: str) -> pd.DataFrame:
    """Position, verdict, learnt and times_forgotten of every image of a split, in its order.

    Raises:
        UserError: as `history` does.
    """
    return history(of, split).table


def predicted(of: Run, epoch: int, split: str) -> Predicted:
    """(N,) class indices that an epoch answers on a split.

    Raises:
        UserError: if the answers are missing, damaged, no numbers, or of another data set.
    """
    return answer_loaders.record(of, epoch, split).predicted


@dataclass(frozen=True)
class Taking:
    """A run that takes part in a comparison of many.

    Attributes:
        run: whose answers.
        epoch: after which epoch.
        name: what people call the run.
    """

    run: Run
    epoch: int
    name: str


def candidates(of: Run) -> list[RunSummary]:
    """The other runs on the same data set: the completed ones, then the rest, newest first."""
    others = [
        summary
        for summary in loaders.summaries()
        if summary.id != of.id
        and summary.dataset == of.config.data.name
        and summary.state != "unreadable"
        and (summary.epoch > 0 or summary.state == "completed")
    ]
    return sorted(others, key=lambda summary: summary.state != "completed")


def completed(of: Run) -> tuple[str, ...]:
    """Ids of the other runs that are compared where nobody chooses."""
    ids = [summary.id for summary in candidates(of) if summary.state == "completed"]
    return tuple(ids[: MOST_RUNS - 1])


def taking_part(
    of: Run, epoch: int, split: str, ids: tuple[str, ...], which: Which = "last"
) -> tuple[list[Taking], list[str]]:
    """The viewed run and those of `ids`, and a sentence for each one that cannot take part.

    A run with the same answers on every image, trained with the same seed as a rule, is left out
    as well: it would pass for a second witness.

    Args:
        of: the viewed run; it takes part with the viewed epoch.
        epoch: that epoch.
        split: on which images.
        ids: of the other runs.
        which: whether these take part with their last epoch or with their best one.

    Raises:
        UserError: if the viewed run's own answers cannot be read.
    """
    found = _takers(of, epoch, split, ids, which)
    return found.taking, found.refused


@dataclass(frozen=True, eq=False)
class _Takers(Gathered):
    """What `taking_part` gives."""

    taking: list[Taking]
    refused: list[str]


def _takers(of: Run, epoch: int, split: str, ids: tuple[str, ...], which: Which) -> _Takers:
    now = {summary.id: summary for summary in loaders.summaries()}
    seen = tuple((i, now[i].epoch, now[i].name) if i in now else (i, 0, "") for i in ids)
    return _taking_part(default_root(), of.id, _name(of), epoch, split, which, seen, of)


# Opening fifty runs takes a good part of a second: not at every repaint.
@st.cache_resource(
    max_entries=32, show_spinner="Reading the answers of the other runs …", validate=Gathered.holds
)
def _taking_part(
    root: Path,
    run_id: str,
    name: str,
    epoch: int,
    split: str,
    which: Which,
    seen: tuple[tuple[str, int, str], ...],
    _of: Run,
) -> _Takers:
    known = {predicted(_of, epoch, split).tobytes(): run_id}
    found, refused, is_whole = [Taking(_of, epoch, name)], [], True
    for other_id, _, _ in seen:
        try:
            run = loaders.run(other_id)
            check_same_split(_of, run, split)
            at = chosen_epoch(run, which)
            first = known.setdefault(predicted(run, at, split).tobytes(), other_id)
        except UserError as error:
            refused.append(str(error))
            # Runs that differ will always do, and what cannot be read may be read the next time.
            is_whole = is_whole and isinstance(error, ReviewError)
            continue
        if first == other_id:
            found.append(Taking(run, at, _name(run)))
        else:
            same = called(loaders.run(first))
            refused.append(
                f"{called(run)} answers every {split} image as {same} does, and counts once"
            )
    return _Takers(found, refused, is_whole=is_whole)


def _name(of: Run) -> str:
    return of.label().name or of.id


def chosen_epoch(of: Run, which: Which) -> int:
    """The last epoch, or the earliest of those with the highest validation accuracy.

    Raises:
        RunError: if no epoch is finished.
    """
    last = last_epoch(of)
    if which == "last":
        return last
    there = set(of.epochs())
    records = [r for r in loaders.curve(of).epochs if r.epoch in there and r.epoch > 0]
    best = max(records, key=lambda r: (r.validation_accuracy, -r.epoch), default=None)
    return last if best is None else best.epoch


def check_same_split(one: Run, other: Run, split: str) -> None:
    """Refuses runs whose answers on a split are about different images.

    Raises:
        UserError: that says what differs.
    """
    if one.id == other.id:
        return
    check_same_data(one, other)
    first, second = (loaders.splits(run).index(split).numpy() for run in (one, other))
    check_same_images(first, second, split)


def wrong_in(of: Run, epoch: int, split: str) -> tuple[NDArray[np.int64], int]:
    """(N,) how many of the runs on the same images read each one wrong, and how many runs.

    These are the viewed one at the viewed epoch, and all completed ones at their last.
    """
    taking, _ = taking_part(of, epoch, split, completed(of))
    return agreement_of(taking, split).wrong, len(taking)


def agreement_of(taking: list[Taking], split: str) -> Agreement:
    """How often the runs are wrong together. The runs must have been let in by `taking_part`."""
    ids = tuple((part.run.id, part.epoch) for part in taking)
    return _agreement(default_root(), ids, split, taking)


@st.cache_resource(max_entries=32, show_spinner=False)
def _agreement(
    root: Path, ids: tuple[tuple[str, int], ...], split: str, _taking: list[Taking]
) -> Agreement:
    answers = np.stack([predicted(part.run, part.epoch, split) for part in _taking])
    return agreement(answers, loaders.splits(_taking[0].run).labels(split).numpy())


def wrong_rows(given: pd.DataFrame, found: Agreement, wrong_in: int) -> pd.DataFrame:
    """Examples that exactly so many networks read wrong, the largest loss first.

    Args:
        given: the viewed run's examples; ``wrong_in`` and ``answer`` are added.
        found: on the same images.
        wrong_in: by how many.
    """
    table = given.assign(wrong_in=found.wrong, answer=found.answer)
    there = table["wrong_in"] == wrong_in
    return table[there].sort_values("loss", ascending=False, kind="stable")


def story_rows(
    given: pd.DataFrame,
    stories: pd.DataFrame,
    *,
    verdict: Verdict | None = None,
    since: int | None = None,
    lost: int | None = None,
) -> pd.DataFrame:
    """Examples of one kind of biography, the most often forgotten first, then by loss.

    Args:
        given: the viewed run's examples; the columns of `stories` are added.
        stories: of the same images, as `core.review.biographies.biographies`.
        verdict: of this verdict.
        since: or right for good since this epoch.
        lost: or forgotten so often. With all None: not always right.
    """
    if verdict is not None:
        there = stories["verdict"] == verdict
    elif since is not None:
        there = stories["learnt"].eq(since).fillna(False).astype(bool)
    elif lost is not None:
        there = stories["times_forgotten"] == lost
    else:
        there = stories["verdict"] != "always right"
    table = pd.concat([given, stories.drop(columns="position")], axis=1)
    order = ["times_forgotten", "loss"]
    return table[there.to_numpy()].sort_values(order, ascending=False, kind="stable")
