"""Undoing: what a change left comes back as it was, and what others did since stays."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ReviewError
from core.review import annotations as annotating
from core.review.annotation_file import MOST_TAGS
from core.review.annotations import Undone
from core.review.changes import difference, undone
from core.review.marks import Annotations, Decision
from core.run_files import signature
from tests.core.review.test_annotations import DATA

SAID = Annotations(DATA.name, DATA.fingerprint, DATA.classes)
NOTED = replace(SAID, notes={"train": {0: "open"}})
FILES = ("train", "test")
PLACES = range(4)
images = st.frozensets(st.sampled_from(PLACES))
by_file = st.fixed_dictionaries(dict.fromkeys(FILES, images))
notes = st.dictionaries(st.sampled_from(PLACES), st.sampled_from(["open", "smudged"]))
decided = st.dictionaries(
    st.sampled_from(PLACES),
    st.sampled_from([Decision("ambiguous"), Decision("left out"), Decision("mislabelled", 7)]),
)


@st.composite
def said(draw, after: Annotations | None = None):
    """Anything; with `after`, what could have become of that: new tags stand behind old ones."""
    old = () if after is None else tuple(after.tags)
    new = draw(st.permutations([name for name in "ABC" if name not in old]))
    names = [name for name in (*old, *new) if draw(st.booleans())]
    return Annotations(
        "digits", "f", ("0", "1"), {name: draw(by_file) for name in names},
        {file: draw(notes) for file in FILES}, {file: draw(decided) for file in FILES},
    )  # fmt: skip


@st.composite
def steps(draw, count: int):
    found = [draw(said())]
    for _ in range(count - 1):
        found.append(draw(said(found[-1])))
    return found


def _marks(all_said: Annotations):
    """Every mark that there is."""
    tags = {
        (name, file, index): True
        for name in all_said.tags for file in FILES for index in all_said.tagged(name, file)
    }  # fmt: skip
    others = {
        (kind, file, index): mark
        for kind, marks in (("note", all_said.notes), ("decision", all_said.decisions))
        for file in FILES for index, mark in marks[file].items()
    }  # fmt: skip
    return tags | others


def _whole(all_said: Annotations):
    return _marks(all_said), list(all_said.tags)


@given(steps(2))
def test_a_change_undone_at_once_leaves_everything_as_it_was(pair):
    before, after = pair
    found, counts = undone(after, difference(before, after))
    assert _whole(found) == _whole(before)  # the tags' order, too: number keys go by it
    assert counts.left == 0
    assert (counts.restored == 0) == (_whole(before) == _whole(after))


@given(steps(3))
def test_the_last_changes_are_undone_one_after_the_other(three):
    first, second, third = three
    found, _ = undone(third, difference(second, third))
    assert _whole(undone(found, difference(first, second))[0]) == _whole(first)


@given(steps(3))
def test_only_what_still_is_as_the_change_left_it_comes_back(three):
    before, after, now = three
    found, counts = undone(now, difference(before, after))
    was, became, since, is_now = map(_marks, (before, after, now, found))
    gone = set(after.tags) - set(now.tags)  # deleted by others
    left = 0
    for mark in was | became | since | is_now:
        changed = was.get(mark) != became.get(mark)
        stands = since.get(mark) == became.get(mark) and mark[0] not in gone
        left += changed and not stands
        assert is_now.get(mark) == (was if changed and stands else since).get(mark)
    assert counts.left == left


# ---- by hand


def test_what_a_change_was_about_can_be_told(tmp_path):
    with annotating.noticed() as noticed:
        annotating.tag(DATA, "test", [1, 3], "odd", tmp_path)
        annotating.tag(DATA, "test", [3], "odd", tmp_path)  # changes nothing
        annotating.set_note(DATA, "train", 2, "open", tmp_path)
        annotating.decide(DATA, "train", 2, Decision("ambiguous"), tmp_path)
        annotating.delete_tag(DATA, "odd", tmp_path)
    annotating.set_note(DATA, "train", 2, "heard by nobody", tmp_path)
    tag, note, decision, deletion = noticed
    assert tag.tags == {"odd": {"test": ({1, 3}, frozenset())}}
    assert (tag.made, tag.images) == (("odd",), {"test": {1, 3}})
    assert note.notes == {"train": {2: (None, "open")}}
    assert decision.decisions == {"train": {2: (None, Decision("ambiguous"))}}
    assert (deletion.deleted, deletion.images) == ({"odd": 0}, {"test": {1, 3}})


@pytest.mark.parametrize(
    "act",
    [
        lambda where: annotating.set_note(DATA, "test", 2, " ", where),
        lambda where: annotating.decide(DATA, "test", 2, None, where),
        lambda where: annotating.untag(DATA, "test", [2], "odd", where),
        lambda where: annotating.untag(DATA, "train", [2], "odd", where),
        lambda where: annotating.tag(DATA, "test", [], "odd", where),
        lambda where: annotating.import_file(DATA, annotating.export_bytes(DATA, where), where),
        lambda where: annotating.undo(DATA, difference(SAID, NOTED), where),
    ],
    ids=["note", "decision", "untag", "untag elsewhere", "no image", "import", "undo"],
)
def test_a_change_of_nothing_is_none_and_leaves_the_file_alone(tmp_path, act):
    annotating.tag(DATA, "test", [3], "odd", tmp_path)
    before = signature(annotating.path_of(DATA, tmp_path))
    with annotating.noticed() as noticed:
        act(tmp_path)
    assert noticed == []
    assert signature(annotating.path_of(DATA, tmp_path)) == before


@given(steps(2))
def test_a_change_is_empty_exactly_where_every_mark_and_tag_stays(pair):
    before, after = pair
    assert difference(before, after).is_empty == (_whole(before) == _whole(after))
    assert difference(before, before).is_empty


def test_what_fails_is_no_change(tmp_path):
    with annotating.noticed() as noticed, pytest.raises(ReviewError):
        annotating.tag(DATA, "test", [99], "odd", tmp_path)
    assert noticed == []


def test_a_deleted_tag_comes_back_to_its_place_with_its_images_of_both_files(tmp_path):
    for name in ("first", "second", "third"):
        annotating.tag(DATA, "test", [1], name, tmp_path)
    annotating.tag(DATA, "train", [2, 3], "second", tmp_path)
    before = annotating.load(DATA, tmp_path)
    with annotating.noticed() as noticed:
        annotating.delete_tag(DATA, "second", tmp_path)
    assert annotating.undo(DATA, noticed[0], tmp_path) == Undone(restored=4, left=0)
    found = annotating.load(DATA, tmp_path)
    assert list(found.tags) == ["first", "second", "third"]
    assert found == before


def test_a_tag_made_for_images_goes_again_unless_others_use_it(tmp_path):
    for others in ([], [4]):
        with annotating.noticed() as noticed:
            annotating.tag(DATA, "test", [1, 3], "odd", tmp_path)
        annotating.tag(DATA, "test", others, "odd", tmp_path)
        annotating.undo(DATA, noticed[0], tmp_path)
        assert annotating.load(DATA, tmp_path).tag_counts() == ({"odd": 1} if others else {})


def test_a_tag_that_others_deleted_is_not_made_again(tmp_path):
    annotating.tag(DATA, "test", [1, 3], "odd", tmp_path)
    with annotating.noticed() as noticed:
        annotating.untag(DATA, "test", [1, 3], "odd", tmp_path)
    annotating.delete_tag(DATA, "odd", tmp_path)
    assert annotating.undo(DATA, noticed[0], tmp_path) == Undone(restored=0, left=2)
    assert annotating.load(DATA, tmp_path).tags == {}


def test_what_another_tab_decided_since_stays(tmp_path):
    with annotating.noticed() as noticed:
        both = dict.fromkeys([1, 2], Decision("left out"))
        annotating.decide_many(DATA, "test", both, tmp_path)
    annotating.decide(DATA, "test", 2, Decision("ambiguous"), tmp_path)
    assert annotating.undo(DATA, noticed[0], tmp_path) == Undone(restored=1, left=1)
    assert annotating.load(DATA, tmp_path).decisions["test"] == {2: Decision("ambiguous")}


def test_a_change_of_other_data_is_refused():
    nothing = Annotations("digits", "f", ())
    change = difference(nothing, nothing)
    with pytest.raises(ReviewError, match="images of digits that are not there any more"):
        undone(Annotations("digits", "another", ()), change)


def test_a_tag_does_not_come_back_above_the_number_that_there_can_be(tmp_path):
    full = Annotations("digits", "f", (), {f"tag {n}": {} for n in range(MOST_TAGS)})
    fewer = Annotations("digits", "f", (), dict(list(full.tags.items())[1:]))
    again = Annotations("digits", "f", (), {**fewer.tags, "new": {}})
    with pytest.raises(ReviewError, match=f"there can be {MOST_TAGS} tags"):
        undone(again, difference(full, fewer))
    assert undone(fewer, difference(full, fewer))[0] == full
