"""The settings of a page: in the address unless they are usual, and Back takes them back."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from dashboard import address
from dashboard.view_settings import one_of, some_of, whole

SETTINGS = [
    one_of("bins", "equal width", {"equal width": "width", "equal mass": "mass"}),
    one_of("answers", False, {False: "all", True: "wrong"}),
    some_of("kinds", ("look", "class"), {"look": "look", "class": "class", "named": "named"}),
    whole("smallest", 30, 1, 1_000),
]
VALUES = {
    "bins": ["equal width", "equal mass"],
    "answers": [False, True],
    "kinds": [(), ("look",), ("look", "named"), ("look", "class", "named")],
    "smallest": [1, 30, 1_000],
}


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_what_is_written_is_read_back(setting):
    for value in VALUES[setting.name]:
        assert setting.read(setting.written(value)) == value


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
@given(text=st.text())
def test_any_text_is_a_value_that_is_written_or_none(setting, text):
    value = setting.read(text)
    assert value is None or setting.read(setting.written(value)) == value


@pytest.mark.parametrize(
    ("setting", "text", "words"),
    [
        (SETTINGS[0], "Mass", "bins “Mass”, which must be width or mass. The usual width"),
        (SETTINGS[2], "look,thick", "none, or one or more of look, class and named"),
        (SETTINGS[2], "", "The usual look,class is shown"),
        (SETTINGS[3], "0", "smallest “0”, which must be a whole number from 1 to 1,000"),
        (SETTINGS[3], "1001", "The usual 30 is shown"),
        (SETTINGS[3], "٣", "from 1 to 1,000"),
    ],
)
def test_a_value_that_is_none_gets_a_sentence_with_name_range_and_value(setting, text, words):
    assert setting.read(text) is None
    assert words in setting.problem(text)


def test_several_choices_are_the_same_in_any_order_and_once():
    assert SETTINGS[2].read("named,look,named") == ("look", "named")
    assert SETTINGS[2].written(["named", "look"]) == "look,named"


def _page():
    import streamlit as st

    from dashboard import selection
    from dashboard.view_settings import ViewSettings, one_of, whole

    settings = ViewSettings(
        one_of("map", "pca", {"pca": "pca", "tsne": "tsne"}), whole("n", 5, 1, 9)
    )
    # As the run bar does it, which every page begins with.
    if selection.current().run is None:
        selection.update(run="a")
    for problem in settings.problems():
        st.warning(problem)
    st.radio("Map", ["pca", "tsne"], **settings.control("map", "map_key"))
    st.slider("N", 1, 9, **settings.control("n", "n_key", lambda: selection.update(group=None)))
    st.text(str(settings.current()))


@pytest.fixture
def browser(monkeypatch):
    """What the browser says of itself with a request, instead of no browser at all."""
    said = SimpleNamespace(context_info=object(), is_history_navigation=False)
    monkeypatch.setattr(address, "get_script_run_ctx", lambda suppress_warning: said)
    return said


def _open(**params):
    at = AppTest.from_function(_page)
    at.query_params.update(params)
    return at.run()


def _come(browser, at, *, went, **params):
    """The browser shows an address, of a link or of its history, and asks for the page."""
    at.query_params.clear()
    at.query_params.update(params)
    browser.context_info, browser.is_history_navigation = object(), went
    at.run()
    assert not at.exception


def _shown(at):
    assert not at.exception
    return at.text[0].value


def test_a_change_stands_in_the_address_until_it_is_as_usual_again():
    at = _open(run="a", group="bin:1")
    assert at.query_params == {"run": "a", "group": "bin:1"}
    at.radio[0].set_value("tsne").run()
    assert at.query_params == {"run": "a", "group": "bin:1", "map": "tsne"}
    at.slider[0].set_value(7).run()
    assert at.query_params == {"run": "a", "map": "tsne", "n": "7"}
    at.radio[0].set_value("pca").run()
    assert at.query_params == {"run": "a", "n": "7"}
    assert _shown(at) == "{'map': 'pca', 'n': 7}"


def test_an_address_brings_its_settings_to_the_controls():
    at = _open(run="a", map="tsne", n="9")
    assert (at.radio[0].value, at.slider[0].value) == ("tsne", 9)
    assert not at.warning


def test_a_broken_setting_is_told_until_somebody_changes_one():
    at = _open(run="a", map="umap", n="8")
    assert "map “umap”, which must be pca or tsne" in at.warning[0].value
    assert _shown(at) == "{'map': 'pca', 'n': 8}"
    at.slider[0].set_value(2).run()
    assert not at.warning
    assert at.query_params == {"run": "a", "n": "2"}


def test_back_to_an_address_without_settings_takes_them_back(browser):
    at = _open(run="a")
    at.radio[0].set_value("tsne").run()
    _come(browser, at, went=True, run="a")
    assert at.query_params == {"run": "a"}
    assert at.radio[0].value == "pca"


def test_a_link_keeps_them(browser):
    at = _open(run="a", map="tsne")
    _come(browser, at, went=True)
    assert at.query_params == {"run": "a", "map": "tsne"}
    at.run()  # as a part of the page that watches something does
    assert at.query_params == {"run": "a", "map": "tsne"}


def test_a_button_that_leads_here_with_a_selection_keeps_them(browser):
    at = _open(run="a", map="tsne")
    _come(browser, at, went=False, run="b")
    assert at.query_params == {"run": "b", "map": "tsne"}


def test_a_click_sent_before_the_browser_heard_of_the_last_one_keeps_both(browser):
    at = _open(run="a")
    at.radio[0].set_value("tsne").run()
    at.slider[0].set_value(7)
    _come(browser, at, went=False, run="a")
    assert at.query_params == {"run": "a", "map": "tsne", "n": "7"}
