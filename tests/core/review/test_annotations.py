"""Tags, notes and decisions: kept beside the data, whole, and refused when they are not ours."""

import dataclasses
import hashlib
import json
import multiprocessing
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.datasets.catalog import entry
from core.datasets.dataset import Dataset, assemble
from core.errors import DiskError, ReviewError
from core.review import annotation_file
from core.review import annotations as annotating
from core.review.annotation_file import FORMAT, MOST_TAGS, from_bytes, to_bytes
from core.review.annotations import Annotations, Decision, Merged
from core.review.marks import tag_name


def _dataset(checksum: str = "a") -> Dataset:
    """Twelve train and five test images; image i has label i modulo 10."""
    labels = torch.arange(12) % 10
    return assemble(
        entry("digits"),
        (torch.zeros(12, 1, 2, 2, dtype=torch.uint8), labels),
        (torch.zeros(5, 1, 2, 2, dtype=torch.uint8), labels[:5]),
        [checksum],
    )


DATA = _dataset()


def test_without_a_file_nothing_is_said_and_none_is_made(tmp_path):
    found = annotating.load(DATA, tmp_path)
    assert (found.tags, found.notes, found.decisions) == ({}, {}, {})
    assert list(tmp_path.iterdir()) == []


def test_what_is_said_is_read_back_from_a_file_of_its_own(tmp_path):
    annotating.tag(DATA, "test", [3, 1], "smudged", tmp_path)
    annotating.tag(DATA, "train", [1], "smudged", tmp_path)
    annotating.tag(DATA, "test", [1], "odd one", tmp_path)
    annotating.set_note(DATA, "test", 1, "the loop\nis open", tmp_path)
    annotating.decide(DATA, "train", 11, Decision("mislabelled", 7), tmp_path)
    annotating.decide(DATA, "train", 10, Decision("ambiguous"), tmp_path)
    found = annotating.load(DATA, tmp_path)
    assert annotating.path_of(DATA, tmp_path) == tmp_path / "reviews" / "digits.json"
    assert found.tags_of("test", 1) == ("smudged", "odd one")
    assert found.tags_of("train", 1) == ("smudged",)
    assert found.tagged("smudged", "test") == {1, 3}
    assert found.tag_counts() == {"smudged": 3, "odd one": 1}
    assert found.tag_counts("test") == {"smudged": 2, "odd one": 1}
    assert found.note_of("test", 1) == "the loop\nis open"
    assert found.note_of("train", 1) == ""
    assert found.decision_of("train", 11) == Decision("mislabelled", 7)
    none = dict.fromkeys(annotating.KINDS, 0)
    assert found.decision_counts() == {**none, "mislabelled": 1, "ambiguous": 1}
    assert found.decision_counts("test") == none


def test_the_usual_folder_is_that_of_the_data(tmp_path, monkeypatch):
    monkeypatch.setenv("CONVSCOPE_DATA", str(tmp_path))
    annotating.tag(DATA, "test", [0], "x")
    assert (tmp_path / "reviews" / "digits.json").exists()


def test_a_validation_image_counts_in_the_train_file():
    assert [annotating.file_of(split) for split in ("train", "validation", "test")] == [
        "train", "train", "test",
    ]  # fmt: skip


def test_a_tag_stays_when_its_last_image_leaves_and_goes_when_it_is_deleted(tmp_path):
    annotating.tag(DATA, "test", [3], "first", tmp_path)
    annotating.tag(DATA, "test", [3], "second", tmp_path)
    annotating.untag(DATA, "test", [3], "first", tmp_path)
    found = annotating.load(DATA, tmp_path)
    assert list(found.tags) == ["first", "second"]
    assert found.tagged("first", "test") == frozenset()
    annotating.delete_tag(DATA, "first", tmp_path)
    assert list(annotating.load(DATA, tmp_path).tags) == ["second"]


