"""From a reviewer's decisions to what a training learns."""

import pytest

from core.datasets import Dataset, Overlay, load
from core.errors import ReviewError
from core.review import annotations as reviews
from core.review.annotations import Annotations, Decision
from core.review.decisions import overlay_of, read_decisions, summary

DECIDED = {
    "train": {
        9: Decision("mislabelled", 4),
        3: Decision("ambiguous"),
        7: Decision("left out"),
        1: Decision("ambiguous"),
        6: Decision("confirmed"),
    },
    "test": {2: Decision("mislabelled", 1), 5: Decision("left out")},
}


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load("digits")


@pytest.fixture
def annotations(digits) -> Annotations:
    return Annotations("digits", digits.fingerprint, digits.classes, decisions=DECIDED)


def test_decisions_about_the_train_file_become_an_overlay(digits, annotations):
    kept = overlay_of(annotations, leave_out_ambiguous=False)
    assert kept == Overlay("digits", digits.fingerprint, {9: 4}, (7,))
    fewer = overlay_of(annotations, leave_out_ambiguous=True)
    assert fewer == Overlay("digits", digits.fingerprint, {9: 4}, (1, 3, 7))
    assert kept.digest != fewer.digest


def test_no_decision_is_an_empty_overlay(digits):
    nothing = Annotations("digits", digits.fingerprint, digits.classes)
    assert overlay_of(nothing, leave_out_ambiguous=True).num_images == 0


def test_the_summary_counts_each_kind_in_each_file(annotations):
    rows = summary(annotations).to_dict("records")
    assert rows == [
        {"decision": "mislabelled", "train": 1, "test": 1},
        {"decision": "ambiguous", "train": 2, "test": 0},
        {"decision": "left out", "train": 1, "test": 1},
        {"decision": "confirmed", "train": 1, "test": 0},
    ]


def test_a_downloaded_review_file_is_read(digits, tmp_path):
    label = (int(digits.train_labels[9]) + 1) % 10
    reviews.decide(digits, "train", 9, Decision("mislabelled", label), tmp_path)
    reviews.decide(digits, "train", 3, Decision("ambiguous"), tmp_path)
    reviews.tag(digits, "train", [4], "smudged", tmp_path)
    data = reviews.export_bytes(digits, tmp_path)
    read = read_decisions(data, digits, "review.json", leave_out_ambiguous=True)
    assert read == Overlay("digits", digits.fingerprint, {9: label}, (3,))


def test_the_overlay_of_a_run_is_read(digits):
    overlay = Overlay("digits", digits.fingerprint, {9: 4}, (7,))
    assert read_decisions(overlay.to_bytes(), digits, "overlay.json", False) == overlay


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"not JSON", "mine.json is damaged"),
        (b'{"kind": "overlay"}', "the overlay is damaged"),
        (b'{"left_out": [1]}', "mine.json is no review file"),
        (Overlay("mnist", "f" * 64).to_bytes(), "about the data set 'mnist'"),
    ],
)
def test_other_files_are_refused(digits, data, sentence):
    with pytest.raises(ReviewError, match=sentence):
        read_decisions(data, digits, "mine.json", leave_out_ambiguous=False)


def test_a_review_of_another_data_set_is_refused(digits, tmp_path):
    data = reviews.export_bytes(load("mnist"), tmp_path)
    with pytest.raises(ReviewError, match="'mnist', not 'digits'"):
        read_decisions(data, digits, "mine.json", leave_out_ambiguous=False)
