"""Networks of runs at their epochs, cached by ids, each used by one tab at a time."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import streamlit as st

from core.jobs.fold_requests import FoldNetwork, fold_predictor
from core.predictor import Predictor
from core.runs import Run, default_root


@contextmanager
def network(of: Run, epoch: int, judge: FoldNetwork | None = None) -> Iterator[Predictor]:
    """The network of a run after an epoch, held while the block runs.

    Hooks and modes are changed inside a network while it is looked at: two tabs that look at the
    same one wait for each other.

    Args:
        of: whose.
        epoch: after which.
        judge: one of the networks of a k-fold training of the run, to be taken instead.

    Raises:
        RunError: if the run, the epoch or its files are missing or damaged.
        ArchitectureError: if the weights are those of another network.
    """
    if judge is None:
        predictor, lock = _network(default_root(), of.id, epoch, of)
    else:
        predictor, lock = _judge(default_root(), of.id, judge, of)
    with lock:
        yield predictor


# Trained anew, it has bitwise the same weights. 20 is `core.training.folds.MOST_FOLDS`.
@st.cache_resource(max_entries=20, show_spinner=False)
def _judge(
    root: Path, run_id: str, judge: FoldNetwork, _run: Run
) -> tuple[Predictor, threading.Lock]:
    return fold_predictor(_run, judge), threading.Lock()


# An epoch's weights never change; a network of 120,000 parameters takes half a megabyte.
@st.cache_resource(max_entries=16, show_spinner=False)
def _network(root: Path, run_id: str, epoch: int, _run: Run) -> tuple[Predictor, threading.Lock]:
    return Predictor.of(_run, epoch), threading.Lock()