def test_taking_off_or_deleting_what_is_not_there_changes_nothing(tmp_path):
    annotating.tag(DATA, "test", [3], "x", tmp_path)
    before = annotating.path_of(DATA, tmp_path).stat()
    annotating.untag(DATA, "test", [2], "x", tmp_path)
    annotating.untag(DATA, "test", [2], "unknown", tmp_path)
    annotating.delete_tag(DATA, "unknown", tmp_path)
    annotating.tag(DATA, "test", [3], "x", tmp_path)
    after = annotating.path_of(DATA, tmp_path).stat()
    assert (after.st_mtime_ns, after.st_ino) == (before.st_mtime_ns, before.st_ino)


def test_an_empty_note_and_no_decision_leave_nothing_behind(tmp_path):
    annotating.set_note(DATA, "test", 1, "x", tmp_path)
    annotating.set_note(DATA, "test", 1, "  \n ", tmp_path)
    annotating.decide(DATA, "test", 1, Decision("left out"), tmp_path)
    annotating.decide(DATA, "test", 1, None, tmp_path)
    found = annotating.load(DATA, tmp_path)
    assert not any(found.notes.values())
    assert not any(found.decisions.values())


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        (lambda f: annotating.tag(DATA, "test", [5], "x", f), "images 0 to 4, got 5"),
        (lambda f: annotating.tag(DATA, "train", [-1], "x", f), "images 0 to 11, got -1"),
        (lambda f: annotating.tag(DATA, "train", [1.7], "x", f), "whole numbers, got 1.7"),
        (lambda f: annotating.tag(DATA, "train", [3, True], "x", f), "whole numbers, got True"),
        (lambda f: annotating.tag(DATA, "validation", [0], "x", f), "'validation'"),
        (lambda f: annotating.tag(DATA, "test", [0], " \x00 ", f), "1 to 40 characters, got 0"),
        (lambda f: annotating.tag(DATA, "test", [0], "x" * 41, f), "1 to 40 characters, got 41"),
        (lambda f: annotating.set_note(DATA, "test", 9, "x", f), "images 0 to 4, got 9"),
        (lambda f: annotating.set_note(DATA, "test", 0, "x" * 2001, f), "2,000 characters"),
        (lambda f: annotating.decide(DATA, "test", 2, Decision("mislabelled", 2), f), "already"),
        (lambda f: annotating.decide(DATA, "test", 2, Decision("mislabelled", 10), f), "[0, 9]"),
        (lambda f: annotating.decide(DATA, "test", 7, None, f), "images 0 to 4, got 7"),
    ],
)
def test_what_cannot_be_is_refused_with_range_and_value_and_nothing_is_written(
    tmp_path, act, sentence
):
    with pytest.raises(ReviewError, match=sentence.replace("[", r"\[")):
        act(tmp_path)
    assert not annotating.path_of(DATA, tmp_path).exists()


def test_of_several_decisions_all_are_kept_or_none(tmp_path):
    wanted = {1: Decision("ambiguous"), 2: Decision("mislabelled", 2)}
    with pytest.raises(ReviewError, match="labelled 2 already"):
        annotating.decide_many(DATA, "test", wanted, tmp_path)
    assert not annotating.path_of(DATA, tmp_path).exists()
    annotating.decide_many(DATA, "test", {**wanted, 2: Decision("mislabelled", 7)}, tmp_path)
    assert annotating.load(DATA, tmp_path).decision_counts()["mislabelled"] == 1


@pytest.mark.parametrize(
    ("kind", "label"),
    [("mislabelled", None), ("ambiguous", 3), ("left out", 0), ("confirmed", 1), ("odd", None)],
)
def test_only_a_mislabelled_image_has_a_label(kind, label):
    with pytest.raises(ReviewError):
        Decision(kind, label)


def test_there_is_an_end_to_tags(tmp_path):
    tags = {f"tag {number}": {"test": frozenset({0})} for number in range(MOST_TAGS)}
    full = Annotations(DATA.name, DATA.fingerprint, DATA.classes, tags)
    annotating.import_file(DATA, to_bytes(full), tmp_path)
    annotating.tag(DATA, "test", [1], "tag 7", tmp_path)
    with pytest.raises(ReviewError, match=f"{MOST_TAGS} tags"):
        annotating.tag(DATA, "test", [1], "one more", tmp_path)


