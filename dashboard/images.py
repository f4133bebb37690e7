"""The images of a split as they are shown: a page of a gallery, or one alone with its answer."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.errors import UserError
from core.review.annotations import file_of
from core.runs import Run
from dashboard import answer_loaders, loaders, sprites

PAGE_SIZE = 120  # images on one page of a gallery, of the usual size


def errors(given: answer_loaders.Answers) -> pd.DataFrame:
    """The rows of all images that are answered wrong, the most confident first."""
    wrong = given.examples[~given.examples["correct"]]
    return wrong.sort_values("confidence", ascending=False, kind="stable", ignore_index=True)


def pixels(of: Run, split: str, index: Any) -> NDArray[np.uint8]:
    """(N, C, H, W): a copy of the images with these indices in the original file of a split."""
    return _file_images(of, split)[np.asarray(index, dtype=np.int64)]


def sheet(of: Run, split: str, index: Any) -> sprites.Sheet:
    """Images by their index in the original file of a split, in this order, as one sprite sheet."""
    return sprites.sheet(pixels(of, split, index))


def _file_images(of: Run, split: str) -> NDArray[np.uint8]:
    """(N, C, H, W): the images that a split's indices count in; nothing is copied."""
    data = loaders.dataset(of.config.data.name)
    pixels: NDArray[np.uint8] = data.images_of(file_of(split)).numpy()
    return pixels


@dataclass(frozen=True)
class Example:
    """One image and what the network says about it.

    Attributes:
        png: the image, one pixel a pixel.
        pixels: (C, H, W) uint8, the same.
        position: its row in the split.
        index: its place in its original file.
        true: the label's class index.
        predicted: the answer's class index.
        confidence: the answer's probability, in [0, 1].
        probabilities: class and probability, in class order.
    """

    png: bytes
    pixels: NDArray[np.uint8]
    position: int
    index: int
    true: int
    predicted: int
    confidence: float
    probabilities: pd.DataFrame


def example(of: Run, epoch: int, split: str, index: int) -> Example:
    """The image with this index in its original file.

    Raises:
        UserError: if the split has no such image.
    """
    given = answer_loaders.answers(of, epoch, split)
    found = given.examples[given.examples["index"] == index]
    if found.empty:
        raise UserError(f"The {split} split of this run has no image with index {index}.")
    row = found.iloc[0]
    values = answer_loaders.probabilities(of.id, epoch, split)[int(row["position"])]
    return example_of(of, split, row, values)


def example_of(of: Run, split: str, row: "pd.Series[Any]", values: NDArray[Any]) -> Example:
    """The image of a row of `core.evaluation.examples`.

    Args:
        of: a run on the data set.
        split: whose file the row's index counts in.
        row: one image.
        values: (K,) its probabilities.
    """
    index = int(row["index"])
    image = _file_images(of, split)[index]
    classes = loaders.dataset(of.config.data.name).classes
    return Example(
        png=sprites.picture(image),
        pixels=image,
        position=int(row["position"]),
        index=index,
        true=int(row["true"]),
        predicted=int(row["predicted"]),
        confidence=float(row["confidence"]),
        probabilities=pd.DataFrame({"class": classes, "probability": values.astype(float)}),
    )
