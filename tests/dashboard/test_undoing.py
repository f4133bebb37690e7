"""Undoing what was said about images: step by step, told in words, and never over others."""

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core import datasets
from core.review import annotations as annotating
from core.review.annotations import Decision
from core.review.changes import Change
from dashboard.change_words import told
from tests.dashboard.pages import deciding, named, texts
from tests.dashboard.test_review_gallery import _gallery

DIGITS = datasets.load("digits")


def _app() -> None:
    """The gallery, and a button in place of the key in the browser."""
    import streamlit as st

    from dashboard import review_loaders
    from dashboard.widgets.review_gallery import Images, review_gallery
    from dashboard.widgets.run_bar import run_bar
    from dashboard.widgets.undoing import undo

    viewed = run_bar()
    assert viewed is not None
    st.button("Key Z", key="z", on_click=undo, args=(viewed.run, "test"))
    rows = review_loaders.rows(viewed.run, viewed.epoch, viewed.split)
    review_gallery(viewed, Images("Images", rows, "None."), "some", 400)


def _open(run, **params: str) -> Any:
    at = AppTest.from_function(_app, default_timeout=30)
    at.query_params.update({"run": run.id, **params})
    at.run()
    assert not at.exception
    return at


def _undo(at: Any) -> str:
    """What is told after a step back."""
    at.button(key="z").click().run()
    assert not at.exception
    return "\n".join(toast.value.replace("\\", "") for toast in at.toast)


def test_several_steps_are_undone_the_last_one_first(run):
    at = _open(run, example="3")
    assert _gallery(at)["said"] == ""
    at.text_input(key="example_new_tag_test_3").set_value("odd").run()
    assert _gallery(at)["said"] == "Tag “odd” set on image 3"
    named(at.text_area, "example_note_test_3").set_value("open loop").run()
    assert _gallery(at)["said"] == "Note on image 3"
    deciding(at, "ambiguous")[0].click().run()
    assert _gallery(at)["said"] == "Image 3: ambiguous"
    said = annotating.load(DIGITS)
    assert said.decision_of("test", 3) == Decision("ambiguous")

    assert _undo(at) == "Undone: Image 3: ambiguous"
    assert annotating.load(DIGITS).decision_of("test", 3) is None
    assert annotating.load(DIGITS).note_of("test", 3) == "open loop"
    assert _undo(at) == "Undone: Note on image 3"
    assert named(at.text_area, "example_note_test_3").value == ""
    assert _undo(at) == "Undone: Tag “odd” set on image 3"
    assert annotating.load(DIGITS).tags == {}
    assert _gallery(at)["said"] == ""
    assert _undo(at) == ""


def test_what_changes_nothing_is_no_step(run):
    at = _open(run, example="3")
    deciding(at, "ambiguous")[0].click().run()
    named(at.text_area, "example_note_test_3").set_value("  ").run()
    assert _gallery(at)["said"] == "Image 3: ambiguous"
    assert _undo(at) == "Undone: Image 3: ambiguous"


def test_a_value_from_before_a_change_elsewhere_takes_nothing_back(run):
    """The browser sends what its widgets showed, which may be from before the tag and the note."""
    at = _open(run, example="3")
    old = [named(at.text_area, "example_note_test_3").proto.id]
    annotating.tag(DIGITS, "test", [3], "odd")
    at.run()
    old.append(named(at.pills, "example_tags_test_3").proto.id)
    annotating.set_note(DIGITS, "test", 3, "from elsewhere")
    annotating.untag(DIGITS, "test", [3], "odd")
    at.run()
    shown = named(at.text_area, "example_note_test_3"), named(at.pills, "example_tags_test_3")
    assert [one.value for one in shown] == ["from elsewhere", []]
    assert not {one.proto.id for one in shown} & set(old), "the old ones are not asked any more"
    kept = shown[0].proto.id
    shown[0].set_value("from here").run()
    assert named(at.text_area, "example_note_test_3").proto.id == kept, "it keeps the focus"
    assert annotating.load(DIGITS).note_of("test", 3) == "from here"


def test_the_deletion_of_a_tag_is_undone_in_both_files(run):
    annotating.tag(DIGITS, "test", [3, 5], "odd")
    annotating.tag(DIGITS, "train", [7], "odd")
    at = _open(run)
    at.session_state["some_tag"] = True
    at.run()
    at.button(key="some_delete_0").click().run()
    assert _gallery(at)["said"] == "Tag “odd” deleted"
    assert _undo(at) == "Undone: Tag “odd” deleted"
    assert annotating.load(DIGITS).tags == {"odd": {"test": {3, 5}, "train": {7}}}


