"""What a line drawn on the map makes of the choice in the address."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from dashboard import lasso, selection
from dashboard.components.scatter import Drawn, Taken
from dashboard.embedding_loaders import ImageMap
from dashboard.selection import Selection
from dashboard.widgets import embedding_choice
from dashboard.widgets.embedding_choice import TAGS_HIDDEN, TOO_LONG, draw

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


class Map:
    """A map that remembers what was drawn on it, as the component does."""

    def __init__(self, chosen=None):
        self.chosen = chosen

    def draw(self, how="only", corners=CORNERS, hidden=(), mode="true"):
        taken = draw(VIEWED, SHOWN, mode, Drawn(corners, how, hidden), self.chosen)
        self.chosen = taken.chosen
        return taken


def pieces(held):
    found = lasso.read(held.now.group)
    assert found is not None and (found.run, found.split) == (RUN, "test")
    return found.pieces


def test_a_first_line_stands_in_the_address_and_closes_the_open_image(address) -> None:
    assert Map().draw(hidden=(1,)) == Taken(address.now.group, marked=True)
    assert address.now.example is None
    assert pieces(address) == (lasso.Piece("pca", 3, 5, "true", (1,), CORNERS),)


@pytest.mark.parametrize("how", ["only", "add"])
def test_while_a_tag_is_hidden_a_line_is_refused_with_a_sentence(address, how) -> None:
    shown = Map()
    shown.draw(mode="tag")
    before = address.now
    assert shown.draw(how, hidden=(1,), mode="tag") == Taken(before.group)
    assert address.now == before
    assert address.told[embedding_choice._NOTICE] == TAGS_HIDDEN
    assert shown.draw(corners=(), hidden=(1,), mode="tag") == Taken(None)


def test_further_lines_are_added_or_take_away(address) -> None:
    shown = Map()
    shown.draw()
    assert shown.draw("add") == Taken(address.now.group, marked=True)
    assert shown.draw("remove") == Taken(address.now.group, marked=True)
    assert [piece.adds for piece in pieces(address)] == [True, True, False]
    shown.draw()
    assert len(pieces(address)) == 1


def test_nothing_can_be_taken_out_of_nothing(address) -> None:
    assert Map().draw("remove") == Taken(None)
    assert address.now == OPEN


@pytest.mark.parametrize("upon", ["slice:thin@10 a 3", "a run 3 ((4, 9),)", None])
def test_adding_to_what_is_no_lasso_begins_one_and_tells_the_browser(address, upon) -> None:
    address.now = replace(OPEN, group="slice:thin@10", cells=((4, 9),))
    shown = Map(upon)
    # The browser has marked the cell as well: it must be told.
    assert shown.draw("add") == Taken(address.now.group, marked=False)
    assert len(pieces(address)) == 1
    shown.draw("add")
    assert len(pieces(address)) == 2


@pytest.mark.parametrize("other", [{"run": "20260131-142500-000000"}, {"split": "validation"}])
def test_a_lasso_of_another_run_or_split_is_not_added_to(address, other) -> None:
    shown = Map()
    shown.draw()
    shown.chosen = lasso.written(replace(lasso.read(address.now.group), **other))
    assert not shown.draw("add").marked
    assert len(pieces(address)) == 1


def test_a_line_after_escape_is_not_added_to_what_the_address_still_names(address) -> None:
    shown = Map()
    shown.draw()
    late = address.now
    shown.draw(corners=())
    assert address.now.group is None
    address.now = late  # the browser sends its line with the address that it has
    shown.draw("add")
    assert len(pieces(address)) == 1


def test_escape_after_a_line_leaves_the_cells_though_the_address_comes_late(address) -> None:
    before = address.now = replace(OPEN, cells=((4, 9),))
    shown = Map()
    shown.draw()
    address.now = before
    shown.draw(corners=())
    assert address.now.cells == ((4, 9),)


@pytest.mark.parametrize("upon", [None, "slice:thin@10 a 3"])
def test_escape_takes_back_what_is_on_top_and_then_the_cells(address, upon) -> None:
    address.now = replace(OPEN, group=None if upon is None else "slice:thin@10", cells=((4, 9),))
    shown = Map(upon)
    if upon is None:
        shown.draw()
    assert shown.draw(corners=()) == Taken(None)
    assert address.now.group is None and address.now.cells == ((4, 9),)
    shown.draw(corners=())
    assert address.now.cells == ()


def test_more_lines_than_an_address_holds_are_refused_with_a_sentence(address) -> None:
    long, shown = CORNERS * 13, Map()
    shown.draw(corners=long)
    while shown.draw("add", corners=long).marked:
        assert len(address.now.group) <= lasso.LONGEST
    kept = len(pieces(address))
    assert kept > 5
    assert address.told[embedding_choice._NOTICE] == TOO_LONG
    shown.draw("add", corners=long)
    assert len(pieces(address)) == kept
