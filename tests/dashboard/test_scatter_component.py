"""The scatter component: what is packed for the browser, and which of its messages are believed."""

import json

import numpy as np
import pytest

from dashboard.components import scatter as component
from dashboard.components.scatter import Drawn, Entry, Points, Taken, drawn_in, pack, scatter
from tests.dashboard.mounted import Mounted

BLOCKS = [("index", "<u4")] + [
    (name, "<u2") for name in ("x", "y", "true", "predicted", "confidence", "group")
]


def unpacked(packed: bytes):
    """Header and blocks, as the browser takes them apart."""
    length = int.from_bytes(packed[:4], "little")
    header, at = json.loads(packed[4 : 4 + length]), 4 + length
    blocks = {}
    for name, kind in [*BLOCKS, ("marked", "<u1")]:
        blocks[name] = np.frombuffer(packed, kind, header["count"], at)
        at += blocks[name].nbytes
    assert at == len(packed)
    return header, blocks


@pytest.fixture
def points() -> Points:
    return Points(
        places=np.array([[0, 65535], [7, 8], [65535, 0]], np.uint16),
        index=np.array([70_000, 3, 5]),
        true=np.array([0, 1, 46]),
        predicted=np.array([0, 2, 46]),
        confidence=np.array([1.0, 0.5, 0.0]),
        groups=np.array([0, 1, 1]),
        legend=[Entry("right", "good", 1), Entry("wrong", "bad", 2)],
        words={1: "odd"},
    )


def test_what_is_packed_is_read_back(points) -> None:
    header, blocks = unpacked(pack(points, {"title": "é"}, np.array([2])))
    assert header["title"] == "é" and header["words"] == {"1": "odd"}
    assert header["legend"][1] == {"label": "wrong", "color": "bad", "count": 2}
    assert blocks["index"].tolist() == [70_000, 3, 5]
    assert list(zip(blocks["x"].tolist(), blocks["y"].tolist(), strict=True)) == [
        (0, 65535), (7, 8), (65535, 0),
    ]  # fmt: skip
    assert blocks["predicted"].tolist() == [0, 2, 46]
    assert blocks["confidence"].tolist() == [65535, 32768, 0]
    assert blocks["group"].tolist() == [0, 1, 1]
    assert blocks["marked"].tolist() == [0, 0, 1]


def test_the_numbers_begin_at_whole_fours(points) -> None:
    for title in ("", "a", "ab", "abc"):
        packed = pack(points, {"title": title})
        assert int.from_bytes(packed[:4], "little") % 4 == 0


CORNERS = [0, 1, 2, 3, 4, 4095]


@pytest.mark.parametrize("how", ["only", "add", "remove"])
def test_a_lasso_is_read(how) -> None:
    event = {"lasso": CORNERS, "how": how, "hidden": [2, 0]}
    assert drawn_in(event, 3) == Drawn(((0, 1), (2, 3), (4, 4095)), how, (0, 2))
    assert drawn_in({"lasso": [], "how": "only", "hidden": []}, 3) == Drawn((), "only", ())


@pytest.mark.parametrize(
    "event",
    [
        {"open": 3},
        {"lasso": "all", "how": "only", "hidden": []},
        {"lasso": CORNERS, "how": "invert", "hidden": []},
        {"lasso": CORNERS, "how": ["only"], "hidden": []},
        {"lasso": CORNERS, "how": "only", "hidden": [3]},
        {"lasso": CORNERS, "how": "only"},
        {"lasso": CORNERS[:4], "how": "only", "hidden": []},
        {"lasso": CORNERS[:5], "how": "only", "hidden": []},
        {"lasso": [*CORNERS, 0, 4096], "how": "only", "hidden": []},
        {"lasso": [*CORNERS, 0, -1], "how": "only", "hidden": []},
        {"lasso": [*CORNERS, 0, True], "how": "only", "hidden": []},
        {"lasso": [*CORNERS, 0, 1.5], "how": "only", "hidden": []},
        {"lasso": CORNERS * 14, "how": "only", "hidden": []},
    ],
)
def test_anything_else_is_no_lasso(event) -> None:
    assert drawn_in(event, 3) is None


class Server:
    """What a page remembers of a map: the choice and the open image."""

    def __init__(self, patch: pytest.MonkeyPatch, points: Points) -> None:
        self.browser, self._points = Mounted(patch, component), points
        self.chosen: str | None = "old"
        self.open: int | None = None
        self.lassos: list[tuple[Drawn, str | None]] = []
        self.take = lambda drawn, upon: Taken(drawn.how, marked=True)

    def draw(self) -> int:
        """Sends the map; its revision."""
        scatter(
            self._points, "map", classes=["0"] * 47, images="", version="", space="", title="",
            view=np.zeros((2, 2), int), noun="", label="", chosen=self.chosen, opened=self.open,
            on_open=self._opened, on_lasso=self._drew,
        )  # fmt: skip
        revision: int = unpacked(self.browser.data)[0]["revision"]
        return revision

    def _opened(self, index: int | None) -> None:
        self.open = index

    def _drew(self, drawn: Drawn, upon: str | None) -> Taken:
        self.lassos.append((drawn, upon))
        taken = self.take(drawn, upon)
        self.chosen = taken.chosen
        return taken


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, points: Points) -> Server:
    return Server(monkeypatch, points)


FIRST = {"lasso": CORNERS, "how": "only", "hidden": []}
SECOND = {"lasso": CORNERS[::-1], "how": "add", "hidden": []}


def test_two_lassos_in_one_message_both_count_and_none_twice(server) -> None:
    told = server.draw()
    server.browser.does(FIRST, told=told)
    # The second is drawn upon the first, though the page has not been drawn with it.
    server.browser.does(SECOND, {"open": 7}, {"open": "7"}, told=told)
    assert [(drawn.how, upon) for drawn, upon in server.lassos] == [
        ("only", "old"),
        ("add", "only"),
    ]
    assert server.open == 7


def test_what_the_browser_marks_itself_is_not_told_back(server) -> None:
    told = server.draw()
    server.browser.does(FIRST, {"open": 5}, told=told)
    assert server.draw() == told
    server.chosen = None
    assert server.draw() == told + 1
    assert server.draw() == told + 1


@pytest.mark.parametrize("chosen", [None, "old"])
def test_a_lasso_that_is_not_taken_is_told_back(server, chosen) -> None:
    server.chosen = chosen
    server.take = lambda drawn, upon: Taken(upon)
    told = server.draw()
    server.browser.does(FIRST, told=told)
    assert server.draw() == told + 1


def test_a_lasso_that_cannot_be_read_is_told_back(server) -> None:
    told = server.draw()
    server.browser.does({**FIRST, "hidden": [9]}, told=told)  # of a legend that was longer
    assert server.lassos == []
    assert server.draw() == told + 1


@pytest.mark.parametrize("event", [FIRST, {"open": 5}, {"open": None}], ids=str)
def test_what_is_done_before_another_choice_is_heard_of_is_told_back(server, event) -> None:
    before = server.draw()
    server.chosen, server.open = "elsewhere", 3
    now = server.draw()
    server.browser.does(event, told=before)
    assert server.draw() == now + 1
