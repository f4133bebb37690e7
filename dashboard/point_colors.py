"""What the colours of a map of images mean: a group for each image, a legend. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dashboard.components.scatter import Entry
from dashboard.lasso import Mode
from dashboard.text import clean

TITLES: dict[Mode, str] = {
    "true": "true class",
    "predicted": "predicted class",
    "outcome": "right or wrong",
    "confidence": "confidence",
    "tag": "tag",
}
# From the least sure to the surest; a trained network is sure of most, so the steps get narrower.
_LEVELS = (0.5, 0.7, 0.9, 0.99, 0.999)
_LEVEL_COLORS = (
    "bad",
    "diverging.2",
    "diverging.3",
    "sequential.4",
    "sequential.6",
    "sequential.8",
)
MOST_TAGS = 12  # colours of their own; further ones share the last

Groups = NDArray[np.int64]


@dataclass(frozen=True, eq=False)  # eq would compare arrays element by element
class Coloring:
    """Which entry of the legend each image belongs to."""

    groups: Groups
    legend: tuple[Entry, ...]


def coloring(
    table: pd.DataFrame,
    mode: Mode,
    classes: Sequence[str],
    tagged: Sequence[tuple[str, NDArray[Any]]] = (),
) -> Coloring:
    """The colours of images.

    Args:
        table: rows of `core.evaluation.examples`.
        mode: what is told apart.
        classes: names by class index.
        tagged: each tag with (N,) whether an image has it, in the tags' order; an image of several
            gets the colour of the first.
    """
    if mode in ("true", "predicted"):
        names = [clean(name) for name in classes]
        tokens = [class_color(number, len(names)) for number in range(len(names))]
        return _counted(table[mode].to_numpy(np.int64), names, tokens)
    if mode == "outcome":
        groups = np.where(table["correct"].to_numpy(), 0, 1)
        return _counted(groups, ["right", "wrong"], ["sequential.4", "bad"])
    if mode == "confidence":
        groups = np.searchsorted(_LEVELS, table["confidence"].to_numpy(), side="right")
        return _counted(groups.astype(np.int64), _level_names(), _LEVEL_COLORS)
    return _by_tag(len(table), tagged)


def class_color(number: int, count: int) -> str:
    """The colour of a class: one of the palette's ten, or one of any number."""
    return f"categorical.{number}" if count <= 10 else f"hue.{number}"


def _counted(groups: Groups, names: Sequence[str], tokens: Sequence[str]) -> Coloring:
    counts = np.bincount(groups, minlength=len(names)).tolist()
    entries = (Entry(*entry) for entry in zip(names, tokens, counts, strict=True))
    return Coloring(groups, tuple(entries))


def _level_names() -> list[str]:
    names = [f"{level * 100:g} %" for level in _LEVELS]
    between = [f"{low[:-2]}–{high}" for low, high in zip(names, names[1:], strict=False)]
    return [f"below {names[0]}", *between, f"from {names[-1]}"]


def _by_tag(count: int, tagged: Sequence[tuple[str, NDArray[Any]]]) -> Coloring:
    groups = np.zeros(count, np.int64)
    # Backwards, so that the first tag of an image has the last word.
    for number, (_, members) in reversed(list(enumerate(tagged))):
        groups[members] = min(number, MOST_TAGS - 1) + 1
    names = ["untagged", *(clean(name, 30) for name, _ in tagged[:MOST_TAGS])]
    if len(tagged) > MOST_TAGS:
        names[-1] = f"{len(tagged) - MOST_TAGS + 1} more tags"
    tokens = ["border", *(class_color(number, len(names) - 1) for number in range(len(names) - 1))]
    return _counted(groups, names, tokens)
