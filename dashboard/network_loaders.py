"""Networks of runs at their epochs, cached by ids, each used by one tab at a time."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import streamlit as st

from core.predictor import Predictor
from core.runs import Run, default_root


@contextmanager
def network(of: Run, epoch: int) -> Iterator[Predictor]:
    """The network of a run after an epoch, held while the block runs.

    Hooks and modes are changed inside a network while it is looked at: two tabs that look at the
    same one wait for each other.

    Raises:
        RunError: if the run, the epoch or its files are missing or damaged.
        ArchitectureError: if the weights are those of another network.
    """
    predictor, lock = _network(default_root(), of.id, epoch, of)
    with lock:
        yield predictor


# An epoch's weights never change; a network of 120,000 parameters takes half a megabyte.
@st.cache_resource(max_entries=16, show_spinner=False)
def _network(root: Path, run_id: str, epoch: int, _run: Run) -> tuple[Predictor, threading.Lock]:
    return Predictor.of(_run, epoch), threading.Lock()
