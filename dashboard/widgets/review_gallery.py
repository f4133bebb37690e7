"""The gallery of every page: images behind a number, and beside them the one that is open."""

from collections.abc import Collection, Sequence

import pandas as pd
import streamlit as st

from core.review.annotations import Decision
from dashboard import change_words, review_loaders, selection, tile_size
from dashboard import images as pictures
from dashboard.components.gallery import End, Listener, Page, Tile, chooser
from dashboard.review_images import Captions, Found, Images, find, place_of
from dashboard.text import clean, counted, sentence
from dashboard.tile_lines import lines
from dashboard.widgets.decision import Label, decision
from dashboard.widgets.example_around import Around
from dashboard.widgets.example_pane import example_pane
from dashboard.widgets.gallery_choice import Choice
from dashboard.widgets.gallery_filters import (
    filter_button,
    filter_line,
    lasso_offer,
    order_choice,
)
from dashboard.widgets.run_bar import Viewed
from dashboard.widgets.run_page import leave_if_gone
from dashboard.widgets.tagging import export_button, press, tag_button, tell_problem
from dashboard.widgets.undoing import last_words, undo, undo_row

__all__ = ["Captions", "Images", "review_gallery"]

PANE_WIDTH = 400  # pixels
_BARS = 66  # of pager and tags, which take their height from the images'
_MOST_DECIDED = 500  # images at once: nobody has looked at more
_OUTCOMES = {"wrong": "Errors", "right": "Right answers"}
_SIGNS = {"ambiguous": "?", "left out": "∅", "confirmed": "✓"}


def review_gallery(viewed: Viewed, images: Images, key: str, height: int) -> None:
    """Title, filters, order, and the images; with one open, the example pane beside them.

    Filter, order and the open image stand in the address.

    Args:
        viewed: run, epoch and split.
        images: what there is to show.
        key: names the gallery among those of the application.
        height: of the images with tags and pager, in pixels.
    """
    if images.alone:
        # In a fragment: turning a page or opening an image must not draw the whole page anew.
        st.fragment(_gallery)(viewed, images, key, height)
    else:
        _gallery(viewed, images, key, height)


def _gallery(viewed: Viewed, images: Images, key: str, height: int) -> None:
    assert viewed.epoch is not None, "images have answers only at an epoch"
    leave_if_gone(viewed)
    chosen = selection.current()
    known, problem = review_loaders.annotations_or_none(viewed.run)
    found = find(viewed.run, viewed.epoch, viewed.split, images, chosen, known)
    choice = Choice(found, images, key)
    # Always the same boxes: one that comes and goes would have the images drawn anew.
    with st.container(horizontal=True, gap="medium", key=f"{key}_review"):
        with st.container(width="stretch", key=f"review_side_{key}", gap="small"):
            _head(found, images, choice, key, editable=problem is None)
            for line in (problem, *found.problems):
                if line is not None:
                    st.warning(sentence(line), icon="⚠️")
            tell_problem()
            _tiles(viewed, found, images, choice, key, height, editable=problem is None)
        if chosen.example is not None:
            with st.container(width=PANE_WIDTH):
                _pane(viewed, found, images, choice, chosen.example, problem is None)


def _head(found: Found, images: Images, choice: Choice, key: str, editable: bool) -> None:
    """What is shown, how many there are, and the buttons that change it."""
    classes = review_loaders.dataset_of(found.run).classes
    # Beside an open image there is little room: buttons are signs, and the title has its own line.
    narrow = selection.current().example is not None
    title = st.container(key=f"{key}_title") if narrow else None
    row = st.container(
        horizontal=True, vertical_alignment="center", gap="small",
        key=f"signs_{key}" if narrow else f"tools_{key}",
    )  # fmt: skip
    title = title or row.container(width="stretch", key=f"{key}_title")
    title.markdown(_title(found, images))
    if images.rows.empty:
        return
    with row:
        filter_button(found, classes, key, narrow)
        order_choice(found, images, key, "stretch" if narrow else 170)
        if editable:
            tag_button(found, _targets(choice), key, narrow)
        export_button(found, images, choice.ids, key, narrow)
    lasso_offer(found, images, key)
    filter_line(found, classes, key)


def _title(found: Found, images: Images) -> str:
    """What is shown, and of how many, in Markdown."""
    shown, there, outcome = len(found.rows), len(found.table), found.query.outcome
    every = counted(there, f"{found.split} image")
    number = every if shown == there else f"{shown:,} of {every}"
    if images.outcome is None:
        return f"**{images.title}** · {number}"
    # The page has all images, and at first shows those of one outcome: the filter has the say.
    if outcome == "any":
        return f"**{'All images' if shown == there else 'Images'}** · {number}"
    alike = int((found.table["correct"] == (outcome == "right")).sum())
    if shown != alike:
        number = f"{shown:,} of {alike:,}, filtered"
    return f"**{_OUTCOMES[outcome]}** · {number}"


