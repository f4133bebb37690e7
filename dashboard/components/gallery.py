"""A gallery of many small images: one sprite sheet a page, a caption an image, keyboard and mouse.

Arrows walk, also on to the next page, Page Up and Page Down turn pages, Enter opens and Esc closes;
while an image is open, walking opens the next one. Space, a tick in the corner, Shift and Ctrl
choose several images. Number keys set and take off tags; Z, also with Ctrl, undoes. Three sizes.
"""

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import streamlit as st

from dashboard.components.assets import joined
from dashboard.components.events import Told, is_whole, told_to, unheard
from dashboard.sprites import Sheet

HTML = '<div class="part gallery"></div>'
STYLES = ("base.css", "gallery.css", "gallery_foot.css")
SCRIPTS = (
    "dom.js", "events.js",
    "gallery_tiles.js", "gallery_foot.js", "gallery_keys.js", "gallery.js",
)  # fmt: skip
_mount = st.components.v2.component(
    "convscope_gallery", html=HTML, css=joined(*STYLES), js=joined(*SCRIPTS)
)

End = Literal["first", "last"]
Tone = Literal["good", "bad", "plain"]
Badge = tuple[str, Tone]


@dataclass(frozen=True)
class Tile:
    """One image of the page.

    Attributes:
        id: what is reported for it.
        first: the line under it, short.
        second: another line, fainter.
        tags: places of its tags in the gallery's `tags`.
        mark: what was decided about it, a sign of one or a few letters; empty for nothing.
        note: what the sign means, and whatever else a person may want to know who points at it.
        badge: a word under the lines, and its colour; None for none.
        about: what the second line tells, with its name, for who points at it.
    """

    id: int
    first: str
    second: str
    tags: tuple[int, ...] = ()
    mark: str = ""
    note: str = ""
    badge: Badge | None = None
    about: str = ""


@dataclass(frozen=True)
class Page:
    """What is shown at once.

    Attributes:
        sheet: the images, in order.
        tiles: what is said of each.
        number: which page this is, from 0.
        pages: how many there are.
        total: images on all pages together.
    """

    sheet: Sheet
    tiles: Sequence[Tile]
    number: int = 0
    pages: int = 1
    total: int = 0


def _ignore(*_: Any) -> None:
    """Nobody listens."""


@dataclass(frozen=True)
class Listener:
    """Who is told what; each is called before the script runs again.

    Attributes:
        open: an image is to be opened by its id, or with None the open one closed.
        turn: another page is to be shown; with an end, its first or last image is to be opened.
        choose: images of this page are chosen (first) or no longer (second).
        choose_all: the images of all pages are chosen (True), or none (False).
        tag: a tag is pressed, for these ids or, without any, for the chosen ones.
        undo: what was said last is to be undone.
        resize: the images are to have another of the sizes; the one of the id is to stay in sight.
    """

    open: Callable[[int | None], None] = _ignore
    turn: Callable[[int, End | None], None] = _ignore
    choose: Callable[[Sequence[int], Sequence[int]], None] = _ignore
    choose_all: Callable[[bool], None] = _ignore
    tag: Callable[[str, Sequence[int]], None] = _ignore
    undo: Callable[[], None] = _ignore
    resize: Callable[[str, int | None], None] = _ignore


def gallery(
    sheet: Sheet,
    ids: Sequence[int],
    captions: Sequence[tuple[str, str]],
    key: str,
    *,
    selected: int | None = None,
    page: int = 0,
    pages: int = 1,
    height: int = 420,
    zoom: int = 2,
    label: str = "Images",
    on_open: Callable[[int | None], None] | None = None,
    on_page: Callable[[int], None] | None = None,
) -> None:
    """Shows the images of one page, to be opened only.

    Args:
        sheet: the images of this page, in order.
        ids: what to report for each image.
        captions: two short lines under each image.
        key: names the gallery; the same key keeps the same node.
        selected: the id of the open image.
        page: which page this is, from 0.
        pages: how many there are.
        height: of the scrolling area, in pixels.
        zoom: screen pixels for a pixel of the image.
        label: what a screen reader says the gallery shows.
        on_open: called with the id of an image to open, or None to close it.
        on_page: called with the number of a page to turn to.
    """
    tiles = [Tile(id, *lines) for id, lines in zip(ids, captions, strict=True)]
    listener = Listener(
        open=on_open or _ignore,
        turn=lambda number, _: on_page(number) if on_page is not None else None,
    )
    chooser(
        Page(sheet, tiles, page, pages, len(tiles)), key, listener,
        selected=selected, height=height, zoom=zoom, label=label,
    )  # fmt: skip


