"""Decisions laid over a data set: what they change, and what they must not."""

import json
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.config import DataConfig
from core.datasets import Dataset, Overlay, load, split
from core.errors import ReviewError

LIMITED = DataConfig(name="digits", train_limit=400)


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load("digits")


def over(dataset: Dataset, relabelled=None, left_out=()) -> Overlay:
    return Overlay(dataset.name, dataset.fingerprint, relabelled or {}, tuple(left_out))


@st.composite
def decisions(draw, num_images=1437, num_classes=10):
    """Relabelled images and others that are left out."""
    indices = draw(st.lists(st.integers(0, num_images - 1), unique=True, max_size=60))
    cut = draw(st.integers(0, len(indices)))
    labels = st.integers(0, num_classes - 1)
    return {index: draw(labels) for index in indices[:cut]}, indices[cut:]


@given(decisions())
@settings(max_examples=50, deadline=None)
def test_it_changes_what_is_learnt_and_nothing_else(decided):
    digits = load("digits")
    relabelled, left_out = decided
    before = split(digits, LIMITED)
    after = split(digits, LIMITED, over(digits, relabelled, left_out))

    for name in ("validation", "test"):
        assert torch.equal(before.index(name), after.index(name))
        assert torch.equal(before.labels(name), after.labels(name))
    kept = [index for index in before.train_index.tolist() if index not in left_out]
    assert after.train_index.tolist() == kept
    given_labels = digits.train_labels.tolist()
    expected = [relabelled.get(index, given_labels[index]) for index in kept]
    assert after.labels("train").tolist() == expected
    assert digits.train_labels.tolist() == given_labels, "it was written into the data"


@given(decisions())
@settings(max_examples=50, deadline=None)
def test_its_effect_counts_every_decision_once(decided):
    digits = load("digits")
    relabelled, left_out = decided
    overlay = over(digits, relabelled, left_out)
    before = split(digits, LIMITED)
    effect = overlay.effect(before)
    learnt = set(before.train_index.tolist())
    assert effect.relabelled == len(learnt & relabelled.keys())
    assert effect.left_out == len(learnt & {*left_out})
    without = split(digits, LIMITED, overlay)
    same = without.index("train").equal(before.index("train"))
    if effect.changes_nothing:
        assert same and without.labels("train").equal(before.labels("train"))
    else:
        assert effect.relabelled or not same
    total = effect.relabelled + effect.left_out + effect.not_learnt
    assert total == overlay.num_images == len(relabelled) + len(left_out)


@given(decisions())
@settings(max_examples=50, deadline=None)
def test_a_file_gives_it_back_whatever_the_order(decided):
    relabelled, left_out = decided
    overlay = Overlay("digits", "f" * 64, relabelled, tuple(sorted(left_out)))
    assert Overlay.from_bytes(overlay.to_bytes()) == overlay
    shuffled = dict(reversed(relabelled.items()))
    assert Overlay("digits", "f" * 64, shuffled, tuple(left_out)).digest == overlay.digest
    assert replace(overlay, fingerprint="0" * 64).digest != overlay.digest


def test_a_class_that_is_left_empty_is_told_and_allowed(digits):
    before = split(digits, LIMITED)
    sevens = before.train_index[before.labels("train") == 7].tolist()
    overlay = over(digits, {sevens[0]: 1}, sevens[1:])
    effect = overlay.effect(before)
    assert effect.emptied == ("7",)
    assert effect.told() == (
        f"1 image is learnt under another label, {len(sevens) - 1} left out. "
        "No training image is left of: 7."
    )


def test_decisions_on_held_out_images_are_told_to_have_no_part(digits):
    held_out = split(digits, LIMITED).validation_index[:2].tolist()
    effect = over(digits, {held_out[0]: 1}, held_out[1:]).effect(split(digits, LIMITED))
    assert (effect.relabelled, effect.left_out, effect.not_learnt) == (0, 0, 2)
    assert effect.changes_nothing
    assert "2 images are decided on but not learnt from in any case" in effect.told()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"dataset": "mnist"}, "about the data set 'mnist', not about Digits 8×8"),
        ({"fingerprint": "0" * 64}, "another version of Digits 8×8"),
        ({"relabelled": {1437: 0}}, r"index 1437, but in .* train file it lies in \[0, 1436\]"),
        ({"left_out": (5000,)}, "index 5000"),
        ({"relabelled": {0: 10}}, r"label 10, but in Digits 8×8 it lies in \[0, 9\]"),
        ({"relabelled": {3: 1}, "left_out": (3,)}, "image 3 is both relabelled and left out"),
        ({"left_out": tuple(range(1437))}, "leave out all 400 training images"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_sentence(digits, changes, sentence):
    with pytest.raises(ReviewError, match=sentence):
        split(digits, LIMITED, replace(over(digits), **changes))


GOOD = json.loads(Overlay("digits", "f" * 64, {1: 2}, (3,)).to_bytes())


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "it is no JSON"),
        (b"\xff\xfe", "it is no JSON"),
        (b"[" * 100_000, "it is no JSON"),
        (b'{"format": ' + b"9" * 5_000 + b"}", "it is no JSON"),
        (b"[1]", "damaged: the file"),
        ({**GOOD, "format": 2}, "written by a newer ConvScope"),
        ({**GOOD, "format": "1"}, "damaged: format"),
        ({**GOOD, "kind": "label"}, "damaged: kind"),
        ({**GOOD, "relabelled": {"-1": 2}}, "damaged: relabelled"),
        ({**GOOD, "left_out": ["x"]}, "damaged: left_out"),
        ({**GOOD, "more": 1}, "damaged: more"),
        ({name: GOOD[name] for name in GOOD if name != "dataset"}, "damaged: dataset"),
    ],
)
def test_a_damaged_file_is_refused_with_a_sentence(data, sentence):
    data = data if isinstance(data, bytes) else json.dumps(data).encode()
    with pytest.raises(ReviewError, match=sentence):
        Overlay.from_bytes(data)
