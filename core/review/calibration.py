"""Whether a network's confidence can be believed: of the answers given with 0.9, are 9 in 10 right?

A network is calibrated if, among the images it answers with confidence p, a share of p is answered
right. Everything here reads saved probabilities; nothing asks the network again. pandas, scipy and
scikit-learn are imported only where they are needed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from core.errors import RunError
from core.evaluation import SMALLEST, check_probabilities
from core.review.proportions import wilson

if TYPE_CHECKING:
    import pandas as pd

FloatArray = NDArray[np.float64]
Scheme = Literal["equal width", "equal mass"]
SCHEMES: tuple[Scheme, ...] = ("equal width", "equal mass")

NUM_BINS = 15  # Guo et al. 2017 use as many
MOST_BINS = 100
TEMPERATURES = (0.05, 20.0)  # far beyond what networks need; Guo et al. report 1 to 3


def log_probabilities(probabilities: NDArray[Any]) -> FloatArray:
    """Natural logarithms (N, K) of saved probabilities (N, K), every row summing to 1 again.

    Half precision rounds 0.9998 to 1, but keeps the small probabilities to three digits: the sum
    of a row tells what its largest lost. A saved 0 counts as 2⁻²⁴, the smallest number above it.

    Raises:
        RunError: if a probability is not a finite number, or they are no table.
    """
    check_probabilities(None, probabilities)
    values = np.maximum(probabilities.astype(np.float64), SMALLEST)
    logs: FloatArray = np.log(values) - np.log(values.sum(1, keepdims=True))
    return logs


def tempered(probabilities: NDArray[Any], temperature: float) -> FloatArray:
    """Probabilities (N, K), float64, of the network whose logits are divided by `temperature`.

    softmax(z / T), where ln p stands for the logits z: they differ by a constant in each row, which
    softmax does not see. The order of the classes, so every prediction, stays; above 1 answers
    become less sure, below 1 surer, and 1 changes nothing but what rounding took away.
    """
    logs = log_probabilities(probabilities) / temperature
    logs -= logs.max(1, keepdims=True)
    shares = np.exp(logs, out=logs)
    shares /= shares.sum(1, keepdims=True)
    return shares


@dataclass(frozen=True)
class Temperature:
    """What `fit_temperature` has found.

    Attributes:
        value: T, in [0.05, 20]; 1 leaves the answers as they are.
        at_limit: whether a temperature beyond the limits would fit even better: every answer is
            right, or the answers say nothing.
        images: how many it was fitted on.
    """

    value: float
    at_limit: bool
    images: int


def fit_temperature(labels: NDArray[Any], probabilities: NDArray[Any]) -> Temperature:
    """The temperature T that makes the labels most likely: least is the mean of −ln softmax(z/T).

    Fit it on images that the network has not learnt from, and that the result is not reported on.
    The likelihood is concave in 1/T, so there is one minimum. Guo et al., On Calibration of Modern
    Neural Networks, ICML 2017.

    Raises:
        RunError: if a probability is not a finite number, or the sizes do not agree.
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import logsumexp

    logs = log_probabilities(probabilities)
    _check_sizes(labels, logs)
    if not len(labels) or logs.shape[1] < 2:
        return Temperature(1.0, False, len(labels))
    own = logs[np.arange(len(labels)), labels]

    def loss(log_temperature: float) -> float:
        scale = math.exp(-log_temperature)
        return float((logsumexp(logs * scale, axis=1) - own * scale).mean())

    low, high = (math.log(limit) for limit in TEMPERATURES)
    inside = float(minimize_scalar(loss, bounds=(low, high), method="bounded").x)
    best = min((low, high, inside), key=loss)
    return Temperature(math.exp(best), best != inside, len(labels))


