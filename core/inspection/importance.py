"""How much each filter of a layer matters: what is lost when it alone is silenced.

Nothing upstream of the filter is computed again for it, and neither is the layer that reads it:
that one is linear, so the filter's contribution is subtracted from what it put out. Rounding could
turn a close decision then, so a batch with one is run again as a full pass would run it, and the
counts are those of full passes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.evaluation import BATCH_SIZE, IntArray, evaluating
from core.inspection.downstream import Batch, Downstream, ForeignBatch, block_of
from core.inspection.filters import kernels, near_duplicates
from core.inspection.lookup import conv_layers
from core.inspection.silencing import checked
from core.model import ConvNet
from core.preprocessing import network_input

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)  # eq would compare arrays element by element
class ImportanceSheet:
    """What silencing each filter of one layer costs, on the first so many images.

    Attributes:
        layer: whose filters they are.
        total: how many images there are in all.
        support: (K,) images of each class so far.
        correct: (K,) of them read rightly by the network as it is.
        correct_without: (F, K) read rightly without each filter.
        loss: summed cross-entropy of the network as it is, in nats.
        loss_without: (F,) without each filter.
        lowest: (F,) the smallest value that each filter passed on.
        highest: (F,) the largest one.
        twins: filter -> the filter with nearly the same kernel, where there is one.
    """

    layer: str
    total: int
    support: IntArray
    correct: IntArray
    correct_without: IntArray
    loss: float
    loss_without: NDArray[np.float64]
    lowest: NDArray[np.float32]
    highest: NDArray[np.float32]
    twins: dict[int, int]

    @property
    def num_images(self) -> int:
        """How many images have been looked at."""
        return int(self.support.sum())

    @property
    def is_complete(self) -> bool:
        """Whether all images have been looked at."""
        return self.num_images == self.total

    def table(self, classes: Sequence[str]) -> pd.DataFrame:
        """One row a filter, in the layer's order.

        Columns: filter; accuracy (without it, in [0, 1]); accuracy_lost (negative where the
        network is better off without it); loss_added (mean cross-entropy, nats); class_hurt (name
        of the class whose recall falls most, empty where none does) and recall_lost (how far, 0
        where none does); dead (it passes on one and the same value everywhere, behind a ReLU
        zeros, so that silencing it changes nothing); duplicate_of (the filter with nearly the same
        kernel, NA where there is none).
        """
        import pandas as pd

        correct = self.correct_without.sum(1)
        lost = (self.correct - self.correct_without) / np.maximum(self.support, 1)
        hurt, most = lost.argmax(1), lost.max(1)
        names = [classes[k] if fall > 0 else "" for k, fall in zip(hurt, most, strict=True)]
        return pd.DataFrame(
            {
                "filter": np.arange(len(correct)),
                "accuracy": correct / self.num_images,
                "accuracy_lost": (self.correct.sum() - correct) / self.num_images,
                "loss_added": (self.loss_without - self.loss) / self.num_images,
                "class_hurt": names,
                "recall_lost": most.clip(min=0.0),
                "dead": self.lowest == self.highest,
                "duplicate_of": pd.array(
                    [self.twins.get(index) for index in range(len(correct))], dtype="Int64"
                ),
            }
        )


_Start = Callable[[Tensor], Batch | ForeignBatch]


def importance(
    model: nn.Module,
    images: Tensor,
    labels: IntArray,
    mean: Sequence[float],
    std: Sequence[float],
    layer: str,
    batch_size: int = BATCH_SIZE,
) -> Iterator[ImportanceSheet]:
    """The sheet after each batch of images; the last one is complete.

    Counts equal those of one full pass a filter with its channel zeroed, in the same batches.

    Args:
        model: a `ConvNet`; or any other module, for which every filter costs a full pass.
        images: (N, C, H, W) uint8 on the model's device, N at least 1.
        labels: (N,) true classes.
        mean: of the pixels, a number a channel.
        std: likewise.
        layer: a conv layer; in another module what `core.inspection.silencing.silenced` takes.
        batch_size: images in one pass.

    Raises:
        UserError: if there is no such layer, or no conv layer at all; at the call, not later.
    """
    checked(model, {layer: ()})
    return _sheets(model, images, labels, mean, std, layer, batch_size)


def _sheets(
    model: nn.Module,
    images: Tensor,
    labels: IntArray,
    mean: Sequence[float],
    std: Sequence[float],
    layer: str,
    batch_size: int,
) -> Iterator[ImportanceSheet]:
    sheet, twins = None, _twins(model, layer)
    if isinstance(model, ConvNet):
        block = block_of(layer)
        start: _Start = partial(Batch, model, block=block, downstream=Downstream(model, block))
    else:
        start = partial(ForeignBatch, model, layer=layer)
    truth = torch.from_numpy(labels).to(images.device)
    for batch, true in zip(
        torch.split(images, batch_size), torch.split(truth, batch_size), strict=True
    ):
        # Modes are restored before the sheet is handed out: whoever gets it may use the model.
        with torch.inference_mode(), evaluating(model):
            part = _measure(start(network_input(batch, mean, std)), true, layer)
        sheet = _added(sheet, replace(part, total=len(images), twins=twins))
        yield sheet


def _twins(model: nn.Module, layer: str) -> dict[int, int]:
    """Filter -> the one most like it, where they are near-duplicates."""
    if layer not in conv_layers(model):
        return {}
    twins: dict[int, int] = {}
    for first, second, _ in near_duplicates(kernels(model.state_dict(), layer)):  # nearest first
        twins.setdefault(first, second)
        twins.setdefault(second, first)
    return twins


def _added(sheet: ImportanceSheet | None, part: ImportanceSheet) -> ImportanceSheet:
    if sheet is None:
        return part
    return ImportanceSheet(
        part.layer,
        part.total,
        sheet.support + part.support,
        sheet.correct + part.correct,
        sheet.correct_without + part.correct_without,
        sheet.loss + part.loss,
        sheet.loss_without + part.loss_without,
        np.minimum(sheet.lowest, part.lowest),
        np.maximum(sheet.highest, part.highest),
        part.twins,
    )


def _measure(batch: Batch | ForeignBatch, true: Tensor, layer: str) -> ImportanceSheet:
    """The sheet of one batch with true classes (N,)."""
    num_classes = batch.logits.shape[1]
    right, loss = _score(batch.logits, true)
    scores = [_score(logits, true) for logits in batch.without_each()]
    return ImportanceSheet(
        layer=layer,
        total=len(true),
        support=_count(true, num_classes),
        correct=_count(true[right], num_classes),
        correct_without=np.stack([_count(true[right], num_classes) for right, _ in scores]),
        loss=loss,
        loss_without=np.array([loss for _, loss in scores]),
        lowest=batch.lowest.float().cpu().numpy(),
        highest=batch.highest.float().cpu().numpy(),
        twins={},
    )


def _score(logits: Tensor, true: Tensor) -> tuple[Tensor, float]:
    """(N,) which are read rightly, and the summed cross-entropy."""
    logits = logits.float()
    # As everywhere else: the first of the largest probabilities, and rounding makes some equal.
    predicted = logits.softmax(1).argmax(1)
    # The cross-entropy; torch's own takes five times as long for so few classes.
    loss = logits.logsumexp(1) - logits.gather(1, true.unsqueeze(1)).squeeze(1)
    return predicted == true, float(loss.sum())


def _count(classes: Tensor, num_classes: int) -> IntArray:
    counts: IntArray = torch.bincount(classes, minlength=num_classes).cpu().numpy()
    return counts
