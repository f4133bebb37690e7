"""The two lines under an image of a gallery: what it is, and the number that it is sorted by."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from core.review.query import ORDERS, SIMILARITY
from dashboard import filters
from dashboard.review_images import RANKED, Found, Images
from dashboard.text import count, percent


@dataclass(frozen=True)
class Lines:
    """What stands under an image.

    Attributes:
        first: what it is.
        second: fainter, a number or a few words.
        about: what the second line tells, with its name; for who points at it.
    """

    first: str
    second: str
    about: str = ""


def lines(found: Found, images: Images, shown: pd.DataFrame, classes: Sequence[str]) -> list[Lines]:
    """The lines of each image that is shown.

    Another order than the page's shows its own number, also where the page has lines of its own;
    these are then told to who points at it.

    Args:
        found: the gallery's images, of which these are some.
        images: the page's.
        shown: rows of `Found.rows`.
        classes: names by class index.
    """
    name, values = _sorted_by(found, shown)
    if images.caption is None:
        return [
            Lines(f"{classes[true]} → {classes[predicted]}", value, f"{name} {value}")
            for true, predicted, value in zip(
                shown["true"], shown["predicted"], values, strict=True
            )
        ]
    own = images.caption(shown)
    if found.order == (images.order or RANKED):
        return [Lines(*line) for line in own]
    return [
        Lines(first, value, f"{name} {value}, {second}")
        for (first, second), value in zip(own, values, strict=True)
    ]


def _sorted_by(found: Found, shown: pd.DataFrame) -> tuple[str, list[str]]:
    """What the number is called that the images are sorted by, and each one's."""
    if filters.similar_to(found.order) is not None and SIMILARITY in shown:
        name = SIMILARITY
    elif found.order in ORDERS:
        name = ORDERS[found.order].column
    else:
        name = "confidence"  # the page's own order has no number
    return name, [_WRITTEN[name](value) for value in shown[name]]


def _small(value: float) -> str:
    return "< 0.01" if 0 < value < 0.005 else f"{value:.2f}"


_WRITTEN: Mapping[str, Callable[[float], str]] = {
    "confidence": lambda share: percent(share, 1),
    "margin": lambda share: percent(share, 1),
    "loss": _small,
    "entropy": _small,
    "index": lambda index: count(int(index)),
    SIMILARITY: lambda cosine: f"{cosine:.3f}",
}