def test_a_name_is_kept_on_one_line_without_what_cannot_be_seen(tmp_path):
    annotating.tag(DATA, "test", [0], " a\u202eb\n c\x07 ", tmp_path)
    assert list(annotating.load(DATA, tmp_path).tags) == ["a b c"]


# ---- files of others


def _values(tmp_path: Path, **changes: object) -> bytes:
    annotating.tag(DATA, "test", [1], "x", tmp_path)
    annotating.set_note(DATA, "train", 2, "n", tmp_path)
    annotating.decide(DATA, "train", 3, Decision("mislabelled", 8), tmp_path)
    values = json.loads(annotating.path_of(DATA, tmp_path).read_bytes())
    return json.dumps({**values, **changes}).encode()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"dataset": "mnist"}, "about the data set 'mnist', not 'digits'"),
        ({"fingerprint": "0"}, "another version of Digits"),
        ({"classes": ["a"]}, "another version of Digits"),
        ({"version": 2}, "newer ConvScope"),
        ({"version": "1"}, "damaged"),
        ({"format": "something"}, "no review file"),
        ({"tags": {"x": {"test": [5]}}}, "images 0 to 4, got 5"),
        ({"tags": {"x": {"other": [1]}}}, "'other'"),
        ({"tags": {"x": {"test": ["1"]}}}, "damaged"),
        ({"tags": {"x": {"test": [True]}}}, "damaged"),
        ({"tags": []}, "damaged"),
        ({"notes": {"test": {"one": "x"}}}, "damaged"),
        ({"notes": {"test": {"1": 5}}}, "damaged"),
        ({"notes": {"test": {"1": "x", "01": "y"}}}, "damaged"),
        ({"decisions": {"train": {" 3": {"kind": "ambiguous"}}}}, "damaged"),
        ({"decisions": {"train": {"3": {"kind": "mislabelled"}}}}, "needs the label"),
        ({"decisions": {"train": {"3": {"kind": "mislabelled", "label": 3}}}}, "already"),
        ({"decisions": {"train": {"3": None}}}, "damaged"),
    ],
)
def test_a_foreign_or_damaged_file_is_refused_with_a_sentence(tmp_path, changes, sentence):
    data = _values(tmp_path, **changes)
    path = annotating.path_of(DATA, tmp_path)
    path.write_bytes(data)
    with pytest.raises(ReviewError, match=sentence):
        annotating.load(DATA, tmp_path)
    with pytest.raises(ReviewError):  # what is damaged is not written over
        annotating.tag(DATA, "test", [2], "y", tmp_path)
    with pytest.raises(ReviewError, match="^the file"):
        annotating.import_file(DATA, data, tmp_path / "elsewhere")
    assert path.read_bytes() == data


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\xff\xfe", b"[" * 100_000, b"null"])
def test_a_torn_file_is_refused(tmp_path, data):
    path = annotating.path_of(DATA, tmp_path)
    path.parent.mkdir()
    path.write_bytes(data)
    with pytest.raises(ReviewError, match="damaged"):
        annotating.load(DATA, tmp_path)


def test_an_empty_note_of_a_file_is_none(tmp_path):
    data = _values(tmp_path, notes={"test": {"1": "  ", "2": "x"}})
    assert from_bytes(data, DATA, "it").notes == {"test": {2: "x"}}


def test_a_file_where_the_folder_belongs_is_named(tmp_path):
    (tmp_path / "reviews").write_text("")
    with pytest.raises(ReviewError, match="reviews is a file where a folder is needed"):
        annotating.tag(DATA, "test", [1], "x", tmp_path)


def test_every_flipped_byte_is_noticed_or_harmless(tmp_path):
    """Whatever a disk does to the file, what comes back are marks on images that exist."""
    data = bytearray(_values(tmp_path))
    for place in range(0, len(data), 3):
        harmed = bytes([*data[:place], data[place] ^ 0x11, *data[place + 1 :]])
        try:
            found = from_bytes(harmed, DATA, "it")
        except ReviewError:
            continue
        assert all(index < 12 for images in found.tags.values() for index in images["test"])


def test_an_imported_file_adds_and_one_s_own_words_stay(tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    annotating.tag(DATA, "test", [1, 2], "x", here)
    annotating.set_note(DATA, "test", 1, "mine", here)
    annotating.decide(DATA, "train", 3, Decision("ambiguous"), here)
    annotating.tag(DATA, "test", [2, 3], "x", there)
    annotating.tag(DATA, "train", [4], "y", there)
    annotating.set_note(DATA, "test", 1, "theirs", there)
    annotating.set_note(DATA, "test", 2, "new", there)
    annotating.decide(DATA, "train", 3, Decision("left out"), there)
    annotating.decide(DATA, "train", 4, Decision("left out"), there)
    data = annotating.export_bytes(DATA, there)
    assert annotating.import_file(DATA, data, here) == Merged(tags=2, notes=1, decisions=1, kept=2)
    found = annotating.load(DATA, here)
    assert found.tagged("x", "test") == {1, 2, 3}
    assert found.tagged("y", "train") == {4}
    assert (found.note_of("test", 1), found.note_of("test", 2)) == ("mine", "new")
    assert found.decision_of("train", 3) == Decision("ambiguous")
    assert found.decision_of("train", 4) == Decision("left out")
    assert annotating.import_file(DATA, data, here) == Merged(0, 0, 0, 2)


def test_an_export_is_a_file_that_can_be_imported_also_of_nothing(tmp_path):
    nothing = annotating.export_bytes(DATA, tmp_path / "nothing")
    assert json.loads(nothing)["format"] == FORMAT
    assert annotating.import_file(DATA, nothing, tmp_path) == Merged(0, 0, 0, 0)


names = st.text(min_size=1, max_size=40).filter(lambda text: text.strip() and text.isprintable())
indices = st.frozensets(st.integers(0, 4))


@settings(max_examples=60, deadline=None)
@given(
    tags=st.dictionaries(names, st.fixed_dictionaries({"train": indices, "test": indices})),
    notes=st.dictionaries(st.integers(0, 4), names),
    decided=st.dictionaries(
        st.integers(0, 4),
        st.builds(Decision, st.sampled_from(annotating.KINDS[1:]))
        | st.just(Decision("mislabelled", 9)),
    ),
)
def test_everything_survives_the_file(tags, notes, decided):
    tags = {" ".join(name.split()): images for name, images in tags.items()}
    notes = {index: text.strip() for index, text in notes.items()}
    said = Annotations(
        DATA.name, DATA.fingerprint, DATA.classes, tags, {"test": notes}, {"train": decided}
    )
    found = from_bytes(to_bytes(said), DATA, "it")
    assert (found.notes, found.decisions) == (said.notes, said.decisions)
    assert list(found.tags) == list(tags)
    for name, images in tags.items():
        assert {file: found.tagged(name, file) for file in images} == images


# ---- disks and other processes


def _tag_many(folder: Path, start: int) -> None:
    for index in range(start, 12, 4):
        annotating.tag(DATA, "train", [index], "together", folder)
        annotating.set_note(DATA, "train", index, f"by {start}", folder)


def test_processes_that_write_at_once_lose_nothing_of_each_other_s(tmp_path):
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_tag_many, args=(tmp_path, start)) for start in range(2)]
    for worker in workers:
        worker.start()
    for start in range(2, 4):
        _tag_many(tmp_path, start)
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0]
    found = annotating.load(DATA, tmp_path)
    assert found.tagged("together", "train") == frozenset(range(12))
    assert len(found.notes["train"]) == 12


