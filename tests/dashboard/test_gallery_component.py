"""The gallery component: it marks what the server says, however quick the reader is."""

from typing import Any

import numpy as np
import pytest

from dashboard.components import gallery
from dashboard.components.gallery import Listener, Page, Tile, chooser
from dashboard.sprites import sheet
from tests.dashboard.mounted import Mounted


class Server:
    """What a page remembers of a gallery: the open image, and those that are chosen."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.browser = Mounted(patch, gallery)
        self.open: int | None = None
        self.chosen: frozenset[int] = frozenset()

    def draw(self, *ids: int) -> dict[str, Any]:
        tiles = [Tile(index, "a", "b") for index in ids or (1, 2, 3)]
        page = Page(sheet(np.zeros((len(tiles), 1, 2, 2), np.uint8)), tiles, 0, 2, 6)
        listener = Listener(open=self._opened, choose=self._chose)
        chooser(page, "some", listener, selected=self.open, chosen=self.chosen, tags=[])
        data: dict[str, Any] = self.browser.data
        return data

    def _opened(self, index: int | None) -> None:
        self.open = index

    def _chose(self, added: Any, removed: Any) -> None:
        self.chosen = (self.chosen | frozenset(added)) - frozenset(removed)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    return Server(monkeypatch)


def test_what_is_done_in_the_browser_is_not_told_back(server: Server) -> None:
    first = server.draw()
    server.browser.does({"open": 3}, {"add": [1, 2], "remove": []}, told=first["revision"])
    assert (server.open, server.chosen) == (3, {1, 2})
    # The very same data: the sheet is not sent again, and nothing is marked anew.
    assert server.draw() == first


def test_what_the_server_does_is_told(server: Server) -> None:
    first = server.draw()
    server.open, server.chosen = 2, frozenset({1, 9})
    then = server.draw()
    assert then["revision"] == first["revision"] + 1
    assert (then["selected"], then["chosen"], then["elsewhere"]) == (2, [1], 1)
    assert server.draw() == then


@pytest.mark.parametrize(
    "event", [{"open": 3}, {"add": [3], "remove": []}, {"open": None}], ids=str
)
def test_what_is_done_before_that_is_heard_of_is_told_back(server: Server, event: Any) -> None:
    first = server.draw()
    server.open, server.chosen = 1, frozenset({2})  # as Z opens what it has undone
    told = server.draw()
    server.browser.does(event, told=first["revision"])
    last = server.draw()
    # The browser has taken over what it was told after that: only another revision mends it.
    assert last["revision"] > told["revision"]
    assert (last["selected"], last["chosen"]) == (server.open, sorted(server.chosen))
    server.browser.does({"open": 2}, told=last["revision"])
    assert server.draw()["revision"] == last["revision"]


def test_who_comes_back_to_the_page_is_told_what_is_open(server: Server) -> None:
    first = server.draw()
    server.browser.does({"open": 3}, told=first["revision"])
    server.browser.leave()
    assert server.draw()["selected"] == 3


def test_other_images_are_told_with_what_is_open_among_them(server: Server) -> None:
    first = server.draw()
    server.browser.does({"add": [1], "remove": []}, told=first["revision"])
    then = server.draw(4, 5, 6)
    assert then["revision"] == first["revision"] + 1
    assert (then["ids"], then["chosen"], then["elsewhere"]) == ([4, 5, 6], [], 1)
