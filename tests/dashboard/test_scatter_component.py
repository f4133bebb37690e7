"""The scatter component: what is packed for the browser, and which of its messages are believed."""

import json

import numpy as np
import pytest

from dashboard.components.events import unheard
from dashboard.components.scatter import Drawn, Entry, Points, Taken, _report, _Told, drawn_in, pack
from tests.dashboard.pages import message

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


def test_two_lassos_in_one_message_both_count_and_none_twice() -> None:
    told, heard, bases = _Told(chosen="old"), [], []

    def take(drawn, upon):
        heard.append(drawn)
        bases.append(upon)
        return Taken(drawn.how, marked=drawn.how == "add")

    def report(*events) -> None:
        for event in unheard(told, message(*events)):
            _report(event, told, 3, heard.append, take)

    first = {"lasso": CORNERS, "how": "only", "hidden": []}
    second = {"lasso": CORNERS[::-1], "how": "add", "hidden": []}
    report(first)
    assert (told.chosen, told.known) == ("only", (None, None))
    report(first, second)
    assert bases == ["old", "only"]
    assert [drawn.how for drawn in heard] == ["only", "add"]
    assert told.known == ("add", None)
    report(first, second, {"open": 7}, {"open": "7"})
    assert heard[2:] == [7]
    assert told.known == ("add", 7)