def test_a_full_disk_gets_a_sentence_and_the_old_file_stays(tmp_path, monkeypatch):
    annotating.tag(DATA, "test", [1], "x", tmp_path)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("core.run_files.os.write", full)
    with pytest.raises(DiskError, match="disk full"):
        annotating.tag(DATA, "test", [2], "x", tmp_path)
    monkeypatch.undo()
    assert annotating.load(DATA, tmp_path).tagged("x", "test") == {1}
    assert sorted(path.name for path in (tmp_path / "reviews").iterdir()) == [
        ".digits.lock", "digits.json",
    ]  # fmt: skip


def test_the_data_itself_is_never_touched(tmp_path):
    data = tmp_path / "digits.safetensors"
    data.write_bytes(b"pixels")
    before = hashlib.sha256(data.read_bytes()).hexdigest(), data.stat().st_mtime_ns
    annotating.tag(DATA, "test", [1], "x", tmp_path)
    annotating.decide(DATA, "train", 3, Decision("left out"), tmp_path)
    assert (hashlib.sha256(data.read_bytes()).hexdigest(), data.stat().st_mtime_ns) == before


def test_marks_of_one_version_of_the_data_are_not_laid_over_another(tmp_path):
    annotating.tag(DATA, "test", [1], "x", tmp_path)
    with pytest.raises(ReviewError, match="may lie on other images"):
        annotating.load(_dataset("b"), tmp_path)


