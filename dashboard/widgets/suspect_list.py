"""Labels that may be wrong, the most doubtful first, to be decided about one after the other."""

from collections.abc import Callable, Mapping
from typing import Literal

import pandas as pd
import streamlit as st

from core.jobs.fold_requests import FoldNetwork
from core.review.suspects import Listed
from dashboard import review_loaders
from dashboard.label_loaders import Doubted, Source
from dashboard.text import count
from dashboard.widgets.label_source import choose, list_of
from dashboard.widgets.review_gallery import Captions, Images, review_gallery
from dashboard.widgets.run_bar import Viewed

_ROW, _IN_A_ROW = 108, 8  # pixels of a row of tiles, tiles in it beside an open image
_AROUND = 88  # pixels above and below the tiles
Lists = Mapping[Listed, pd.DataFrame]
_NAMES: dict[Listed, str] = {
    "open": "To decide",
    "decided": "Decided",
    "all": "All, ranked",
}
_RULES = {
    "open": "Listed are the labels that the network contradicts most, as many as confident "
    "learning estimates to be wrong, without those decided about. “All, ranked” has the others.",
    "decided": "Listed is whatever has a decision, the most doubtful first.",
    "all": "The less probable the network finds a label, the further in front it stands.",
}
_TITLES = {
    "open": "Labels to decide about",
    "decided": "Decided",
    "all": "All labels, the most doubtful first",
}
_LEAVES: dict[Listed, Literal["decided", "undecided"] | None] = {
    "open": "decided",
    "decided": "undecided",
    "all": None,
}
_EMPTY = {
    "open": "No label of the {split} images is left that looks wrong and has no decision. Look at "
    "all of them, ranked, or at other images.",
    "decided": "Nothing has been decided about {split} images yet. Open an image, or select "
    "several, and say what is wrong with the label.",
    "all": "There are no labels to doubt: with a single class every image has the right one.",
}


def choose_list(lists: Lists) -> Listed:
    """Draws the choice of the list, with how many images each has."""
    names = {name: f"{words} {count(len(lists[name]))}" for name, words in _NAMES.items()}
    chosen, key = list_of(), "label_list"
    st.session_state[key] = chosen
    st.segmented_control(
        "List", list(names), key=key, required=True, format_func=names.__getitem__,
        on_change=lambda: choose(st.session_state[key]), label_visibility="collapsed",
    )  # fmt: skip
    return chosen


def suspect_list(
    viewed: Viewed, source: Source, found: Doubted, lists: Lists, chosen: Listed, height: int
) -> None:
    """The gallery of one of the lists.

    Args:
        viewed: run and epoch.
        source: whose labels.
        found: every label, ranked.
        lists: the same, by what is left to do, as of `core.review.suspects.listed`.
        chosen: which list.
        height: of the images, in pixels.
    """
    classes = review_loaders.dataset_of(viewed.run).classes
    rows = lists[chosen]
    st.caption(_RULES[chosen])
    review_gallery(
        viewed,
        Images(
            title=_TITLES[chosen],
            rows=rows,
            empty=_EMPTY[chosen].format(split=source.split),
            ranking="Most doubtful",
            caption=_captions(classes),
            split=source.split,
            alone=False,
            suggested="suggested",
            leaves=_LEAVES[chosen],
            probabilities=found.probabilities if source.split == "train" else None,
            judge=_judge(source, found),
            every=lists["all"],
        ),
        key="suspects",
        height=min(height, _ROW * -(-len(rows) // _IN_A_ROW) + _AROUND),
    )


def _judge(source: Source, found: Doubted) -> Callable[[int], FoldNetwork] | None:
    """Which network has given an image's answer; None where it is the run's own, or not kept."""
    folds = found.folds
    if folds is None:
        return None
    return lambda index: FoldNetwork(source.folding, int(folds[index]))


def _captions(classes: tuple[str, ...]) -> Captions:
    def lines(shown: pd.DataFrame) -> list[tuple[str, str]]:
        return [
            (f"labelled {classes[true]}", f"like {classes[suggested]}")
            for true, suggested in zip(shown["true"], shown["suggested"], strict=True)
        ]

    return lines
