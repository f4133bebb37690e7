"""What a network answers on a split, and how right it is.

Rows of a confusion matrix are true classes, columns predicted ones. Tables are pandas frames, so
that a notebook can use them too; pandas and scikit-learn are imported only where they are needed,
because a training process needs neither.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.errors import RunError
from core.preprocessing import network_input

if TYPE_CHECKING:
    import pandas as pd

BATCH_SIZE = (
    500  # 250 to 500 keep the maps in the processor's cache; all at once takes twice as long
)

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float32]


@contextmanager
def evaluating(model: nn.Module) -> Iterator[nn.Module]:
    """The model in evaluation mode; every module's own mode is restored afterwards."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield model
    finally:
        for module, mode in modes:
            module.training = mode


@torch.inference_mode()
def predict_logits(
    model: nn.Module,
    images: Tensor,
    mean: Sequence[float],
    std: Sequence[float],
    batch_size: int = BATCH_SIZE,
) -> Tensor:
    """Logits (N, K) float32, on the images' device, for images (N, C, H, W) uint8."""
    with evaluating(model):
        parts = [
            model(network_input(batch, mean, std)) for batch in torch.split(images, batch_size)
        ]
    return torch.cat(parts).float()


def predict(
    model: nn.Module,
    images: Tensor,
    mean: Sequence[float],
    std: Sequence[float],
    batch_size: int = BATCH_SIZE,
) -> Tensor:
    """Probabilities (N, K) float32 in [0, 1], on the CPU, for images (N, C, H, W) uint8."""
    return predict_logits(model, images, mean, std, batch_size).softmax(1).cpu()


def to_half(probabilities: Tensor) -> Tensor:
    """Probabilities (N, K) as float16, with the same prediction in every row.

    Rounding can make the two largest values equal, and argmax would then name the other class;
    the predicted one is moved up by one unit in the last place there.
    """
    half = probabilities.half()
    predicted = probabilities.argmax(1, keepdim=True)
    tied = (half.argmax(1, keepdim=True) != predicted).squeeze(1)
    top = half[tied].gather(1, predicted[tied])
    half[tied] = half[tied].scatter(1, predicted[tied], torch.nextafter(top, torch.ones_like(top)))
    return half


def accuracy(probabilities: FloatArray, labels: IntArray) -> float:
    """Share of rows of (N, K) probabilities whose largest value is at the label, in [0, 1]."""
    return float((probabilities.argmax(1) == labels).mean())


def confusion_matrix(labels: IntArray, predicted: IntArray, num_classes: int) -> IntArray:
    """Counts (K, K): row = true class, column = predicted class."""
    flat = np.bincount(labels * num_classes + predicted, minlength=num_classes**2)
    return flat.reshape(num_classes, num_classes).astype(np.int64)


def per_class_table(labels: IntArray, predicted: IntArray, classes: Sequence[str]) -> pd.DataFrame:
    """One row a class: class, precision, recall, f1 (NaN where undefined), support (a count).

    Precision is undefined for a class that was never predicted, recall for one that never occurs.
    """
    import pandas as pd
    from sklearn.metrics import precision_recall_fscore_support

    precision, recall, f1, support = precision_recall_fscore_support(
        labels, predicted, labels=list(range(len(classes))), zero_division=np.nan
    )
    return pd.DataFrame(
        {"class": list(classes), "precision": precision, "recall": recall, "f1": f1}
    ).assign(support=support.astype(np.int64))


def errors(labels: IntArray, probabilities: FloatArray, index: IntArray) -> pd.DataFrame:
    """The misclassified rows of `examples`, the most confident error first."""
    table = examples(labels, probabilities, index)
    wrong = table[table["true"] != table["predicted"]]
    return wrong.sort_values("confidence", ascending=False, kind="stable", ignore_index=True)


def check_probabilities(
    labels: IntArray | None,
    probabilities: NDArray[Any],
    num_classes: int | None = None,
) -> None:
    """Refuses probabilities that nothing can be counted from.

    Args:
        labels: (N,) of the same images; None where there are none to agree with.
        probabilities: to be (N, K) finite numbers.
        num_classes: K; None takes as many as there are.

    Raises:
        RunError: if they are no table, the sizes do not agree, or one is not a finite number.
    """
    shape = "×".join(map(str, probabilities.shape))
    if probabilities.ndim != 2:
        raise RunError(f"probabilities must have two dimensions, got the shape {shape}")
    num_images, columns = probabilities.shape
    wanted = num_images if labels is None else len(labels)
    if wanted != num_images or num_classes not in (None, columns):
        of = "" if num_classes is None else f" of {num_classes} classes"
        raise RunError(f"there are {wanted:,} labels{of}, but probabilities of shape {shape}")
    finite = np.isfinite(probabilities)
    if not finite.all():  # row by row it takes thirty times as long
        broken = int((~finite.all(1)).sum())
        raise RunError(
            f"the probabilities of {broken:,} of {num_images:,} images are not finite numbers; "
            "training may have blown up: choose an earlier epoch, or train again"
        )


SMALLEST = 2.0**-24  # the smallest float16 above 0: what a saved probability of 0 may have been


def examples(labels: IntArray, probabilities: FloatArray, index: IntArray) -> pd.DataFrame:
    """One row an example, in the split's order.

    Columns:

    - position: row in the split;
    - index: place in the data set's own file;
    - true, predicted: class indices;
    - correct: whether they are equal;
    - confidence: probability of the predicted class, in [0, 1];
    - probability: that of the label's class, in [0, 1];
    - margin: confidence less the largest probability of another class, in [0, 1];
    - entropy: of the probabilities, in nats, in [0, ln K];
    - loss: cross-entropy, in nats; at most 16.6, as probabilities are saved in half precision.

    Raises:
        RunError: if a probability is not a finite number, or the sizes do not agree.
    """
    import pandas as pd

    check_probabilities(labels, probabilities)
    rows = np.arange(len(labels))
    predicted = probabilities.argmax(1)
    confidence = probabilities[rows, predicted].astype(np.float64)
    others = probabilities.copy()
    others[rows, predicted] = 0.0
    runner_up = others.max(1, initial=0.0)
    own = probabilities[rows, labels].astype(np.float64)
    logs = np.log(np.maximum(probabilities, SMALLEST))
    return pd.DataFrame(
        {
            "position": rows,
            "index": index,
            "true": labels,
            "predicted": predicted,
            "correct": predicted == labels,
            "confidence": confidence,
            "probability": own,
            "margin": confidence - runner_up,
            "entropy": np.maximum(-(probabilities * logs).sum(1), 0.0).astype(np.float64),
            "loss": -np.log(np.maximum(own, SMALLEST)),
        }
    )
