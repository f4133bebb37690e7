"""A chart without a browser: every click counts, and is told once."""

from typing import Any

import pytest

from dashboard.components import plot as module
from dashboard.components.plot import plot
from tests.dashboard.mounted import Mounted

FIGURE: dict[str, Any] = {"data": [], "layout": {}}


@pytest.fixture
def browser(monkeypatch):
    return Mounted(monkeypatch, module)


def test_two_clicks_in_one_message_are_both_heard_in_their_order(browser):
    heard: list[Any] = []
    plot(FIGURE, "matrix", heard.append)
    browser.does({"customdata": [9, 4]}, told=0)
    browser.does({"customdata": [2, 7], "several": True}, {"customdata": [3, 5]}, told=0)
    cells = [([9, 4], None), ([2, 7], True), ([3, 5], None)]
    assert [(point["customdata"], point["several"]) for point in heard] == cells


def test_the_last_click_since_the_last_run_is_returned_once(browser):
    assert plot(FIGURE, "story", clickable=True) is None
    browser.does({"x": 1}, {"x": 2, "unknown": 3}, told=0)
    nothing = dict.fromkeys(module.FIELDS)
    assert plot(FIGURE, "story", clickable=True) == {**nothing, "x": 2}
    assert plot(FIGURE, "story", clickable=True) is None


def test_a_chart_that_is_loaded_again_is_listened_to_from_its_first_click(browser):
    heard: list[Any] = []
    plot(FIGURE, "matrix", heard.append)
    browser.does({"x": 1}, {"x": 2}, told=0)
    browser.session["matrix"] = {"events": {"sender": "another", "events": [{"x": 3, "n": 0}]}}
    browser._heard()
    assert [point["x"] for point in heard] == [1, 2, 3]