def reliability(
    confidence: FloatArray,
    correct: NDArray[np.bool_],
    num_bins: int = NUM_BINS,
    scheme: Scheme = "equal width",
) -> pd.DataFrame:
    """The reliability diagram as a table, one row a bin, ascending.

    Columns:

    - bin: number of the row, from 0;
    - low, high: confidences in (low, high] belong to it, and those of 0 to the first;
    - images, errors: counts;
    - confidence: mean confidence, in [0, 1]; NaN without images;
    - accuracy: share of right answers, in [0, 1]; NaN without images;
    - gap: accuracy less confidence; below 0 the network is surer than it should be;
    - accuracy_low, accuracy_high: 95 % interval of the accuracy (Wilson 1927); NaN without images.

    DeGroot and Fienberg 1983; bins of equal mass after Nguyen and O'Connor 2015.

    Args:
        confidence: (N,) probability of each answer, in [0, 1].
        correct: (N,) whether the answer is right.
        num_bins: in [1, 100].
        scheme: ``equal width`` divides [0, 1] evenly; ``equal mass`` puts as many images into each
            bin as equal confidences allow, so there may be fewer bins, and none is empty.

    Raises:
        RunError: if the sizes do not agree, or `num_bins` is out of range.
    """
    import pandas as pd

    _check_sizes(correct, confidence)
    if not 1 <= num_bins <= MOST_BINS:
        raise RunError(f"num_bins must lie in [1, {MOST_BINS}], got {num_bins}")
    edges = np.linspace(0, 1, num_bins + 1)
    if scheme == "equal mass":
        edges = _equal_mass_edges(confidence, num_bins)
    bins, size = bin_of(confidence, edges), len(edges) - 1
    images = np.bincount(bins, minlength=size)
    right = np.bincount(bins, weights=correct, minlength=size).astype(np.int64)
    some = np.where(images > 0, images, np.nan)
    said = np.bincount(bins, weights=confidence, minlength=size) / some
    low, high = wilson(right, images)
    return pd.DataFrame(
        {
            "bin": np.arange(size),
            "low": edges[:-1],
            "high": edges[1:],
            "images": images,
            "errors": images - right,
            "confidence": said,
            "accuracy": right / some,
            "gap": right / some - said,
            "accuracy_low": low,
            "accuracy_high": high,
        }
    )


def bin_of(confidence: FloatArray, edges: FloatArray) -> NDArray[np.int64]:
    """The number (N,) of each confidence's bin: the first with ``confidence <= high``.

    Args:
        confidence: (N,) in [0, 1].
        edges: (B + 1,), ascending.
    """
    return np.searchsorted(edges[1:-1], confidence, side="left")


def _equal_mass_edges(confidence: FloatArray, num_bins: int) -> FloatArray:
    """Edges (B + 1,) with equally many images between them, as far as equal confidences allow.

    From the top, where a good network's confidences crowd: what one value takes too much of, the
    bins below share among themselves.
    """
    ascending = np.sort(confidence)
    edges = [1.0]
    left, end = num_bins, len(ascending)
    while left > 1 and end:
        start = min(round(end - end / left), end - 1)  # at least one image
        # All images of one confidence are in one bin: what lies at the border goes to the upper.
        end = int(np.searchsorted(ascending, ascending[start], side="left"))
        left -= 1
        if end:
            edges.append(float(ascending[end - 1]))
    return np.array([0.0, *edges[::-1]])


def calibration_error(table: pd.DataFrame) -> float:
    """Expected calibration error in [0, 1]: Σ n_b / N · |accuracy_b − confidence_b|.

    Of a table of `reliability`; NaN without images. Naeini et al. 2015, Guo et al. 2017. It depends
    on the bins: compare only numbers of the same ones.
    """
    total = int(table["images"].sum())
    if not total:
        return math.nan
    return float((table["images"] * table["gap"].abs().fillna(0.0)).sum() / total)


@dataclass(frozen=True)
class Scores:
    """How good probabilities are, as numbers.

    Attributes:
        accuracy: share of right answers, in [0, 1].
        confidence: mean probability of the answers, in [0, 1].
        calibration_error: expected, in [0, 1], over the bins asked for.
        brier: mean of Σ_k (p_k − [k is the label])², in [0, 2]. Brier 1950.
        loss: mean cross-entropy, in nats, the negative log-likelihood.
    """

    accuracy: float
    confidence: float
    calibration_error: float
    brier: float
    loss: float


def scores(
    labels: NDArray[Any],
    probabilities: NDArray[Any],
    num_bins: int = NUM_BINS,
    scheme: Scheme = "equal width",
) -> Scores:
    """The scores of probabilities (N, K) whose rows sum to 1, as `tempered` gives them.

    All are NaN where there are no images.

    Raises:
        RunError: if the sizes do not agree.
    """
    from sklearn.metrics import brier_score_loss, log_loss

    _check_sizes(labels, probabilities)
    if not len(labels):
        return Scores(*[math.nan] * 5)
    predicted, num_classes = probabilities.argmax(1), probabilities.shape[1]
    confidence = probabilities[np.arange(len(labels)), predicted]
    table = reliability(confidence, predicted == labels, num_bins, scheme)
    names, alone = range(num_classes), num_classes == 1  # scikit-learn refuses a single class
    brier = (
        0.0 if alone else brier_score_loss(labels, probabilities, labels=names, scale_by_half=False)
    )
    return Scores(
        accuracy=float((predicted == labels).mean()),
        confidence=float(confidence.mean()),
        calibration_error=calibration_error(table),
        brier=float(brier),
        loss=0.0 if alone else float(log_loss(labels, probabilities, labels=names)),
    )


def _check_sizes(labels: NDArray[Any], values: NDArray[Any]) -> None:
    if len(labels) != len(values):
        raise RunError(f"there are {len(labels):,} labels, but answers to {len(values):,} images")
