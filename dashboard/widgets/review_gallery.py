"""The gallery of every page: images behind a number, and beside them the one that is open."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from core.review.annotations import file_of
from dashboard import images as pictures
from dashboard import review_loaders, selection
from dashboard.components.gallery import gallery
from dashboard.text import counted, percent
from dashboard.widgets.example_pane import example_pane
from dashboard.widgets.run_bar import Viewed

Captions = Callable[[pd.DataFrame], list[tuple[str, str]]]


@dataclass(frozen=True, eq=False)  # eq would compare tables element by element
class Images:
    """What a page has to show.

    Attributes:
        title: what they are, in Markdown; names in it must be escaped.
        rows: rows of `core.evaluation.examples`, in the page's order; more columns are allowed.
        empty: what to say, and do next, where there are none.
        order: by what they are sorted at first; None keeps the page's order.
        outcome: whether only wrong or right answers are shown at first.
        caption: two lines under each image; None for true → predicted and confidence.
        split: what the images are called where that is not the viewed split, as in ``train``.
        probabilities: (N, K) that the rows' positions count in, where they are not the run's own
            on the viewed split.
    """

    title: str
    rows: pd.DataFrame
    empty: str
    order: str | None = None
    outcome: Literal["wrong", "right"] | None = None
    caption: Captions | None = None
    split: str | None = None
    probabilities: NDArray[np.floating[Any]] | None = None


def review_gallery(viewed: Viewed, images: Images, key: str, height: int) -> None:
    """Title, filters, order, and the images; with one open, the example pane beside them.

    Args:
        viewed: run, epoch and split.
        images: what there is to show.
        key: names the gallery among those of the application.
        height: of the images, in pixels.
    """
    chosen = selection.current()
    if chosen.example is None:
        _tiles(viewed, images, key, height)
        return
    tiles, pane = st.columns([1, 1], gap="medium")
    with tiles:
        _tiles(viewed, images, key, height)
    with pane:
        example_pane(viewed, chosen.example)


def _tiles(viewed: Viewed, images: Images, key: str, height: int) -> None:
    rows = images.rows
    if images.outcome is not None:
        rows = rows[rows["correct"] == (images.outcome == "right")]
    split = images.split or viewed.split
    st.markdown(f"**{images.title}** · {counted(len(rows), f'{split} image')}")
    if rows.empty:
        st.info(images.empty)
        return
    pages = -(-len(rows) // pictures.PAGE_SIZE)
    page = min(int(st.session_state.get(f"{key}_page", 0)), pages - 1)
    shown = rows[page * pictures.PAGE_SIZE : (page + 1) * pictures.PAGE_SIZE]
    sheet = pictures.sheet(viewed.run, file_of(split), shown["index"])
    classes = review_loaders.dataset_of(viewed.run).classes
    gallery(
        sheet,
        ids=[int(index) for index in shown["index"]],
        captions=(images.caption or _caption(classes))(shown),
        key=key,
        selected=selection.current().example,
        page=page,
        pages=pages,
        height=height - (36 if pages > 1 else 0),
        zoom=max(1, round(56 / sheet.width)),
        on_open=lambda index: selection.update(example=index),
        on_page=lambda number: st.session_state.update({f"{key}_page": number}),
    )


def _caption(classes: tuple[str, ...]) -> Captions:
    def lines(shown: pd.DataFrame) -> list[tuple[str, str]]:
        return [
            (f"{classes[true]} → {classes[predicted]}", percent(confidence, 1))
            for true, predicted, confidence in zip(
                shown["true"], shown["predicted"], shown["confidence"], strict=True
            )
        ]

    return lines
