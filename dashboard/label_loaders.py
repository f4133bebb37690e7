"""Label suspects, scores as decided, and runs trained again: cached by ids, bounded.

What is cached here is shared between all tabs: treat it as read-only. Suspects of validation and
test come from the probabilities that the run has saved: it has not learnt from those images. Those
of the train file come from k-fold training, an analysis in the run's folder.
"""

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from core import datasets, evaluation
from core.config import RunConfig
from core.datasets.overlay import Effect, Overlay
from core.errors import UserError
from core.jobs.fold_requests import Folding
from core.review.annotations import Annotations, file_of
from core.review.scores import scores_of
from core.review.suspects import suspects as ranked
from core.runs import Run, RunSummary, default_root
from dashboard import answer_loaders, fold_loaders, loaders, review_loaders
from dashboard.answer_record import check_version
from dashboard.live_changes import requested_config
from dashboard.text import counted


@dataclass(frozen=True)
class Source:
    """Which labels are looked at, and what tells which of them are doubtful.

    Attributes:
        epoch: whose saved probabilities are asked; 0 of train, which has k-fold training instead.
        split: test, validation or train.
        num_folds: into how many parts train is dealt; 0 of the others.
        epochs: that each of its networks is trained for; 0 of the others.
        decisions: digest of those that its networks learn with; None for the labels as given.
    """

    epoch: int
    split: str
    num_folds: int
    epochs: int
    decisions: str | None = None

    @property
    def folding(self) -> Folding:
        """The k-fold training that tells which labels of train are doubtful."""
        return Folding(self.num_folds, self.epochs, self.decisions)

    @property
    def file(self) -> str:
        """The file that the images' indices count in."""
        return file_of(self.split)

    @property
    def told(self) -> str:
        """What answers, in a few words."""
        if self.split == "train":
            told = f"train, {self.num_folds} folds of {counted(self.epochs, 'epoch')}"
            return told if self.decisions is None else f"{told}, with decisions"
        return f"{self.split}, epoch {self.epoch}"


@dataclass(frozen=True, eq=False)  # eq would compare tables element by element
class Doubted:
    """Every label of a source, the most doubtful first.

    Attributes:
        table: rows of `core.evaluation.examples` with the columns of `core.review.suspects`.
        probabilities: (N, K) in the rows' positions, out of sample.
        folds: (N,) by index, which network of the k-fold training has answered; None where it is
            the run's own, or those networks are not kept.
    """

    table: pd.DataFrame
    probabilities: NDArray[np.float32]
    folds: NDArray[np.int16] | None = None


def doubted(of: Run, source: Source) -> Doubted:
    """The labels of a source, ranked.

    Raises:
        UserError: if the probabilities are missing or damaged, or the data set is.
    """
    return _doubted(default_root(), of.id, source, _kept(of, source), of)


# 10 MB for the 60,000 training images of MNIST.
@st.cache_resource(max_entries=16, show_spinner="Looking for labels that may be wrong …")
def _doubted(root: Path, run_id: str, source: Source, kept: object, _run: Run) -> Doubted:
    folds = None
    if source.split == "train":
        examples, values, folds = _out_of_fold(_run, source)
    else:
        examples = answer_loaders.answers(_run, source.epoch, source.split).examples
        values = answer_loaders.probabilities(run_id, source.epoch, source.split)
    classes = review_loaders.dataset_of(_run).classes
    found = ranked(examples["true"].to_numpy(), values, examples["index"].to_numpy(), classes)
    more = found.drop(columns=[name for name in found if name in examples and name != "index"])
    return Doubted(more.merge(examples, on="index", how="left", validate="1:1"), values, folds)


def _out_of_fold(
    of: Run, source: Source
) -> tuple[pd.DataFrame, NDArray[np.float32], NDArray[np.int16] | None]:
    data = review_loaders.dataset_of(of)
    labels = data.train_labels.numpy()
    found = fold_loaders.answers(of, source.folding)
    values = found.probabilities
    check_version(of, data, len(labels), values, source.told)
    return evaluation.examples(labels, values, np.arange(len(labels))), values, found.folds


def _kept(of: Run, source: Source) -> object:
    """What changes when the k-fold training is done anew."""
    return fold_loaders.kept(of, source.folding) if source.split == "train" else None


def scores(of: Run, source: Source) -> pd.DataFrame:
    """The score with and without what is marked, as `core.review.scores` describes it.

    Nothing is marked where the review file cannot be read.

    Raises:
        UserError: if the probabilities cannot be used.
    """
    seen = _kept(of, source), review_loaders.seen(of)
    known, problem = review_loaders.annotations_or_none(of)
    # The same file may be read the next time.
    return _scores(default_root(), of.id, source, seen, problem is None, of, known)


@st.cache_resource(max_entries=64, show_spinner=False)
def _scores(
    root: Path, run_id: str, source: Source, seen: Any, readable: bool, _run: Run,
    _known: Annotations,
) -> pd.DataFrame:  # fmt: skip
    decided = _known.decisions.get(source.file, {})
    return scores_of(doubted(_run, source).table, decided)


def effect(of: Run, overlay: Overlay) -> Effect:
    """What decisions change for a run of the same configuration.

    Raises:
        ReviewError: if they leave nothing to learn from.
    """
    return _effect(of.config.data.model_dump_json(), overlay.digest, of, overlay)


@st.cache_resource(max_entries=32, show_spinner=False)
def _effect(data_config: str, digest: str, _run: Run, _overlay: Overlay) -> Effect:
    given = datasets.split(loaders.dataset(_run.config.data.name), _run.config.data)
    return _overlay.effect(given)


@dataclass(frozen=True)
class Relative:
    """A run that differs from another one in the labels that it learns, and in nothing else.

    Attributes:
        summary: its line of the list.
        overlay_digest: of the decisions that it learns with; None for the labels as given.
        changed: whether its settings became what they are while it trained.
    """

    summary: RunSummary
    overlay_digest: str | None
    changed: bool


def settings(of: Run) -> RunConfig:
    """What a run has been asked to be trained with at last: extended, and changed on the way."""
    return requested_config(of.config, of.control())


def changed_while_training(of: Run) -> bool:
    """Whether some of its epochs were learnt with other settings than `settings`."""
    return bool(loaders.curve(of).changes)


def relatives(of: Run) -> list[Relative]:
    """Runs of the same settings that learn other labels than this one, the newest first."""
    found, wanted = [], settings(of)
    for summary in loaders.summaries():
        if summary.id == of.id or summary.dataset != of.config.data.name:
            continue
        with contextlib.suppress(UserError):  # deleted meanwhile, or unreadable
            config, digest = _learnt(default_root(), summary.id)
            if digest == of.overlay_digest or config.model != wanted.model:
                continue
            other = loaders.run(summary.id)
            if settings(other) == wanted:
                found.append(Relative(summary, digest, changed_while_training(other)))
    return found


# A run's config.json never changes: not for each of a thousand runs at every repaint.
@st.cache_resource(max_entries=4096, show_spinner=False)
def _learnt(root: Path, run_id: str) -> tuple[RunConfig, str | None]:
    """What a run computes, and the digest of the decisions it learns with."""
    run = loaders.run(run_id)
    return run.config, run.overlay_digest
