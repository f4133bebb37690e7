"""What changes from one result to another, and what decisions did: cached by ids, bounded.

What is cached here is shared between all tabs: treat it as read-only.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from core.review.flips import Flips, Outcome, class_flips, flips
from core.review.marks import file_of
from core.review.score_pairs import paired_scores
from core.run_files import Signature
from core.runs import Run, default_root
from dashboard import answer_loaders, loaders, review_loaders
from dashboard.history_loaders import check_same_split


@dataclass(frozen=True)
class Result:
    """A run's answers at an epoch.

    Attributes:
        run: whose.
        epoch: after which epoch.
    """

    run: Run
    epoch: int

    @property
    def ids(self) -> tuple[Path, str, int]:
        """What tells it from others."""
        return default_root(), self.run.id, self.epoch


@dataclass(frozen=True, eq=False)  # eq would compare tables element by element
class FlipTables:
    """Flips, and their count by class.

    Attributes:
        flips: of every image.
        by_class: as `core.review.flips.class_flips`.
        classes: names by class index.
    """

    flips: Flips
    by_class: pd.DataFrame
    classes: tuple[str, ...]


def flips_between(before: Result, after: Result, split: str) -> FlipTables:
    """What becomes of each image of a split from result A to result B.

    Raises:
        UserError: if an answer cannot be read, or they are about different images.
    """
    return _flips(before.ids, after.ids, split, before, after)


@st.cache_resource(max_entries=16, show_spinner=False)
def _flips(a: object, b: object, split: str, _before: Result, _after: Result) -> FlipTables:
    check_same_split(_before.run, _after.run, split)
    one, other = (
        answer_loaders.answers(result.run, result.epoch, split) for result in (_before, _after)
    )
    found = flips(one.examples, other.examples)
    return FlipTables(found, class_flips(found.table, len(other.classes)), other.classes)


def rows(found: FlipTables, outcome: Outcome | None, label: int | None) -> pd.DataFrame:
    """The images of an outcome, the most confident error first; None for all flips."""
    table = found.flips.table
    wanted = ["fixed", "broken"] if outcome is None else [outcome]
    there = table["outcome"].isin(wanted)
    if label is not None:
        there &= table["true"] == label
    return table[there].sort_values("wrong_confidence", ascending=False, kind="stable")


def decided_scores(before: Result, after: Result, split: str) -> pd.DataFrame:
    """Both results' scores as labelled and as decided, as `core.review.score_pairs`.

    Raises:
        UserError: if the answers or the review file cannot be read.
    """
    seen = review_loaders.seen(after.run)
    return _scores(before.ids, after.ids, split, seen, before, after)


@st.cache_resource(max_entries=64, show_spinner=False)
def _scores(
    a: object, b: object, split: str, seen: Signature | None, _before: Result, _after: Result
) -> pd.DataFrame:
    decided = review_loaders.annotations(_after.run).decisions.get(file_of(split), {})
    one, other = (
        answer_loaders.answers(result.run, result.epoch, split).examples
        for result in (_before, _after)
    )
    return paired_scores(one, other, decided)


def num_decisions(of: Run, split: str) -> int:
    """How many images of a split are marked as mislabelled, ambiguous or left out.

    Raises:
        UserError: if the review file cannot be read.
    """
    decided = review_loaders.annotations(of).decisions.get(file_of(split), {})
    marked = [index for index, one in decided.items() if one.objects]
    return int(np.isin(loaders.splits(of).index(split).numpy(), marked).sum())
