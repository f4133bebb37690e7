"""Decisions about training labels, laid over a data set: some put right, some images left out.

Nothing is ever written into the data. An overlay speaks of the train file only, and changes only
what is learnt: the splits are drawn from the given labels, and validation and test keep them, so
that runs with and without it are measured on the same images with the same labels.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import ReviewError
from core.run_files import sha256, to_json_bytes

if TYPE_CHECKING:
    from torch import Tensor

    from core.datasets.dataset import Dataset
    from core.datasets.splits import Splits

FORMAT = 1
_Count = Annotated[int, Field(ge=0)]


@dataclass(frozen=True)
class Overlay:
    """What is learnt instead of what the train file says.

    Attributes:
        dataset: name of the data set it speaks of.
        fingerprint: of that data set.
        relabelled: class index by the image's index in the train file.
        left_out: indices in the train file of images that are not learnt from.
    """

    dataset: str
    fingerprint: str
    relabelled: dict[int, int] = field(default_factory=dict)
    left_out: tuple[int, ...] = ()

    @property
    def num_images(self) -> int:
        """Images that it speaks of."""
        return len({*self.relabelled, *self.left_out})

    def num_different(self, other: Overlay | None) -> int:
        """Images that another overlay treats differently; None stands for the labels as given."""
        here, there = self._targets(), {} if other is None else other._targets()
        return len({index for index, _ in here.items() ^ there.items()})

    def _targets(self) -> dict[int, int | None]:
        """The class that an image is learnt under, None where it is left out, by index."""
        return {**self.relabelled, **dict.fromkeys(self.left_out)}

    @cached_property
    def digest(self) -> str:
        """SHA-256 in hex of `to_bytes`: equal for equal decisions."""
        return sha256(self.to_bytes())

    def to_bytes(self) -> bytes:
        """The overlay as a JSON file; the order of the decisions does not matter."""
        values = {
            "format": FORMAT,
            "kind": "overlay",
            "dataset": self.dataset,
            "fingerprint": self.fingerprint,
            "relabelled": {str(index): label for index, label in sorted(self.relabelled.items())},
            "left_out": sorted(set(self.left_out)),
        }
        return to_json_bytes(values)

    @staticmethod
    def from_bytes(data: bytes) -> Overlay:
        """The overlay that `to_bytes` gave.

        Raises:
            ReviewError: if it is damaged, something else, or of a newer format.
        """
        try:
            values = json.loads(data)
        # ValueError: no JSON, no UTF-8, or a number of more digits than Python reads.
        except (RecursionError, ValueError) as error:
            raise ReviewError(f"the overlay is damaged: it is no JSON ({error})") from None
        if isinstance(values, dict) and _is_newer(values.get("format")):
            raise ReviewError(
                f"the overlay was written by a newer ConvScope (format {values['format']}, "
                f"this one reads {FORMAT}); update ConvScope to use it"
            )
        try:
            known = _File.model_validate(values)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(map(str, first["loc"])) or "the file"
            raise ReviewError(f"the overlay is damaged: {where}: {first['msg']}") from None
        return Overlay(known.dataset, known.fingerprint, known.relabelled, known.left_out)

    def check(self, dataset: Dataset) -> None:
        """Refuses a data set that the decisions are not about.

        Raises:
            ReviewError: if it is another data set, or an index or a label is out of range.
        """
        if (self.dataset, self.fingerprint) != (dataset.name, dataset.fingerprint):
            raise ReviewError(_foreign(self.dataset, dataset))
        num_train, num_classes = len(dataset.train_labels), dataset.num_classes
        for index in (*self.relabelled, *self.left_out):
            _check_range("index", index, num_train, f"{dataset.title}'s train file")
        for label in self.relabelled.values():
            _check_range("label", label, num_classes, dataset.title)
        if both := self.relabelled.keys() & set(self.left_out):
            raise ReviewError(f"image {min(both)} is both relabelled and left out; choose one")

    def apply(self, splits: Splits) -> Splits:
        """The splits with these decisions in force for what is learnt; validation and test stay.

        Raises:
            ReviewError: if it is of another data set, or leaves nothing to learn from.
        """
        self.check(splits.dataset)
        labels = splits.train_labels.clone()
        labels[_tensor(self.relabelled)] = _tensor(self.relabelled.values())
        kept = splits.train_index[~_is_in(splits.train_index, self.left_out)]
        if not len(kept):
            raise ReviewError(
                f"the decisions leave out all {len(splits.train_index):,} training images; "
                "keep at least one"
            )
        return replace(splits, train_index=kept, learnt_labels=labels)

    def effect(self, splits: Splits) -> Effect:
        """What it changes for a run that learns from these splits, as they are without it.

        Raises:
            ReviewError: if it is of another data set, or leaves nothing to learn from.
        """
        after, before = self.apply(splits), splits.labels("train")
        relabelled = int(_is_in(after.train_index, self.relabelled).sum())
        left_out = len(splits.train_index) - len(after.train_index)
        gone = sorted({*before.tolist()} - {*after.labels("train").tolist()})
        emptied = tuple(splits.dataset.classes[label] for label in gone)
        return Effect(relabelled, left_out, self.num_images - relabelled - left_out, emptied)


@dataclass(frozen=True)
class Effect:
    """What an overlay changes for one run.

    Attributes:
        relabelled: images it learns under another label.
        left_out: images it does not learn from because of the overlay.
        not_learnt: images decided on that it would not have learnt from anyway: those in its
            validation split, and those beyond ``data.train_limit``.
        emptied: names of classes that have no training image left.
    """

    relabelled: int
    left_out: int
    not_learnt: int
    emptied: tuple[str, ...]

    @property
    def changes_nothing(self) -> bool:
        """Whether the run would learn exactly what it learns without the overlay."""
        return not (self.relabelled or self.left_out)

    def told(self) -> str:
        """The effect in a sentence or three."""
        sentence = f"{_images(self.relabelled)} learnt under another label, {self.left_out:,} "
        sentence += "left out."
        if self.not_learnt:
            sentence += (
                f" {_images(self.not_learnt)} decided on but not learnt from in any case: held out "
                "for validation, or beyond the limit."
            )
        if self.emptied:
            sentence += f" No training image is left of: {', '.join(self.emptied)}."
        return sentence


class _File(BaseModel):
    """What an overlay's file holds."""

    model_config = ConfigDict(extra="forbid")

    format: Literal[1]
    kind: Literal["overlay"]
    dataset: str
    fingerprint: str
    relabelled: dict[_Count, _Count]
    left_out: tuple[_Count, ...]


def _is_newer(version: object) -> bool:
    return isinstance(version, int) and version > FORMAT


def _foreign(name: str, dataset: Dataset) -> str:
    if name == dataset.name:
        return (
            f"the decisions are about another version of {dataset.title}: its images or labels "
            "have changed since (the fingerprint differs)"
        )
    return f"the decisions are about the data set {name!r}, not about {dataset.title}"


def _check_range(what: str, value: int, size: int, where: str) -> None:
    if not 0 <= value < size:
        raise ReviewError(
            f"the decisions name {what} {value}, but in {where} it lies in [0, {size - 1}]"
        )


def _images(number: int) -> str:
    return "1 image is" if number == 1 else f"{number:,} images are"


def _tensor(values: Iterable[int]) -> Tensor:
    import torch

    return torch.tensor(list(values), dtype=torch.int64)


def _is_in(index: Tensor, chosen: Iterable[int]) -> Tensor:
    """(n,) bool: whether each of the indices is among the chosen."""
    import torch

    return torch.isin(index, _tensor(chosen))
