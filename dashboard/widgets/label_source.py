"""Whose labels the Labels page looks at, and which of them: both stand in the address.

Train has no split of its own there: no epoch keeps probabilities of images that it has learnt. It
is a group, ``suspects:train 5x4``: five folds of four epochs each. Where their networks learn with
decisions, the beginning of the decisions' digest follows: ``suspects:train 5x4 1f3a9c0b12d4``. The
list, where it is not what is left to decide, comes last: ``suspects:all``, ``suspects:train 5x4
decided``.
"""

import re
from dataclasses import dataclass, replace
from typing import Any, cast

import streamlit as st

from core.errors import UserError
from core.jobs.fold_requests import Folding
from core.review.suspects import Listed
from core.training.folds import MOST_FOLDS
from dashboard import fold_loaders, selection
from dashboard.label_loaders import Source
from dashboard.text import counted
from dashboard.widgets.run_bar import Viewed

_NAMES = {"test": "Test", "validation": "Validation", "train": "Train"}
_GROUP = re.compile(
    r"suspects:(train)?(?: ([0-9]{1,9})x([0-9]{1,9})(?: ([0-9a-f]{12}))?)?(?: ?(decided|all))?"
)
_AS_GIVEN = ""  # in place of a digest: a choice cannot be None
_DIGITS = 12  # of a digest, in the address
_FOLDS = 5
_MOST_EPOCHS, _FEW_EPOCHS = 1000, 5  # a few find most labels that are wrong


@dataclass(frozen=True)
class _Asked:
    """What the address asks for as its group.

    Attributes:
        train: whether it is about train; else about the split.
        folds: numbers of folds and epochs; None for the usual ones.
        decisions: the first digits of the digest of what is learnt; None for the labels as given.
        listed: which of the labels.
    """

    train: bool = False
    folds: tuple[int, int] | None = None
    decisions: str | None = None
    listed: Listed = "open"

    @staticmethod
    def now() -> "_Asked":
        """What the address asks for; a group of another kind means nothing here."""
        found = _GROUP.fullmatch(selection.current().group or "")
        if found is None:
            return _Asked()
        train, folds, epochs, decisions, listed = found.groups()
        numbers = (int(folds), int(epochs)) if train and folds else None
        return _Asked(train is not None, numbers, decisions, cast(Listed, listed or "open"))

    def write(self, **changes: Any) -> None:
        """Asks for this instead, and for other changes of the selection; nothing stays open."""
        words = ["train"] if self.train else []
        if self.train and self.folds:
            words.append("x".join(map(str, self.folds)))
            words.extend([self.decisions[:_DIGITS]] if self.decisions else [])
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
    folding = _folding(viewed, asked)
    return Source(0, "train", folding.num_folds, folding.epochs, folding.decisions)


def _folding(viewed: Viewed, asked: _Asked) -> Folding:
    last = fold_loaders.last(viewed.run)
    folds, epochs = asked.folds or (last and (last.num_folds, last.epochs)) or (0, 0)
    if not 2 <= folds <= MOST_FOLDS:
        folds = _FOLDS
    if not 1 <= epochs <= _MOST_EPOCHS:
        epochs = min(viewed.run.config.training.epochs, _FEW_EPOCHS)
    found = Folding(folds, epochs)
    if asked.folds is None and last is not None:
        return replace(found, decisions=last.decisions)
    return replace(found, decisions=_decisions(viewed, found, asked.decisions))


def _decisions(viewed: Viewed, folding: Folding, digits: str | None) -> str | None:
    """The digest that is meant: of a training that was asked for, else of the decisions so far."""
    if digits is None:
        return None
    for one in fold_loaders.rounds(viewed.run, folding):
        if one.decisions is not None and one.decisions.startswith(digits):
            return one.decisions
    so_far = fold_loaders.decisions_so_far(viewed.run)
    return None if so_far is None else so_far.digest


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


def choose_folding(folding: Folding) -> None:
    """Asks for another k-fold training of train; the list stays."""
    numbers = folding.num_folds, folding.epochs
    replace(_Asked.now(), train=True, folds=numbers, decisions=folding.decisions).write()


def choose_folds(source: Source) -> None:
    """Draws how many folds and epochs; other numbers ask for another k-fold training."""
    keys = ("label_folds", "label_epochs")

    def changed() -> None:
        folds, epochs = (st.session_state[key] for key in keys)
        choose_folding(Folding(folds, epochs, source.decisions))

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


def choose_decisions(viewed: Viewed, source: Source) -> None:
    """Draws which labels the networks learn; nothing as long as nobody has decided anything."""
    names, key = _learnable(viewed, source.folding), "label_decisions"
    if len(names) == 1:
        return

    def changed() -> None:
        choose_folding(replace(source.folding, decisions=st.session_state[key] or None))

    st.session_state[key] = source.decisions or _AS_GIVEN
    st.selectbox(
        "Labels to learn", list(names), key=key, on_change=changed, width=200,
        format_func=names.__getitem__,
        help="Networks that no longer learn the wrong labels that you have found doubt the rest "
        "more clearly. What you put right is learnt as you decided; ambiguous and left-out images "
        "are not learnt. Every image is judged all the same.",
    )  # fmt: skip


def _learnable(viewed: Viewed, folding: Folding) -> dict[str, str]:
    """What the labels are called that can be learnt, by the digest of the decisions."""
    names = {_AS_GIVEN: "as given"}
    for number, one in enumerate(fold_loaders.rounds(viewed.run, folding), start=2):
        assert one.decisions is not None, "a round learns with decisions"
        names[one.decisions] = f"round {number}{_with(viewed, one)}"
    so_far = fold_loaders.decisions_so_far(viewed.run)
    if so_far is not None and so_far.digest not in names:
        names[so_far.digest] = f"my {counted(so_far.num_images, 'decision')} so far"
    return names


def _with(viewed: Viewed, folding: Folding) -> str:
    """How many decisions a round learns with; empty where that cannot be read."""
    try:
        learnt = fold_loaders.learnt(viewed.run, folding)
    except UserError:
        return ""
    return f", {counted(learnt.num_images, 'decision')}" if learnt else ""