def _targets(choice: Choice) -> Collection[int]:
    """The chosen images, or else the open one."""
    example = selection.current().example
    return choice.ids or ([] if example is None else [example])


def _tiles(
    viewed: Viewed, found: Found, images: Images, choice: Choice, key: str, height: int,
    editable: bool,
) -> None:  # fmt: skip
    if found.rows.empty:
        # The page's own filter cannot be cleared: what it looks for is not there.
        filtered = "No image passes the filter. Choose less in it, or clear it."
        usual = images.rows.empty or found.query == found.usual
        st.info(images.empty if usual else filtered)
        if editable:
            undo_row(found.run, found.file, key)
        return
    page = choice.page
    shown = choice.rows(page)
    sheet = pictures.sheet(viewed.run, found.file, shown["index"])
    classes = review_loaders.dataset_of(viewed.run).classes
    chooser(
        Page(sheet, _tiles_of(found, images, shown, classes), page, choice.pages, len(found.rows)),
        key,
        _listener(found, choice),
        selected=selection.current().example,
        chosen=choice.ids,
        tags=list(found.annotations.tags) if editable else None,
        decides=_MOST_DECIDED if editable and images.suggested else 0,
        said=last_words(found.run) if editable else "",
        sizes=tuple(tile_size.SIZES),
        size=tile_size.chosen(),
        height=height - _BARS,
        zoom=choice.size.zoom(sheet.width),
        label=f"{counted(len(found.rows), 'image')}",
    )
    if editable and choice.ids:  # below: the images stay where they are
        _decide(found, images, choice)


def _tiles_of(
    found: Found, images: Images, shown: pd.DataFrame, classes: tuple[str, ...]
) -> list[Tile]:
    written = lines(found, images, shown, classes)
    badges = images.badges(shown) if images.badges else [None] * len(shown)
    places = {name: place for place, name in enumerate(found.annotations.tags)}
    tiles = []
    for index, line, badge in zip(map(int, shown["index"]), written, badges, strict=True):
        tags = tuple(places[name] for name in found.annotations.tags_of(found.file, index))
        decided = found.annotations.decision_of(found.file, index)
        note = found.annotations.note_of(found.file, index)
        sign, words = _sign(decided, classes)
        if note:
            sign, words = f"{sign}✎", f"{words}\n{note}".strip()
        below = (clean(line.first, 40), clean(line.second, 40))
        about = clean(line.about, 80)
        tiles.append(Tile(index, *below, tags, sign, words, badge, about))
    return tiles


def _sign(decided: Decision | None, classes: tuple[str, ...]) -> tuple[str, str]:
    """A decision in a letter or two, and in words."""
    if decided is None:
        return "", ""
    if decided.label is not None:
        name = clean(classes[decided.label], 40)
        return f"→ {name if len(name) < 5 else name[:3] + '…'}", f"label wrong, should be {name}"
    return _SIGNS[decided.kind], change_words.decided(decided, classes)


def _decide(found: Found, images: Images, choice: Choice) -> None:
    """Buttons that decide about all chosen images."""
    if len(choice.ids) > _MOST_DECIDED:
        st.caption(f"At most {_MOST_DECIDED} images can be decided about at once: select fewer.")
        return
    rows = found.rows[found.rows["index"].isin(choice.ids)]
    looks = images.suggested or "predicted"
    labels = {
        int(index): Label(int(true), None if pd.isna(looked) else int(looked))
        for index, true, looked in zip(rows["index"], rows["true"], rows[looks], strict=True)
    }
    decision(found.run, found.file, labels, key="decision_chosen")


def _listener(found: Found, choice: Choice) -> Listener:
    def open_one(index: int | None) -> None:
        selection.update(example=index)

    def turn(page: int, landing: End | None) -> None:
        if landing is not None:
            there = choice.rows(page)["index"]
            selection.update(example=int(there.iloc[0 if landing == "first" else -1]))
        choice.turn(page)

    def choose(added: Sequence[int], removed: Sequence[int]) -> None:
        choice.keep((choice.now() | frozenset(added)) - frozenset(removed))

    def choose_all(wanted: bool) -> None:
        choice.keep(frozenset(found.rows["index"].tolist()) if wanted else frozenset())

    def tag(name: str, ids: Sequence[int]) -> None:
        targets = ids or choice.now()
        if name in found.annotations.tags and targets:
            press(found, name, targets)

    return Listener(
        open_one, turn, choose, choose_all, tag,
        undo=lambda: undo(found.run, found.file), resize=choice.resize,
    )  # fmt: skip


def _pane(
    viewed: Viewed, found: Found, images: Images, choice: Choice, index: int, editable: bool
) -> None:
    place = place_of(found.rows, index)
    around = Around(found, images, place, editable, shortcuts=not choice.ids)
    example_pane(viewed, index, around)
