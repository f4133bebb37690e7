"""Whose labels the Labels page looks at, and which of them: both stand in the address.

Train has no split of its own there: no epoch keeps probabilities of images that it has learnt. It
is a group, ``suspects:train 5x4``: five folds of four epochs each. The list, where it is not what
is left to decide, comes last: ``suspects:all``, ``suspects:train 5x4 decided``.
"""

import re
from dataclasses import dataclass, replace
from typing import Any, cast

import streamlit as st

from core.jobs.folding import latest_folds
from core.review.suspects import Listed
from core.training.folds import MOST_FOLDS
from dashboard import selection
from dashboard.label_loaders import Source
from dashboard.widgets.run_bar import Viewed

_NAMES = {"test": "Test", "validation": "Validation", "train": "Train"}
_GROUP = re.compile(r"suspects:(train)?(?: ([0-9]{1,9})x([0-9]{1,9}))?(?: ?(decided|all))?")
_FOLDS = 5
_MOST_EPOCHS, _FEW_EPOCHS = 1000, 5  # a few find most labels that are wrong


@dataclass(frozen=True)
class _Asked:
    """What the address asks for as its group.

    Attributes:
        train: whether it is about train; else about the split.
        folds: numbers of folds and epochs; None for the usual ones.
        listed: which of the labels.
    """

    train: bool = False
    folds: tuple[int, int] | None = None
    listed: Listed = "open"

    @staticmethod
    def now() -> "_Asked":
        """What the address asks for; a group of another kind means nothing here."""
        found = _GROUP.fullmatch(selection.current().group or "")
        if found is None:
            return _Asked()
        train, folds, epochs, listed = found.groups()
        numbers = (int(folds), int(epochs)) if train and folds else None
        return _Asked(train is not None, numbers, cast(Listed, listed or "open"))

    def write(self, **changes: Any) -> None:
        """Asks for this instead, and for other changes of the selection; nothing stays open."""
        words = ["train"] if self.train else []
        if self.train and self.folds:
            words.append("x".join(map(str, self.folds)))
        if self.listed != "open":
            words.append(self.listed)
        group = f"suspects:{' '.join(words)}" if words else None
        selection.update(group=group, example=None, **changes)


def source_of(viewed: Viewed) -> Source:
    """What the address asks for; on train else the k-fold training that was asked for last.

    Numbers out of range fall back on the usual ones. Nothing is named that changes nothing: what
    has been found would be sought again, at every other epoch for example.
    """
    assert viewed.epoch is not None, "nothing is doubted before the first epoch"
    asked = _Asked.now()
    if not asked.train:
        return Source(viewed.epoch, viewed.split, 0, 0)
    folds, epochs = asked.folds or latest_folds(viewed.run) or (0, 0)
    if not 2 <= folds <= MOST_FOLDS:
        folds = _FOLDS
    if not 1 <= epochs <= _MOST_EPOCHS:
        epochs = min(viewed.run.config.training.epochs, _FEW_EPOCHS)
    return Source(0, "train", folds, epochs)


def list_of() -> Listed:
    """Which of the labels the address asks for."""
    return _Asked.now().listed


def choose(listed: Listed) -> None:
    """Asks for another list of the same labels."""
    replace(_Asked.now(), listed=listed).write()


def choose_source(source: Source) -> None:
    """Draws the choice of test, validation or train."""
    key = "label_source"

    def changed() -> None:
        split = st.session_state[key]
        asked = replace(_Asked.now(), train=split == "train")
        asked.write(**({} if asked.train else {"split": split}))

    st.session_state[key] = source.split
    st.segmented_control(
        "Labels of", list(_NAMES), key=key, required=True, on_change=changed,
        format_func=_NAMES.__getitem__,
    )  # fmt: skip


def choose_folds(source: Source) -> None:
    """Draws how many folds and epochs; other numbers ask for another k-fold training."""
    keys = ("label_folds", "label_epochs")

    def changed() -> None:
        folds, epochs = (st.session_state[key] for key in keys)
        replace(_Asked.now(), folds=(folds, epochs)).write()

    st.session_state.update(zip(keys, (source.num_folds, source.epochs), strict=True))
    st.number_input(
        "Folds", 2, MOST_FOLDS, step=1, key=keys[0], on_change=changed, width=120,
        help="So many networks are trained, each on all training images but its fold, and then "
        "asked about that. More folds take longer, and each network learns from more images.",
    )  # fmt: skip
    st.number_input(
        "Epochs each", 1, _MOST_EPOCHS, step=1, key=keys[1], on_change=changed, width=120,
        help="Of each of these networks. A few are enough to find labels that are wrong.",
    )  # fmt: skip
