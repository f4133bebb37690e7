"""The address: a click that comes with an old one is late, and Back is a wish."""

from types import SimpleNamespace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from streamlit.testing.v1 import AppTest

from dashboard import address
from dashboard.address import Told

FIRST, SECOND = {"run": "a"}, {"run": "a", "cell": "4-9"}


def told(*addresses):
    return Told([dict(one) for one in addresses])


def test_a_request_sent_before_the_browser_heard_of_a_change_is_late():
    known = told(FIRST, SECOND)
    assert known.hear(FIRST, "second click", False)
    assert known.now == SECOND


def test_an_address_is_a_wish_once_the_browser_has_shown_the_one_after_it():
    known = told(FIRST, SECOND)
    assert not known.hear(SECOND, "heard", False)
    assert not known.hear(FIRST, "typed", False)
    assert known.now == FIRST


def test_back_is_a_wish_also_to_an_address_that_could_be_late():
    known = told(FIRST, SECOND)
    known.hear(FIRST, "back", True)
    assert known.now == FIRST


def test_what_was_on_its_way_when_somebody_went_back_is_late_wherever_it_is_shown():
    known = told(FIRST, SECOND)
    assert known.hear({"run": "b"}, "back", True)  # told again, after what is on its way
    assert known.hear(SECOND, "click", False)
    assert known.now == {"run": "b"}


def test_an_address_without_parameters_gets_them_back():
    known = told(SECOND)
    assert known.hear({}, "link", True)
    assert known.now == SECOND


def test_going_back_to_nothing_is_a_wish_where_nothing_can_be_asked_for():
    known = told({}, SECOND)
    assert not known.hear(SECOND, "heard", False)
    assert not known.hear({}, "back", True, cleared=True)
    assert known.now == {}


def test_what_the_script_writes_itself_is_no_news_of_the_browser():
    known = told(FIRST)
    known.hear(FIRST, "click", False)
    known.tell(SECOND)
    assert not known.hear(SECOND, "click", False)
    assert known.hear(FIRST, "next click", False)
    assert known.now == SECOND


def test_a_page_that_the_script_switches_to_gets_the_address_it_was_given():
    known = told(FIRST, SECOND)
    known.hear(FIRST, "click", False)
    known.hear(FIRST, "click", False)
    assert known.now == FIRST


class Tab(RuleBasedStateMachine):
    """A browser and a server that hear of each other late, in order, and whenever they like.

    `wished` is what a person asked for, in the order in which the server was told: each click
    changes one parameter, Back asks for what the browser showed then.
    """

    def __init__(self):
        super().__init__()
        self.told = Told()
        self.history, self.requests, self.messages = [{}], [], []
        self.wished = {}

    @property
    def shown(self):
        return self.history[-1]

    @rule(name=st.sampled_from("abc"), value=st.sampled_from("12"))
    def click(self, name, value):
        self.requests.append((dict(self.shown), False, {name: value}))

    @rule()
    def follow_a_link(self):
        self.history.append({})
        self.requests.append(({}, True, {}))

    @rule()
    def wait_for_a_tick(self):
        self.requests.append((dict(self.shown), False, {}))

    @precondition(lambda self: len(self.history) > 1)
    @rule()
    def go_back(self):
        self.history.pop()
        self.requests.append((dict(self.shown), True, {}))

    @precondition(lambda self: self.requests)
    @rule()
    def serve(self):
        asked, went, change = self.requests.pop(0)
        request = object()
        if went and asked:
            self.wished = asked
        self.wished = {**self.wished, **change}
        if self.told.hear(asked, request, went):
            asked = self.told.now
            self.messages.append(dict(asked))
        self.told.tell({**self.told.now, **change})
        if self.told.now != asked:
            self.messages.append(dict(self.told.now))
        assert not self.told.hear(dict(self.told.now), request, went)  # the page reads it again

    @precondition(lambda self: self.messages)
    @rule()
    def show(self):
        message = self.messages.pop(0)
        if message != self.shown:
            self.history.append(message)

    @invariant()
    def every_wish_counts(self):
        assert self.told.now == self.wished

    @invariant()
    def the_browser_shows_it_in_the_end(self):
        if not self.requests and not self.messages:
            assert self.shown == self.told.now


Tab.TestCase.settings = settings(max_examples=100, stateful_step_count=30)
TestTab = Tab.TestCase


def _page():
    import streamlit as st

    from dashboard import selection

    for true in (4, 7):
        if st.button(f"cell {true}"):
            cells = (*selection.current().cells, (true, 9))
            selection.update(cells=cells)
    st.text(str(selection.current().cells))


@pytest.fixture
def browser(monkeypatch):
    """What the browser says of itself with a request, instead of no browser at all."""
    said = SimpleNamespace(context_info=object(), is_history_navigation=False)
    monkeypatch.setattr(address, "get_script_run_ctx", lambda suppress_warning: said)
    return said


def _click_with_old_address(browser, at, label, **said):
    at.query_params.clear()
    at.query_params["run"] = "a"
    browser.context_info = object()
    browser.is_history_navigation = said.get("went", False)
    next(button for button in at.button if button.label == label).click()
    at.run()
    assert not at.exception


def test_two_quick_clicks_both_count_and_the_address_is_told_again(browser):
    at = AppTest.from_function(_page)
    at.query_params.update({"run": "a", "preset": "deep"})
    at.run()
    _click_with_old_address(browser, at, "cell 4")
    assert at.query_params == {"run": "a", "cell": "4-9"}
    _click_with_old_address(browser, at, "cell 7")
    assert at.query_params == {"run": "a", "cell": "4-9,7-9"}
    assert at.text[0].value == "((4, 9), (7, 9))"


def test_after_going_back_a_click_starts_from_there(browser):
    at = AppTest.from_function(_page)
    at.query_params["run"] = "a"
    at.run()
    _click_with_old_address(browser, at, "cell 4")
    _click_with_old_address(browser, at, "cell 7", went=True)
    assert at.query_params == {"run": "a", "cell": "7-9"}


def test_without_a_browser_every_address_is_a_wish(monkeypatch):
    monkeypatch.setattr(address, "get_script_run_ctx", lambda suppress_warning: None)
    at = AppTest.from_function(_page)
    at.query_params["run"] = "a"
    at.run()
    at.button[0].click().run()
    assert at.query_params["cell"] == "4-9"
    at.query_params.clear()
    at.query_params["run"] = "a"
    at.run()
    assert at.text[0].value == "()"
