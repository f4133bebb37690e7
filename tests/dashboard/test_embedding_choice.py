"""What a line drawn on the map makes of the choice in the address."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from dashboard import lasso, selection
from dashboard.components.scatter import Drawn
from dashboard.embedding_loaders import ImageMap
from dashboard.selection import Selection
from dashboard.widgets import embedding_choice
from dashboard.widgets.embedding_choice import TOO_LONG, draw

RUN = "20260131-142500-3fa09c"
CORNERS = ((0, 0), (9, 0), (9, 9))
SHOWN = ImageMap("pca", 3, 5, np.zeros((1, 2), np.uint16), np.zeros((2, 2), np.int64))
VIEWED = SimpleNamespace(run=SimpleNamespace(id=RUN), split="test")
OPEN = Selection(run=RUN, example=4)


@pytest.fixture
def address(monkeypatch):
    """The selection, as the page finds and changes it."""
    held = SimpleNamespace(now=OPEN, told={})
    monkeypatch.setattr(selection, "current", lambda: held.now)
    monkeypatch.setattr(
        selection, "update", lambda **changes: setattr(held, "now", replace(held.now, **changes))
    )
    monkeypatch.setattr(embedding_choice.st, "session_state", held.told)
    return held


def drawn(how="only", corners=CORNERS, hidden=()):
    return draw(VIEWED, SHOWN, "true", Drawn(corners, how, hidden))


def pieces(held):
    found = lasso.read(held.now.group)
    assert found is not None and (found.run, found.split) == (RUN, "test")
    return found.pieces


def test_a_first_line_stands_in_the_address_and_closes_the_open_image(address) -> None:
    name = drawn(hidden=(1,))
    assert name == address.now.group and address.now.example is None
    assert pieces(address) == (lasso.Piece("pca", 3, 5, "true", (1,), CORNERS),)


def test_further_lines_are_added_or_take_away(address) -> None:
    drawn()
    assert drawn("add") == address.now.group
    assert drawn("remove") == address.now.group
    assert [piece.adds for piece in pieces(address)] == [True, True, False]
    drawn()
    assert len(pieces(address)) == 1


def test_nothing_can_be_taken_out_of_nothing(address) -> None:
    assert drawn("remove") is None
    assert address.now == OPEN


@pytest.mark.parametrize("group", ["flips:fixed", None])
def test_adding_to_what_is_no_lasso_begins_one_and_tells_the_browser(address, group) -> None:
    address.now = replace(OPEN, group=group, cells=((4, 9),))
    assert drawn("add") is None  # the browser has marked the cell as well: it must be told
    assert len(pieces(address)) == 1


@pytest.mark.parametrize("other", [{"run": "20260131-142500-000000"}, {"split": "validation"}])
def test_a_lasso_of_another_run_or_split_is_not_added_to(address, other) -> None:
    drawn()
    before = lasso.read(address.now.group)
    address.now = replace(address.now, group=lasso.written(replace(before, **other)))
    assert drawn("add") is None
    assert len(pieces(address)) == 1


def test_escape_takes_back_the_lasso_first_and_then_the_cells(address) -> None:
    address.now = replace(OPEN, cells=((4, 9),))
    drawn()
    assert drawn(corners=()) is None
    assert address.now.group is None and address.now.cells == ((4, 9),)
    drawn(corners=())
    assert address.now.cells == ()


def test_more_lines_than_an_address_holds_are_refused_with_a_sentence(address) -> None:
    long = CORNERS * 13
    drawn(corners=long)
    while drawn("add", corners=long) is not None:
        assert len(address.now.group) <= lasso.LONGEST
    kept = len(pieces(address))
    assert kept > 5
    assert list(address.told.values()) == [TOO_LONG]
    drawn("add", corners=long)
    assert len(pieces(address)) == kept
