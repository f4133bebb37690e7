"""What silencing filters of a run does to its validation images, cached by ids and bounded."""

import threading
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import streamlit as st

from core.evaluation import IntArray
from core.inspection.ablation import Ablator
from core.jobs.analysis import Analysis, AnalysisState
from core.jobs.analysis import look as look_at
from core.jobs.analysis import request as request_of
from core.runs import Run, default_root
from dashboard import loaders
from dashboard.network_loaders import network

SPLIT = "validation"  # the test split is not for choosing what to take out of a network

Silenced = dict[str, tuple[int, ...]]  # layer -> its silenced filters


@dataclass(frozen=True, eq=False)  # eq would compare arrays element by element
class Effect:
    """What silencing some filters changes on the validation split.

    Attributes:
        classes: names by class index.
        num_images: of the split.
        correct: images read rightly, (before, after).
        per_class: class, support, before, after, change; shares in [0, 1].
        confusion: (K, K) counts after less before, rows true, columns predicted.
        flips: one row an image whose prediction changed: position, index, true, before, after,
            confidence_before, confidence_after, outcome.
    """

    classes: tuple[str, ...]
    num_images: int
    correct: tuple[int, int]
    per_class: pd.DataFrame
    confusion: IntArray
    flips: pd.DataFrame

    @property
    def accuracy(self) -> tuple[float, float]:
        """Share of images read rightly, (before, after)."""
        before, after = self.correct
        return before / self.num_images, after / self.num_images

    def flips_of(self, cell: tuple[int, int] | None) -> pd.DataFrame:
        """The flips into or out of a cell (true, predicted) of the matrix; all for None."""
        if cell is None:
            return self.flips
        table, (true, predicted) = self.flips, cell
        touches = (table["before"] == predicted) | (table["after"] == predicted)
        return table[(table["true"] == true) & touches].reset_index(drop=True)


def effect(of: Run, epoch: int, silenced: Silenced) -> Effect:
    """What silencing these filters changes; with none of them, nothing.

    Raises:
        UserError: if a layer or a filter does not exist, or the checkpoint is missing or damaged.
    """
    key = tuple(sorted((layer, tuple(sorted(chosen))) for layer, chosen in silenced.items()))
    return _effect(default_root(), of.id, epoch, key, of)


@st.cache_resource(max_entries=64, show_spinner=False)
def _effect(
    root: Path,
    run_id: str,
    epoch: int,
    silenced: tuple[tuple[str, tuple[int, ...]], ...],
    _run: Run,
) -> Effect:
    ablator, lock = _ablator(root, run_id, epoch, _run)
    # The network is the pages' own: whoever looks at it meanwhile must not see it changed.
    with network(_run, epoch) as asked, lock:
        measured = ablator.ablate(dict(silenced))
    return Effect(
        classes=asked.classes,
        num_images=len(measured.labels),
        correct=measured.correct,
        per_class=measured.per_class(asked.classes),
        confusion=measured.confusion_change(),
        flips=measured.flips(loaders.splits(_run).index(SPLIT).numpy()),
    )


# Each keeps a layer's outputs for the split: 20 MB for the classic network, 256 MB at the most.
@st.cache_resource(max_entries=2, show_spinner=False)
def _ablator(root: Path, run_id: str, epoch: int, _run: Run) -> tuple[Ablator, threading.Lock]:
    parts = loaders.splits(_run)
    images, labels = parts.images(SPLIT), parts.labels(SPLIT).numpy()
    with network(_run, epoch) as asked:
        return Ablator(asked.model, images, labels, asked.mean, asked.std), threading.Lock()


def importance(of: Run, epoch: int, layer: str, *, start: bool = False) -> AnalysisState:
    """How far the importance sheet of a layer is; with `start` it is worked out if it is absent.

    Raises:
        UserError: if it cannot be started.
    """
    wanted = Analysis("importance", epoch, {"layer": layer})
    return request_of(of, wanted) if start else look_at(of, wanted)


def importance_table(state: AnalysisState) -> pd.DataFrame:
    """One row a filter, the most accuracy lost first; what the analysis "importance" yields."""
    table = pd.DataFrame(state.result["filters"])
    return table.sort_values(
        ["accuracy_lost", "loss_added"], ascending=False, kind="stable", ignore_index=True
    )


def accuracy_lost(state: AnalysisState) -> dict[int, float] | None:
    """Filter -> accuracy lost without it; None where the sheet is not there."""
    if state.state != "done":
        return None
    return {int(row["filter"]): float(row["accuracy_lost"]) for row in state.result["filters"]}


def maximised(
    of: Run, epoch: int, layer: str, channel: int, *, start: bool = False
) -> AnalysisState:
    """How far the image that excites a filter most is; with `start` it is worked out.

    Raises:
        UserError: if it cannot be started.
    """
    wanted = Analysis("maximised", epoch, {"layer": layer, "channel": channel})
    return request_of(of, wanted) if start else look_at(of, wanted)


def importance_view(state: AnalysisState) -> pd.DataFrame:
    """The sheet as it is shown, shares in per cent."""
    table = importance_table(state)
    flags = [
        "dead" if dead else "" if pd.isna(twin) else f"≈ {int(twin)}"
        for dead, twin in zip(table["dead"], table["duplicate_of"], strict=True)
    ]
    return pd.DataFrame(
        {
            "Filter": table["filter"],
            "Accuracy lost": table["accuracy_lost"] * 100,
            "Loss added": table["loss_added"],
            "Class hurt most": table["class_hurt"],
            "Its recall lost": table["recall_lost"] * 100,
            "Flag": flags,
        }
    )
