"""Whose labels the Labels page looks at: those of test, validation, or the whole train file.

Train has no split of its own in the address: no epoch keeps probabilities of images that it has
learnt. It stands there as a group, ``suspects:train 5x4``: five folds of four epochs each.
"""

import re

import streamlit as st

from core.training.folds import MOST_FOLDS
from dashboard import selection
from dashboard.label_loaders import Source
from dashboard.widgets.run_bar import Viewed

_NAMES = {"test": "Test", "validation": "Validation", "train": "Train"}
_GROUP = re.compile(r"suspects:train(?: ([0-9]{1,9})x([0-9]{1,9}))?")
_FOLDS = 5
_MOST_EPOCHS, _FEW_EPOCHS = 1000, 5  # a few find most labels that are wrong


def source_of(viewed: Viewed) -> Source:
    """What the address asks for; numbers out of range fall back on the usual ones."""
    assert viewed.epoch is not None, "nothing is doubted before the first epoch"
    chosen = selection.current()
    usual = min(viewed.run.config.training.epochs, _FEW_EPOCHS)
    found = _GROUP.fullmatch(chosen.group or "")
    if found is None:
        return Source(viewed.epoch, chosen.split, _FOLDS, usual)
    folds, epochs = (int(text) if text else 0 for text in found.groups())
    return Source(
        viewed.epoch,
        "train",
        folds if 2 <= folds <= MOST_FOLDS else _FOLDS,
        epochs if 1 <= epochs <= _MOST_EPOCHS else usual,
    )


def choose_source(source: Source) -> None:
    """Draws the choice of test, validation or train."""
    key = "label_source"

    def changed() -> None:
        wanted = st.session_state[key]
        if wanted == "train":
            selection.update(group="suspects:train", example=None)
        else:
            selection.update(split=wanted, group=None, example=None)

    st.session_state[key] = source.split
    st.segmented_control(
        "Labels of", list(_NAMES), key=key, on_change=changed, required=True,
        format_func=_NAMES.__getitem__,
    )  # fmt: skip


def choose_folds(source: Source) -> None:
    """Draws how many folds and epochs; other numbers ask for another k-fold training."""
    keys = ("label_folds", "label_epochs")

    def changed() -> None:
        folds, epochs = (st.session_state[key] for key in keys)
        selection.update(group=f"suspects:train {folds}x{epochs}", example=None)

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