def chooser(
    page: Page,
    key: str,
    listener: Listener,
    *,
    selected: int | None = None,
    chosen: frozenset[int] = frozenset(),
    tags: Sequence[str] | None = None,
    decides: int = 0,
    said: str = "",
    sizes: Sequence[str] = (),
    size: str = "",
    height: int = 420,
    zoom: float = 2,
    label: str = "Images",
) -> None:
    """Shows the images of one page, to be opened, chosen and tagged.

    Args:
        page: the images.
        key: names the gallery; the same key keeps the same node.
        listener: hears what is done.
        selected: the id of the open image.
        chosen: ids that are chosen, on this page and on others.
        tags: names of the tags, the first nine with a number key; None where images are not chosen
            and tagged.
        decides: how many chosen images the page decides about at once with W, A, L and U, or about
            the open one; 0 where it does not say so.
        said: what was said last about images, to be undone; empty for nothing.
        sizes: that the images can have, the smallest first; the browser remembers which was chosen
            for as long as its tab is open.
        size: which of them they have.
        height: of the scrolling area, with the line of what was said last, in pixels.
        zoom: screen pixels for a pixel of the image.
        label: what a screen reader says the gallery shows.
    """
    told, ids = told_to(key), [tile.id for tile in page.tiles]
    here = chosen.intersection(ids)
    sheet = page.sheet
    data = {
        "sheet": base64.b64encode(sheet.png).decode(),
        "columns": sheet.columns,
        "rows": sheet.rows,
        "width": sheet.width * zoom,
        "height": sheet.height * zoom,
        "captions": [[tile.first, tile.second] for tile in page.tiles],
        "abouts": [tile.about for tile in page.tiles],
        "badges": [list(tile.tags) for tile in page.tiles],
        "marks": [[tile.mark, tile.note] for tile in page.tiles],
        "words": [tile.badge for tile in page.tiles],
        # Only what was done elsewhere: other data means sending the whole sheet again.
        **told.tell(ids=ids, selected=selected, chosen=sorted(here)),
        "elsewhere": len(chosen) - len(here),
        "page": page.number,
        "pages": page.pages,
        "total": page.total,
        "area": height,
        "label": label,
        "tags": None if tags is None else list(tags),
        "decides": decides,
        "said": said,
        "sizes": list(sizes),
        "size": size,
    }

    def heard() -> None:
        for event in unheard(told, (st.session_state.get(key) or {}).get("events")):
            _report(event, told, listener, page, sizes)

    _mount(key=key, data=data, height="content", on_events_change=heard)


def _report(
    event: Mapping[str, Any],
    told: Told,
    listener: Listener,
    page: Page,
    sizes: Sequence[str] = (),
) -> None:
    """Passes on one event; what the page does not have is ignored."""
    ids = {tile.id for tile in page.tiles}
    if "open" in event and (event["open"] is None or event["open"] in ids):
        told.shows(event, selected=event["open"])
        listener.open(event["open"])
    elif is_whole(event.get("page")):
        landing = event.get("landing")
        number = min(max(event["page"], 0), page.pages - 1)
        listener.turn(number, landing if landing in ("first", "last") else None)
    elif "add" in event or "remove" in event:
        added, removed = (_known(event.get(name), ids) for name in ("add", "remove"))
        chosen = {*told.shown.get("chosen", ()), *added} - set(removed)
        told.shows(event, chosen=sorted(chosen))
        listener.choose(added, removed)
    elif isinstance(event.get("all"), bool):
        told.shows(event, chosen=sorted(ids) if event["all"] else [])
        listener.choose_all(event["all"])
    elif isinstance(event.get("tag"), str):
        listener.tag(event["tag"], _known(event.get("ids"), ids))
    elif event.get("undo") is True:
        listener.undo()
    elif event.get("size") in sizes:
        listener.resize(event["size"], event["at"] if event.get("at") in ids else None)


def _known(values: Any, ids: set[int]) -> list[int]:
    return [value for value in values if value in ids] if isinstance(values, list) else []
