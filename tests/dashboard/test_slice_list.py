"""The list of slices: it marks the one that the page has open."""

import numpy as np
import pytest

from dashboard.components import slice_list as component
from dashboard.components.slice_list import Row, slice_list
from dashboard.sprites import sheet
from tests.dashboard.mounted import Mounted


def row(key: str, low: float = 0, excess: float = 0, high: float = 0) -> Row:
    return Row(key, key, "", 9, 1, 0.1, excess, low, high, 1, "unclear")


class Server:
    """A page with three slices, and the one that it has open."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.browser = Mounted(patch, component)
        self.open: str | None = None

    def draw(self, *intervals: tuple[float, float, float]) -> tuple[str | None, int]:
        """Sends the list: what is open in it, and how often that was told.

        Args:
            intervals: lower end, excess and upper end of each slice.
        """
        each = zip("abcdefghij", intervals or [(0, 0, 0)] * 3, strict=False)
        rows = [row(key, *interval) for key, interval in each]
        examples = sheet(np.zeros((len(rows), 1, 2, 2), np.uint8))
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


@pytest.mark.parametrize(
    ("intervals", "expected"),
    [
        # As far as the intervals go, to tenths of a point, with 0 in between.
        ([(0.011, 0.02, 0.0292), (-0.0092, 0.01, 0.02)], (-0.01, 0.03)),
        # No farther beyond the excess of all than half of its reach.
        ([(-0.9, 0.02, 0.9), (-0.9, -0.02, 0.9)], (-0.04, 0.04)),
        # All below 0, all above, and nothing at all: the ends can be written beside 0.
        ([(-0.04, -0.03, -0.02)], (-0.04, 0.02)),
        ([(0.01, 0.03, 0.04)], (-0.012, 0.04)),
        ([(0, 0, 0)], (-0.001, 0.001)),
    ],
)
def test_the_scale_of_the_intervals(
    server: Server, intervals: list[tuple[float, float, float]], expected: tuple[float, float]
) -> None:
    server.draw(*intervals)
    assert server.browser.data["range"] == pytest.approx(expected, abs=1e-9)


def test_a_set_that_was_picked_for_its_errors_leaves_the_others_their_scale(server: Server) -> None:
    def scale(first: tuple[float, float, float] | None = None) -> tuple[float, float]:
        usual = [(0.001, 0.01, 0.02), (-0.02, -0.01, 0.001), (-0.01, 0.002, 0.01)] * 3
        server.draw(*([first] if first else []), *usual)
        low, high = server.browser.data["range"]
        return low, high

    assert scale((0.8, 0.99, 1)) == scale()
    assert scale((0.03, 0.05, 0.07))[1] == pytest.approx(0.07)  # far from them, but not that far
