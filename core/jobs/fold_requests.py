"""K-fold trainings of a run: asked for, listed, and what they leave behind to be read.

The networks learn the labels as they are given, or with the decisions of a review, which lie beside
the result in a file of their own, ``<name>.overlay``: a review that goes on in rounds has a result
a round. `core.jobs.folding` does the work.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import RunError
from core.jobs import analysis as analyses
from core.jobs.analysis import Analysis, AnalysisState
from core.run_files import disk_errors, read_json, signature, write_atomic
from core.runs import Run
from core.runs.overlays import read_overlay

if TYPE_CHECKING:
    from core.datasets.overlay import Overlay
    from core.predictor import Predictor

KIND = "out_of_fold"


@dataclass(frozen=True)
class Folding:
    """A k-fold training of a run.

    Attributes:
        num_folds: networks to train, each on the rest of its fold.
        epochs: of each of them.
        decisions: digest of the `Overlay` that they learn with; None for the labels as given.
    """

    num_folds: int
    epochs: int
    decisions: str | None = None

    @property
    def analysis(self) -> Analysis:
        """The analysis that does it, as `fold_analysis` describes it; nothing is checked."""
        numbers = {"num_folds": self.num_folds, "epochs": self.epochs}
        learnt = {} if self.decisions is None else {"decisions": self.decisions}
        # No epoch of the run has a part in it; the untrained network is the one every run has.
        return Analysis(KIND, 0, numbers | learnt)


@dataclass(frozen=True)
class FoldNetwork:
    """One of the networks of a k-fold training.

    Attributes:
        folding: the training.
        fold: which the network has not learnt, and answers for; from 0.
    """

    folding: Folding
    fold: int


def fold_analysis(run: Run, num_folds: int, epochs: int, decisions: str | None = None) -> Analysis:
    """The analysis that gives every image of a run's train file an answer out of sample.

    Its result holds num_folds, epochs, num_images, accuracy and fold_accuracies (of the given
    labels, in [0, 1]), seconds, dataset, fingerprint, decisions (the digest), relabelled and
    left_out (images learnt under another label, and by no network), networks (how many are kept,
    for `fold_predictor`; results of before have none); its arrays are ``probabilities`` (N, K)
    float32 in the order of the train file, and ``fold`` (N,) int16.

    Args:
        run: whose network and recipe are trained; it stays as it is.
        num_folds: networks to train, each on the rest of its fold.
        epochs: of each of them.
        decisions: digest of the overlay that they learn with; None for the labels as given.

    Raises:
        ConfigError: if a number is out of range.
    """
    from core.datasets import entry
    from core.training.folds import check_folds

    check_folds(num_folds, epochs, entry(run.config.data.name).num_train)
    return Folding(num_folds, epochs, decisions).analysis


def request_folds(run: Run, folding: Folding, overlay: Overlay | None = None) -> AnalysisState:
    """Has it worked out, as `core.jobs.analysis.request` does.

    Args:
        run: whose network and recipe are trained.
        folding: how.
        overlay: the decisions whose digest it names; not needed where it was asked for before.

    Raises:
        ConfigError: if a number is out of range.
        RunError: if the decisions are not those of the digest, or neither given nor kept whole.
        DiskError: if the disk is full or read-only.
    """
    analysis = fold_analysis(run, folding.num_folds, folding.epochs, folding.decisions)
    path = _overlay_path(run, folding)
    if overlay is None and (folding.decisions is None or path.exists()):
        overlay_of_folds(run, folding)  # damaged ones are refused before anything is asked for
    elif overlay is None or overlay.digest != folding.decisions:
        raise RunError("the decisions have changed since; look at them again, then train")
    else:
        with disk_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, overlay.to_bytes())
    return analyses.request(run, analysis)


def foldings(run: Run) -> list[Folding]:
    """The k-fold trainings that were ever asked for, the last one first."""
    folder = Analysis(KIND, 0, {}).path(run).parent
    dated = [(signature(path), path) for path in folder.glob(f"{KIND}-*.request")]
    newest_first = sorted((seen, path) for seen, path in dated if seen is not None)[::-1]
    found = [_folding(read_json(path)) for _, path in newest_first]
    return [folding for folding in found if folding is not None]


def _folding(request: dict[str, Any] | None) -> Folding | None:
    """What a request asks for; None for one that nobody here has written."""
    arguments = (request or {}).get("arguments")
    if not isinstance(arguments, dict):
        return None
    num_folds, epochs = arguments.get("num_folds"), arguments.get("epochs")
    decisions = arguments.get("decisions")
    if not isinstance(num_folds, int) or not isinstance(epochs, int):
        return None
    if decisions is not None and not isinstance(decisions, str):
        return None
    return Folding(num_folds, epochs, decisions)


def overlay_of_folds(run: Run, folding: Folding) -> Overlay | None:
    """The decisions that its networks learn with; None for the labels as given.

    Raises:
        RunError: if they are missing or damaged.
    """
    path, learner = _overlay_path(run, folding), f"the k-fold training of run {run.id}"
    return read_overlay(path, folding.decisions, learner)


def _overlay_path(run: Run, folding: Folding) -> Path:
    return folding.analysis.path(run).with_suffix(".overlay")


def fold_predictor(run: Run, network: FoldNetwork) -> Predictor:
    """The network that has answered for a fold and has not learnt it.

    Raises:
        RunError: if it has not been kept (results of before have none), or is damaged.
        ArchitectureError: if the weights are those of another network.
    """
    import torch

    from core.predictor import Predictor

    folding = network.folding
    weights = analyses.arrays(run, folding.analysis, network_part(network.fold))
    tensors = {name: torch.from_numpy(values) for name, values in weights.items()}
    return Predictor.with_weights(run, tensors, folding.epochs)


def network_part(fold: int) -> str:
    """The part of the result's arrays that holds the weights of a fold's network."""
    return f"network_{fold:04d}"
