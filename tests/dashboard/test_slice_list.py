"""The list of slices: it marks the one that the page has open."""

import numpy as np
import pytest

from dashboard.components import slice_list as component
from dashboard.components.slice_list import Row, slice_list
from dashboard.sprites import sheet
from tests.dashboard.mounted import Mounted


class Server:
    """A page with three slices, and the one that it has open."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.browser = Mounted(patch, component)
        self.open: str | None = None

    def draw(self) -> tuple[str | None, int]:
        """Sends the list: what is open in it, and how often that was told."""
        rows = [Row(key, key, "", 9, 1, 0.1, 0, 0, 0, 1, "unclear") for key in ("a", "b", "c")]
        examples = sheet(np.zeros((3, 1, 2, 2), np.uint8))
        slice_list(rows, examples, 1, "list", selected=self.open, on_open=self._opened)
        return self.browser.data["selected"], self.browser.data["revision"]

    def _opened(self, key: str | None) -> None:
        self.open = key


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    return Server(monkeypatch)


def test_what_is_opened_in_the_list_is_not_told_back_and_all_else_is(server: Server) -> None:
    _, told = server.draw()
    server.browser.does({"open": "b"}, {"open": "nobody"}, {"open": ["b"]}, told=told)
    assert server.open == "b"
    assert server.draw()[1] == told
    server.open = "c"
    assert server.draw() == ("c", told + 1)


def test_what_is_opened_before_another_slice_is_heard_of_is_told_back(server: Server) -> None:
    _, before = server.draw()
    server.open = "c"
    _, now = server.draw()
    server.browser.does({"open": "b"}, told=before)
    assert server.draw() == ("b", now + 1)


def test_who_comes_back_to_the_page_is_told_what_is_open(server: Server) -> None:
    _, told = server.draw()
    server.browser.does({"open": "b"}, told=told)
    server.browser.leave()
    assert server.draw()[0] == "b"