def test_what_another_tab_changed_since_stays_and_is_told(run):
    at = _open(run)
    ids = _gallery(at)["ids"][:3]
    at.session_state["some_chosen"] = (("digits", "test"), frozenset(ids))
    at.run()
    deciding(at, "ambiguous", "decision_chosen")[0].click().run()
    assert _gallery(at)["said"] == "3 images: ambiguous"
    annotating.decide(DIGITS, "test", ids[0], Decision("left out"))  # in another tab
    assert _undo(at) == (
        "Undone: 3 images: ambiguous, but for 1 mark that others have changed since."
    )
    assert annotating.load(DIGITS).decisions["test"] == {ids[0]: Decision("left out")}


def test_where_nothing_stands_any_more_nothing_is_undone(run):
    at = _open(run, example="3")
    deciding(at, "ambiguous")[0].click().run()
    annotating.decide(DIGITS, "test", 3, Decision("left out"))
    assert _undo(at) == "Image 3: ambiguous: changed since by others. Nothing is undone."
    assert annotating.load(DIGITS).decision_of("test", 3) == Decision("left out")
    assert _gallery(at)["said"] == ""


def test_a_damaged_file_keeps_the_step_for_later(run):
    at = _open(run, example="3")
    deciding(at, "ambiguous")[0].click().run()
    path = annotating.path_of(DIGITS)
    whole = path.read_bytes()
    path.write_text("{")
    assert "is damaged and cannot be read" in _undo(at)
    path.write_bytes(whole)
    assert _undo(at) == "Undone: Image 3: ambiguous"


def test_the_image_that_a_change_was_about_is_opened_again(run):
    at = _open(run, example="3")
    deciding(at, "ambiguous")[0].click().run()
    at.query_params["example"] = "4"
    at.run()
    assert _gallery(at)["said"] == "Image 3: ambiguous; image 4 is open now"
    _undo(at)
    assert at.query_params["example"] == "3"


def test_where_the_filter_leaves_nothing_a_button_undoes(run):
    annotating.tag(DIGITS, "test", [3], "odd")
    at = _open(run, filter="tags=odd", example="3")
    assert "some_undo" not in [button.key for button in at.button]
    named(at.pills, "example_tags_test_3").set_value([]).run()
    assert "Tag “odd” taken off image 3" in texts(at)
    assert at.button(key="some_undo").proto.shortcut
    at.button(key="some_undo").click().run()
    assert not at.exception
    assert annotating.load(DIGITS).tagged("odd", "test") == {3}


def test_an_image_among_no_others_has_a_button_that_undoes(run):
    at = AppTest.from_function(_lone_app, default_timeout=30)
    at.query_params["run"] = run.id
    at.run()
    named(at.text_area, "example_note_test_3").set_value("much thought").run()
    assert "Note on image 3" in texts(at)
    at.button(key="example_undo").click().run()
    assert not at.exception
    assert annotating.load(DIGITS).note_of("test", 3) == ""


def _lone_app() -> None:
    from dashboard.widgets.example_pane import example_pane
    from dashboard.widgets.run_bar import run_bar

    viewed = run_bar()
    assert viewed is not None
    example_pane(viewed, 3)


def test_only_so_many_steps_are_kept(run, monkeypatch):
    monkeypatch.setattr("dashboard.widgets.undoing.MOST", 2)
    at = _open(run, example="3")
    for text in ("first", "second", "third"):
        named(at.text_area, "example_note_test_3").set_value(text).run()
    for expected in ("second", "first", "first"):
        _undo(at)
        assert annotating.load(DIGITS).note_of("test", 3) == expected


NONE: frozenset[int] = frozenset()
WRONG, OTHER = Decision("mislabelled", 1), Decision("mislabelled", 0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"decisions": {"test": {1204: (None, WRONG)}}}, "Image 1,204: wrong, should be one"),
        ({"decisions": {"test": {1: (WRONG, None)}}}, "Image 1: no decision any more"),
        ({"decisions": {"test": {1: (None, WRONG), 2: (None, OTHER)}}},
         "2 images: wrong, should be as suggested"),
        ({"notes": {"train": {1: ("x", None)}}}, "Note on image 1 removed"),
        ({"tags": {"a": {"test": (frozenset({1, 2}), NONE)}}}, "Tag “a” set on 2 images"),
        ({"tags": {"a": {"test": (NONE, frozenset({1}))}}}, "Tag “a” taken off image 1"),
        ({"made": ("a",)}, "New tag “a”"),
        ({"deleted": {"a": 0}}, "Tag “a” deleted"),
        ({"made": ("a",), "notes": {"test": {1: (None, "x")}, "train": {1: (None, "x")}}},
         "Tags, notes or decisions on 2 images"),
    ],
)  # fmt: skip
def test_a_change_in_words(change, words):
    assert told(Change("digits", "f", **change), ["zero", "one"]) == words