def test_annotations_are_frozen():
    said = Annotations("digits", "f", ("0",))
    with pytest.raises(dataclasses.FrozenInstanceError):
        said.dataset = "mnist"


def test_what_could_not_be_read_back_is_not_written(tmp_path, monkeypatch):
    before = annotating.tag(DATA, "test", [1], "smudged", tmp_path)
    monkeypatch.setattr(annotation_file, "MOST_BYTES", len(to_bytes(before)) + 40)
    with pytest.raises(ReviewError, match="would have .* delete a tag"):
        annotating.set_note(DATA, "test", 1, "x" * 41, tmp_path)
    assert annotating.load(DATA, tmp_path) == before
    annotating.set_note(DATA, "test", 1, "x" * 20, tmp_path)
    assert annotating.load(DATA, tmp_path).note_of("test", 1) == "x" * 20


def test_an_image_in_a_tag_costs_its_number_and_a_comma():
    few, more = (
        Annotations(DATA.name, DATA.fingerprint, DATA.classes, {"a": {"test": frozenset(images)}})
        for images in ([1000], [1000, 1001, 1002])
    )
    assert len(to_bytes(more)) - len(to_bytes(few)) == 2 * len(",1001")


def _named(*names: str) -> bytes:
    """A review file with these tags: the first on train image 0, the next on image 1, and so on."""
    values = json.loads(to_bytes(Annotations(DATA.name, DATA.fingerprint, DATA.classes)))
    values["tags"] = {name: {"train": [place % 12]} for place, name in enumerate(names)}
    return json.dumps(values).encode()


def test_tags_that_are_kept_under_one_name_share_their_images():
    read = from_bytes(_named("a", "a ", "b", "a\u200b"), DATA, "it")
    assert read.tags == {"a": {"train": {0, 1, 3}}, "b": {"train": {2}}}


def test_a_file_with_too_many_tags_is_refused():
    names = [f"tag {number}" for number in range(MOST_TAGS + 1)]
    assert len(from_bytes(_named(*names[1:], f"{names[1]} "), DATA, "it").tags) == MOST_TAGS
    with pytest.raises(ReviewError, match=f"has {MOST_TAGS + 1} tags, and there can be"):
        from_bytes(_named(*names), DATA, "it")


@pytest.mark.parametrize("hidden", ["\u00ad", "\ue000", "\u200b", "\ufff9", "\U000e0041", "\ud800"])
def test_a_character_that_nobody_sees_is_no_part_of_a_name(hidden):
    assert tag_name(f"a{hidden}b{hidden}") == "a b"


def test_half_a_character_in_a_note_can_be_written(tmp_path):
    annotating.set_note(DATA, "test", 1, "half \ud83d", tmp_path)
    assert annotating.load(DATA, tmp_path).note_of("test", 1) == "half"
