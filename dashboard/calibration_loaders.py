"""Calibration of a run at an epoch, cached by ids; what is cached is shared: treat it as read-only.

A group of images stands in the address as ``bin:14-15-width`` (bin 14 of 15 of equal width, with
``-scaled`` for confidences after temperature scaling).
"""

import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from core.review import calibration
from core.review.calibration import NUM_BINS, Scheme, Scores, Temperature
from core.review.coverage import coverage_curve
from core.runs import Run, default_root
from dashboard import answer_loaders
from dashboard.cells import Choice, images_of, wrong_first

FEWEST_BINS, MOST_BINS = 2, 40  # more would be lines
# What the address calls the ways to divide confidences into bins.
BINNINGS: dict[str, Scheme] = {"width": "equal width", "mass": "equal mass"}
_BIN = re.compile(r"bin:([0-9]{1,2})-([0-9]{1,3})-(width|mass)(-scaled)?")


@dataclass(frozen=True)
class Settings:
    """How confidences are looked at.

    Attributes:
        scheme: how they are divided into bins.
        num_bins: into how many.
        scaled: whether after temperature scaling.
    """

    scheme: Scheme = "equal width"
    num_bins: int = NUM_BINS
    scaled: bool = False

    def group(self, number: int) -> str:
        """What the address calls the images of a bin."""
        scheme = next(short for short, scheme in BINNINGS.items() if scheme == self.scheme)
        return f"bin:{number}-{self.num_bins}-{scheme}" + ("-scaled" if self.scaled else "")


def bin_of(group: str | None) -> tuple[int, Settings] | None:
    """The bin that a group means, and under which settings; None for other groups."""
    match = _BIN.fullmatch(group or "")
    if match is None or not FEWEST_BINS <= int(match[2]) <= MOST_BINS:
        return None
    return int(match[1]), Settings(BINNINGS[match[3]], int(match[2]), match[4] is not None)


def temperature(of: Run, epoch: int) -> Temperature:
    """The temperature of a run's network at an epoch, fitted on the validation split.

    Raises:
        UserError: if the saved probabilities cannot be used.
    """
    return _temperature(default_root(), of.id, epoch, of)


@st.cache_resource(max_entries=128, show_spinner=False)
def _temperature(root: Path, run_id: str, epoch: int, _run: Run) -> Temperature:
    labels = answer_loaders.answers(_run, epoch, "validation").examples["true"].to_numpy()
    return calibration.fit_temperature(
        labels, answer_loaders.probabilities(run_id, epoch, "validation")
    )


@dataclass(frozen=True, eq=False)  # eq would compare tables element by element
class Diagram:
    """A reliability diagram and the images behind it.

    Attributes:
        table: as `core.review.calibration.reliability` describes it.
        bins: (N,) the bin of each image.
        rows: one row an image, as `core.evaluation.examples`; after temperature scaling with the
            scaled confidence, else with the saved one, as on every page.
        scores: of the same probabilities.
    """

    table: pd.DataFrame
    bins: NDArray[np.int64]
    rows: pd.DataFrame
    scores: Scores


def diagram(of: Run, epoch: int, split: str, settings: Settings) -> Diagram:
    """The diagram of a split at an epoch.

    Raises:
        UserError: if the saved probabilities cannot be used.
    """
    return _diagram(default_root(), of.id, epoch, split, settings, of)


@st.cache_resource(max_entries=16, show_spinner=False)
def _diagram(
    root: Path, run_id: str, epoch: int, split: str, settings: Settings, _run: Run
) -> Diagram:
    shares = _shares(root, run_id, epoch, split, settings.scaled, _run)
    rows = answer_loaders.answers(_run, epoch, split).examples
    confidence = shares[np.arange(len(rows)), rows["predicted"].to_numpy()]
    labels, how = rows["true"].to_numpy(), (settings.num_bins, settings.scheme)
    table = calibration.reliability(confidence, rows["correct"].to_numpy(), *how)
    edges = np.append(table["low"], 1.0)
    return Diagram(
        table=table,
        bins=calibration.bin_of(confidence, edges),
        rows=rows.assign(confidence=confidence) if settings.scaled else rows,
        scores=calibration.scores(labels, shares, *how),
    )


def before_and_after(of: Run, epoch: int, split: str, settings: Settings) -> tuple[Scores, Scores]:
    """The scores as answered, and after temperature scaling, over the same kind of bins.

    Raises:
        UserError: if the saved probabilities cannot be used.
    """
    plain, scaled = (
        diagram(of, epoch, split, replace(settings, scaled=scaled)).scores
        for scaled in (False, True)
    )
    return plain, scaled


@st.cache_resource(max_entries=4, show_spinner=False)
def _shares(
    root: Path, run_id: str, epoch: int, split: str, scaled: bool, _run: Run
) -> NDArray[np.float64]:
    """Probabilities (N, K): as answered, or with the fitted temperature."""
    degree = temperature(_run, epoch).value if scaled else 1.0
    return calibration.tempered(answer_loaders.probabilities(run_id, epoch, split), degree)


def coverage(of: Run, epoch: int, split: str) -> pd.DataFrame:
    """As `core.review.coverage.coverage_curve`, of the confidences as they are saved.

    Raises:
        UserError: if the saved probabilities cannot be used.
    """
    return _coverage(default_root(), of.id, epoch, split, of)


@st.cache_resource(max_entries=32, show_spinner=False)
def _coverage(root: Path, run_id: str, epoch: int, split: str, _run: Run) -> pd.DataFrame:
    rows = answer_loaders.answers(_run, epoch, split).examples
    return coverage_curve(rows["confidence"].to_numpy(), rows["correct"].to_numpy())


def images_of_bin(shown: Diagram, number: int) -> pd.DataFrame:
    """The rows of a bin, wrong ones first, the surest of them leading."""
    return wrong_first(shown.rows[shown.bins == number])


def wrong_from(of: Run, epoch: int, split: str, threshold: float) -> pd.DataFrame:
    """The rows that are answered at a threshold, and wrong, the surest first.

    Raises:
        UserError: if the saved probabilities cannot be used.
    """
    rows = answer_loaders.answers(of, epoch, split).examples
    return wrong_first(rows[(rows["confidence"] >= threshold) & ~rows["correct"]])


def unanswered(of: Run, epoch: int, split: str, threshold: float) -> pd.DataFrame:
    """The rows that are not answered at a threshold, those first that would be wrong.

    Raises:
        UserError: if the saved probabilities cannot be used.
    """
    given = answer_loaders.answers(of, epoch, split)
    return images_of(given.examples, Choice(unsure=(None,)), threshold, len(given.classes))
