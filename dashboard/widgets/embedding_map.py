"""The map of a split's images: PCA at once, t-SNE once it is worked out; colours and words."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import get_args

import streamlit as st

from core.errors import ReviewError, UserError
from core.jobs import analysis as analyses
from core.jobs.analysis import AnalysisState
from core.review.annotations import file_of
from dashboard import (
    answer_loaders,
    embedding_loaders,
    loaders,
    review_loaders,
    selection,
    split_embedding,
)
from dashboard.components.scatter import Points, scatter
from dashboard.embedding_loaders import ImageMap
from dashboard.image_route import images_address
from dashboard.lasso import Map, Mode
from dashboard.point_colors import TITLES, Coloring
from dashboard.text import clean, count, percent, sentence
from dashboard.view_settings import ViewSettings, one_of
from dashboard.widgets.analysis_card import analysis_card
from dashboard.widgets.embedding_choice import Chosen, draw
from dashboard.widgets.epoch_player import is_playing, play_button
from dashboard.widgets.run_bar import Viewed

_NAMES: dict[Map, str] = {"pca": "PCA", "tsne": "t-SNE"}
_SETTINGS = ViewSettings(
    one_of("map", "pca", {kind: kind for kind in get_args(Map)}),
    one_of("colour", get_args(Mode)[0], {mode: mode for mode in get_args(Mode)}),
)


def embedding_map(
    viewed: Viewed, epoch: int, given: answer_loaders.Answers, chosen: Chosen | None, height: int
) -> None:
    """The controls, the map, and what it shows in words.

    Args:
        viewed: run and split.
        epoch: whose network is looked at.
        given: what it answers.
        chosen: the images that are marked.
        height: of the map, in pixels.
    """
    kind, mode = _controls(viewed)
    try:
        shown = _shown(viewed, epoch, kind)
        mode, colors = _colors(viewed, epoch, mode)
    except UserError as error:
        st.error(sentence(str(error)), icon="⚠️")
        return
    table, data = given.examples, review_loaders.dataset_of(viewed.run)
    file = file_of(viewed.split)
    points = Points(
        places=shown.places,
        index=table["index"].to_numpy(),
        true=table["true"].to_numpy(),
        predicted=table["predicted"].to_numpy(),
        confidence=table["confidence"].to_numpy(),
        groups=colors.groups,
        legend=colors.legend,
        words=_tag_words(viewed, epoch),
    )
    scatter(
        points,
        key="embedding",
        classes=[clean(name, 40) for name in given.classes],
        images=images_address(viewed.run.id, file),
        version=data.fingerprint[:16],
        space=shown.space,
        view=shown.view,
        title=TITLES[mode],
        noun=f"{viewed.split} image",
        label=f"{_NAMES[shown.kind]} of {count(len(table))} {viewed.split} images",
        chosen=None if chosen is None else chosen.name,
        marked=None if chosen is None else chosen.positions,
        opened=selection.current().example,
        height=height,
        on_open=lambda index: selection.update(example=index),
        on_lasso=lambda drawn, before: draw(viewed, shown, mode, drawn, before),
    )
    st.caption(_about(shown))
    _prepare_others(viewed, epoch)


def _controls(viewed: Viewed) -> tuple[Map, Mode]:
    for problem in _SETTINGS.problems():
        st.warning(problem, icon="⚠️")
    with st.container(horizontal=True, vertical_alignment="center", key="embedding_controls"):
        kind: Map = st.segmented_control(
            "Map", get_args(Map), required=True, format_func=_NAMES.__getitem__,
            label_visibility="collapsed", **_SETTINGS.control("map", "embedding_map"),
        )  # fmt: skip
        mode: Mode = st.selectbox(
            "Colour", get_args(Mode), width=220, label_visibility="collapsed",
            format_func=lambda mode: f"Colour: {TITLES[mode]}",
            **_SETTINGS.control("colour", "embedding_color"),
        )  # fmt: skip
        play_button(viewed)
    return kind, mode


def _shown(viewed: Viewed, epoch: int, kind: Map) -> ImageMap:
    """The map that is wanted; until t-SNE is there, the PCA below the button that has it made."""
    if kind == "tsne":
        state = embedding_loaders.tsne_look(viewed.run, epoch, viewed.split)
        if state.state == "done":
            try:
                return embedding_loaders.tsne_map(viewed.run, epoch, viewed.split)
            except UserError as error:
                _offer_again(viewed, epoch, error)
        else:
            _tsne_card(viewed, epoch)
    growing = _is_growing(viewed)
    with _patience(viewed, epoch):
        return embedding_loaders.pca_map(viewed.run, epoch, viewed.split, growing=growing)


@contextmanager
def _patience(viewed: Viewed, epoch: int) -> Iterator[None]:
    """Says what takes so long, where it does."""
    if embedding_loaders.is_ready(viewed.run, epoch, viewed.split, growing=_is_growing(viewed)):
        yield
        return
    with st.spinner("Looking at every image once …"):
        yield


def _tsne_card(viewed: Viewed, epoch: int) -> None:
    def look(start: bool) -> AnalysisState:
        return embedding_loaders.tsne_look(viewed.run, epoch, viewed.split, start)

    analysis_card(
        look,
        lambda _: st.rerun(),  # it has just been done: the page is drawn with it
        about=(
            f"t-SNE lays out the {viewed.split} images of epoch {epoch} so that neighbours stay "
            "neighbours: about a minute for 10,000, four for 60,000, in the background, then kept. "
            "The PCA is shown meanwhile."
        ),
        button=f"Lay out epoch {epoch}",
        key="tsne_start",
        icon=":material/scatter_plot:",
        parts="iterations",
        stop=lambda: analyses.stop(
            viewed.run, embedding_loaders.tsne_analysis(epoch, viewed.split)
        ),
    )


def _offer_again(viewed: Viewed, epoch: int, error: UserError) -> None:
    def again() -> None:
        try:
            embedding_loaders.tsne_again(viewed.run, epoch, viewed.split)
        except UserError as problem:
            st.error(sentence(str(problem)), icon="⚠️")

    st.error(sentence(str(error)), icon="⚠️")
    st.button("Work it out again", key="tsne_again", icon=":material/refresh:", on_click=again)


def _colors(viewed: Viewed, epoch: int, mode: Mode) -> tuple[Mode, Coloring]:
    """The colours that are wanted; those of the classes where tags cannot be read."""
    try:
        return mode, embedding_loaders.colors(viewed.run, epoch, viewed.split, mode)
    except ReviewError:  # the gallery says why
        return "true", embedding_loaders.colors(viewed.run, epoch, viewed.split, "true")


def _tag_words(viewed: Viewed, epoch: int) -> dict[int, str]:
    """The tags of each tagged image, by its position."""
    words: dict[int, list[str]] = {}
    try:
        found = embedding_loaders.tags(viewed.run, epoch, viewed.split)
    except ReviewError:  # the gallery says why
        found = []
    for name, members in found:
        for position in members.nonzero()[0].tolist():
            words.setdefault(position, []).append(clean(name, 40))
    return {position: ", ".join(names) for position, names in words.items()}


def _about(shown: ImageMap) -> str:
    if shown.kind == "tsne":
        return (
            f"t-SNE of epoch {shown.epoch}: near means alike to the network, far means little. "
            "Each epoch is laid out anew."
        )
    first, second = (percent(share, 1) for share in shown.explained)
    return (
        f"The directions of the {shown.num_values} values that the output layer reads, on their "
        f"first two principal axes ({first} and {second} of the variance), which stay those of "
        f"epoch {shown.frame} at every epoch."
    )


def _prepare_others(viewed: Viewed, epoch: int) -> None:
    """Has the epochs beside this one looked at meanwhile: the slider goes there next."""
    growing = _is_growing(viewed)
    if growing and not is_playing(viewed):
        return  # a network that learns needs the processor more
    for other in split_embedding.beside(viewed.epochs, epoch):
        with suppress(UserError):  # the page says so when it gets there
            embedding_loaders.is_ready(viewed.run, other, viewed.split, growing=growing)


def _is_growing(viewed: Viewed) -> bool:
    """Whether more epochs are coming."""
    return viewed.summary.state in loaders.ACTIVE
