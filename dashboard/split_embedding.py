"""What a network makes of every image of a split, worked out beside the page and kept.

Penultimate activations as `core.inspection.neighbours.embed` gives them. A pass over 10,000 images
of the classic network takes 0.25 s on one core, over 60,000 1.5 s, and nobody who scrubs through
the epochs shall wait for it: the page has those beside its own looked at. They are not kept on
disk, where each epoch and split would take 3 MB, or 20.
"""

from collections.abc import Sequence

import streamlit as st

from core.evaluation import FloatArray
from core.inspection import neighbours
from core.predictor import Predictor
from core.runs import Run, default_root
from dashboard import loaders
from dashboard.filter_measures import Background

_FAR = 2  # epochs on either side that are looked at ahead
_MOST_KEPT = 2 * _FAR + 2  # with the epoch shown and the frame's: 3 to 5 MB each, 20 for 60,000


def look(of: Run, epoch: int, split: str) -> FloatArray | None:
    """(N, D) rows of length 1, in the split's order; None while they are being worked out.

    Raises:
        UserError: if the network or the data cannot be used.
    """
    found: FloatArray | None = _background().ask(
        (default_root(), of.id, epoch, split), lambda: _embedding(of, epoch, split)
    )
    return found


def beside(epochs: Sequence[int], epoch: int) -> list[int]:
    """The epochs to look at ahead, where the slider goes next: the nearest is asked for last.

    What was asked for last is done first, and each step of the slider needs one more only.

    Args:
        epochs: finished ones, ascending.
        epoch: the one that is shown.
    """
    before = [other for other in epochs if other < epoch][-_FAR:]
    after = [other for other in epochs if other > epoch][:_FAR]
    return sorted((*before, *after), key=lambda other: -abs(other - epoch))


def wait(of: Run, epoch: int, split: str) -> FloatArray:
    """As `look`, but waits for them."""
    found: FloatArray = _background().wait(
        (default_root(), of.id, epoch, split), lambda: _embedding(of, epoch, split)
    )
    return found


@st.cache_resource(show_spinner=False)
def _background() -> Background:
    return Background(most_kept=_MOST_KEPT)


def _embedding(of: Run, epoch: int, split: str) -> FloatArray:
    # A network of its own: the pages' one is locked while it is looked at, and a page would wait.
    asked = Predictor.of(of, epoch)
    values = neighbours.embed(
        asked.model, loaders.splits(of).images(split), asked.mean, asked.std
    )  # fmt: skip
    values.setflags(write=False)
    return values
