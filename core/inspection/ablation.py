"""What a network answers when some of its filters are silenced.

A filter is silenced by putting zeros in the place of what it passes on: its channel after the
activation function, before pooling. Pooling keeps zeros zero, so that is the same as zeroing every
weight that reads the channel, and a shortcut out of it too (Morcos et al. 2018, arXiv:1803.06959).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from core.evaluation import (
    BATCH_SIZE,
    FloatArray,
    IntArray,
    confusion_matrix,
    evaluating,
    examples,
    predict,
)
from core.inspection.downstream import block_of, head, upstream
from core.inspection.silencing import Filters, checked, silenced
from core.model import ConvNet
from core.preprocessing import network_input

if TYPE_CHECKING:
    import pandas as pd

CACHE_BYTES = 256 * 2**20  # the classic network needs 20 MB for 5,000 images


@dataclass(frozen=True, eq=False)  # eq would compare arrays element by element
class Ablation:
    """What silencing some filters does to the answers on a set of images.

    Attributes:
        filters: layer -> silenced filters, ascending; layers without any are left out.
        labels: (N,) true classes.
        before: (N, K) probabilities of the network as it is.
        after: (N, K) with the filters silenced; `before` itself where there are none.
    """

    filters: dict[str, tuple[int, ...]]
    labels: IntArray
    before: FloatArray
    after: FloatArray

    @property
    def correct(self) -> tuple[int, int]:
        """How many images are read rightly, (before, after)."""
        before, after = self._right()
        return int(before.sum()), int(after.sum())

    @property
    def accuracy(self) -> tuple[float, float]:
        """Share of images read rightly, (before, after), in [0, 1]."""
        before, after = self.correct
        return before / len(self.labels), after / len(self.labels)

    @property
    def accuracy_change(self) -> float:
        """After less before, in [-1, 1]."""
        before, after = self.correct
        return (after - before) / len(self.labels)

    def per_class(self, classes: Sequence[str]) -> pd.DataFrame:
        """One row a class: class, support, before, after, change.

        Before and after are the shares of the class's images that are read rightly (its recall),
        NaN where there is no image of it; change is after less before.
        """
        import pandas as pd

        support, before, after = (
            np.bincount(self.labels, weights, len(classes)) for weights in (None, *self._right())
        )
        with np.errstate(invalid="ignore"):  # 0 / 0 is the NaN that is promised
            shares = {"before": before / support, "after": after / support}
            shares["change"] = (after - before) / support
        return pd.DataFrame({"class": list(classes), "support": support, **shares})

    def confusion_change(self) -> IntArray:
        """(K, K) counts after less before, rows true, columns predicted; every row sums to 0."""
        before, after = (
            confusion_matrix(self.labels, answers.argmax(1), answers.shape[1])
            for answers in (self.before, self.after)
        )
        return after - before

    def flips(self, index: IntArray) -> pd.DataFrame:
        """One row an image whose prediction changed, the formerly most confident one first.

        Columns: position (row in the split), index (place in the data set's own file), true,
        before and after (class indices), confidence_before and confidence_after (probability of
        what was predicted), outcome (``broken``: right before; ``fixed``: right after; ``moved``:
        wrong both times).

        Args:
            index: (N,) as `core.datasets.split` gives it.
        """
        before, after = (
            examples(self.labels, answers, index) for answers in (self.before, self.after)
        )
        table = before.rename(columns={"predicted": "before", "confidence": "confidence_before"})
        table.insert(4, "after", after["predicted"])
        table["confidence_after"] = after["confidence"]
        right, right_after = self._right()
        table["outcome"] = np.where(right, "broken", np.where(right_after, "fixed", "moved"))
        flipped = table[table["before"] != table["after"]]
        return flipped.sort_values(
            "confidence_before", ascending=False, kind="stable", ignore_index=True
        )

    def _right(self) -> tuple[Any, Any]:
        """(N,) bool twice: read rightly before, and after."""
        return self.before.argmax(1) == self.labels, self.after.argmax(1) == self.labels


class Ablator:
    """Answers of one network on one set of images, with any of its filters silenced.

    Keeps what the first silenced layer's block puts out, where that fits into `CACHE_BYTES`, so
    that the next choice of filters in that layer costs only what lies downstream. Every value is
    computed by the same operations, in the same batches, as in a full pass with zeros put in:
    the answers are bitwise those of a full pass.
    """

    def __init__(
        self,
        model: nn.Module,
        images: Tensor,
        labels: IntArray,
        mean: Sequence[float],
        std: Sequence[float],
        batch_size: int = BATCH_SIZE,
    ) -> None:
        """Runs the network once as it is.

        Args:
            model: whose filters are to be silenced; any module, as in `silenced`.
            images: (N, C, H, W) uint8 on the model's device.
            labels: (N,) true classes.
            mean: of the pixels, a number a channel.
            std: likewise.
            batch_size: images in one pass.
        """
        self._model = model
        self._images, self._labels = images, labels
        self._run = partial(predict, mean=mean, std=std, batch_size=batch_size)
        self._inputs = partial(_inputs, images, mean, std, batch_size)
        self._kept: tuple[int, list[Tensor]] | None = None
        self.before: FloatArray = self._run(model, images).numpy()

    def ablate(self, filters: Filters) -> Ablation:
        """The answers with the filters silenced.

        Args:
            filters: layer -> indices of its filters, as in `silenced`.

        Raises:
            UserError: if there is no such layer or filter, or no conv layer at all.
        """
        chosen = checked(self._model, filters)
        if not chosen:
            after = self.before
        elif isinstance(self._model, ConvNet):
            after = self._downstream(self._model, chosen)
        else:
            with silenced(self._model, chosen):
                after = self._run(self._model, self._images).numpy()
        return Ablation(chosen, self._labels, self.before, after)

    @torch.inference_mode()
    def _downstream(self, model: ConvNet, filters: dict[str, tuple[int, ...]]) -> FloatArray:
        by_block = {block_of(layer): chosen for layer, chosen in filters.items()}
        first = min(by_block)
        answers = []
        with evaluating(model):
            for kept in self._outputs(model, first):
                maps = kept.clone()
                maps[:, by_block[first]] = 0.0
                for index in range(first + 1, len(model.blocks)):
                    maps = model.blocks[index](maps)
                    if index in by_block:
                        maps[:, by_block[index]] = 0.0
                answers.append(head(model, maps))
        result: FloatArray = torch.cat(answers).float().softmax(1).cpu().numpy()
        return result

    def _outputs(self, model: ConvNet, block: int) -> Iterable[Tensor]:
        """What a block passes on, batch by batch; kept where all of it is small enough."""
        if self._kept is not None and self._kept[0] == block:
            return self._kept[1]
        self._kept = None
        outputs = (upstream(model, inputs, block) for inputs in self._inputs())
        first = next(outputs)
        size = first[0].numel() * first.element_size() * len(self._images)
        if size > CACHE_BYTES:
            return chain([first], outputs)
        self._kept = block, [first, *outputs]
        return self._kept[1]


def ablate(
    model: nn.Module,
    images: Tensor,
    labels: IntArray,
    mean: Sequence[float],
    std: Sequence[float],
    filters: Filters,
) -> Ablation:
    """What silencing the filters does; an `Ablator` is quicker where several sets are tried.

    The arguments are those of `Ablator` and `Ablator.ablate`.

    Raises:
        UserError: if there is no such layer or filter, or no conv layer at all.
    """
    return Ablator(model, images, labels, mean, std).ablate(filters)


def _inputs(
    images: Tensor, mean: Sequence[float], std: Sequence[float], batch_size: int
) -> Iterator[Tensor]:
    return (network_input(batch, mean, std) for batch in torch.split(images, batch_size))
