"""K-fold trainings, what they answer and the decisions they learn with: cached by ids, bounded.

What is cached here is shared between all tabs: treat it as read-only.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.datasets import Splits
from core.datasets.overlay import Overlay
from core.jobs import analysis as analyses
from core.jobs.analysis import AnalysisState
from core.jobs.fold_requests import (
    Folding,
    FoldNetwork,
    foldings,
    overlay_of_folds,
    request_folds,
)
from core.review import annotations as annotating
from core.review.annotations import Annotations
from core.review.decisions import overlay_of
from core.run_files import signature
from core.runs import Run, default_root
from core.training.folds import fold_splits
from dashboard import loaders, review_loaders


@dataclass(frozen=True, eq=False)  # eq would compare arrays element by element
class FoldAnswers:
    """What the networks of a k-fold training answer.

    Attributes:
        probabilities: (N, K) in the order of the train file.
        folds: (N,) which network has answered, from 0; None where the networks are not kept.
    """

    probabilities: NDArray[np.float32]
    folds: NDArray[np.int16] | None


def look(of: Run, folding: Folding) -> AnalysisState:
    """How far a k-fold training is; starts nothing."""
    return analyses.look(of, folding.analysis)


def at_work(of: Run, folding: Folding) -> Folding | None:
    """Another k-fold training of the run that is at work, where this one is not even begun."""
    if look(of, folding).state in ("working", "done"):
        return None
    others = (one for one in foldings(of) if one != folding)
    return next((one for one in others if look(of, one).state == "working"), None)


def start(of: Run, folding: Folding) -> AnalysisState:
    """Has the networks trained, or goes on with them.

    Raises:
        UserError: if that cannot be started, or its decisions are neither kept nor those of now.
    """
    so_far = decisions_so_far(of)
    same = so_far is not None and so_far.digest == folding.decisions
    return request_folds(of, folding, so_far if same else None)


def again(of: Run, folding: Folding) -> AnalysisState:
    """Lets answers go that cannot be read, and trains the networks anew.

    Raises:
        UserError: if that cannot be started.
    """
    analyses.discard(of, folding.analysis)
    return start(of, folding)


def stop(of: Run, folding: Folding) -> None:
    """Asks for its end; what has been trained is kept.

    Raises:
        DiskError: if the disk is full or read-only.
    """
    analyses.stop(of, folding.analysis)


def answers(of: Run, folding: Folding) -> FoldAnswers:
    """What the networks answer, as it is kept; not cached.

    Raises:
        RunError: if it is missing or damaged.
    """
    wanted = folding.analysis
    kept = analyses.arrays(of, wanted)
    none = np.zeros((0, 0), np.float32)
    networks = (analyses.look(of, wanted).result or {}).get("networks")
    return FoldAnswers(kept.get("probabilities", none), kept.get("fold") if networks else None)


def kept(of: Run, folding: Folding) -> object:
    """What changes when a k-fold training is done anew."""
    return signature(folding.analysis.path(of))


def last(of: Run) -> Folding | None:
    """The k-fold training that was asked for last; None if there was none."""
    return next(iter(foldings(of)), None)


def rounds(of: Run, folding: Folding) -> list[Folding]:
    """The trainings of as many folds and epochs that learn with decisions, the first one first."""
    asked = [one for one in foldings(of) if one.decisions is not None]
    return [one for one in asked if one == replace(folding, decisions=one.decisions)][::-1]


def was_asked_for(of: Run, folding: Folding) -> bool:
    """Whether exactly this training was ever asked for."""
    return folding in foldings(of)


def learnt(of: Run, folding: Folding) -> Overlay | None:
    """The decisions that its networks learn with; None for the labels as given.

    Raises:
        RunError: if they are missing or damaged.
    """
    if folding.decisions is None:
        return None
    so_far = decisions_so_far(of)
    if so_far is not None and so_far.digest == folding.decisions:
        return so_far
    return _learnt(default_root(), of.id, folding, of)


@st.cache_resource(max_entries=32, show_spinner=False)
def _learnt(root: Path, run_id: str, folding: Folding, _run: Run) -> Overlay | None:
    return overlay_of_folds(_run, folding)


def decisions_so_far(of: Run) -> Overlay | None:
    """What decisions change of the train file by now; None where that is nothing.

    Ambiguous images are left out, like those of which that was decided.
    """
    path = annotating.path_of(review_loaders.dataset_of(of))
    seen = review_loaders.seen(of)
    known, problem = review_loaders.annotations_or_none(of)
    if problem is not None:
        return None  # not kept: the same file may be read the next time
    found = _so_far(path, seen, known.fingerprint, known)
    return found if found.num_images else None


@st.cache_resource(max_entries=8, show_spinner=False)
def _so_far(path: Path, seen: object, fingerprint: str, _known: Annotations) -> Overlay:
    return overlay_of(_known, leave_out_ambiguous=True)


def splits(of: Run, network: FoldNetwork) -> Splits:
    """What the network of a fold has learnt, as ``train``, and its fold, as ``validation``.

    Raises:
        UserError: if the decisions that it has learnt are missing, or the data set is.
    """
    return _splits(default_root(), of.id, network, of)


@st.cache_resource(max_entries=8, show_spinner=False)
def _splits(root: Path, run_id: str, network: FoldNetwork, _run: Run) -> Splits:
    data, folding = loaders.dataset(_run.config.data.name), network.folding
    overlay = learnt(_run, folding)
    return fold_splits(_run.config, data, folding.num_folds, network.fold, overlay)
