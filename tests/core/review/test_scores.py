"""Scores with and without what was decided: against counts by hand, scipy and random decisions."""

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from core.evaluation import examples
from core.review.annotations import Decision
from core.review.scores import scores_of

AMBIGUOUS, LEFT_OUT, CONFIRMED = map(Decision, ("ambiguous", "left out", "confirmed"))


def mislabelled(label):
    return Decision("mislabelled", label)


def answered(true, predicted, num_classes=3):
    """Labels, probabilities whose largest is at `predicted`, and indices from 100."""
    values = np.full((len(true), num_classes), 0.1, np.float32)
    values[np.arange(len(true)), predicted] = 0.8
    return np.array(true), values, np.arange(100, 100 + len(true))


def scores(labels, values, index, decisions):
    """The scores of answers, given as arrays."""
    return scores_of(examples(labels, values, index), decisions)


# Eight images, three errors: 102 (true 0, read as 1), 105 (1 as 2), 107 (2 as 0).
GIVEN = answered([0, 0, 0, 1, 1, 1, 2, 2], [0, 0, 1, 1, 1, 2, 2, 0])


@pytest.mark.parametrize(
    ("decisions", "images", "errors"),
    [
        ({}, [8, 8, 8, 8, 8], [3, 3, 3, 3, 3]),
        ({102: AMBIGUOUS}, [8, 7, 8, 8, 7], [3, 2, 3, 3, 2]),
        ({102: mislabelled(1)}, [8, 8, 7, 8, 7], [3, 3, 2, 2, 2]),
        ({102: mislabelled(2)}, [8, 8, 7, 8, 7], [3, 3, 2, 3, 2]),  # wrong either way
        ({100: mislabelled(1)}, [8, 8, 7, 8, 7], [3, 3, 3, 4, 3]),  # right only as labelled
        ({105: LEFT_OUT}, [8, 8, 8, 8, 7], [3, 3, 3, 3, 2]),
        (
            {102: mislabelled(1), 103: AMBIGUOUS, 105: LEFT_OUT, 107: AMBIGUOUS},
            [8, 6, 7, 8, 4],
            [3, 2, 2, 2, 0],
        ),
        ({3: AMBIGUOUS, 4: mislabelled(1)}, [8, 8, 8, 8, 8], [3, 3, 3, 3, 3]),  # not of this split
    ],
)
def test_images_and_errors_are_those_counted_by_hand(decisions, images, errors):
    table = scores(*GIVEN, decisions)
    assert table["name"].tolist() == [
        "as labelled", "without ambiguous", "without mislabelled", "with labels put right",
        "without all marked",
    ]  # fmt: skip
    assert table["images"].tolist() == images
    assert table["errors"].tolist() == errors
    shares = [1 - wrong / count for wrong, count in zip(errors, images, strict=True)]
    np.testing.assert_allclose(table["accuracy"], shares)
    np.testing.assert_allclose(table["difference"], np.array(shares) - 5 / 8, atol=1e-15)


def _many(seed=3, count=400):
    random = np.random.default_rng(seed)
    true = random.integers(0, 3, count)
    wrong = random.random(count) < 0.2
    return answered(true, np.where(wrong, (true + 1) % 3, true))


def test_the_interval_is_scipys_percentile_bootstrap():
    labels, values, index = _many()
    right = values.argmax(1) == labels
    expected = scipy.stats.bootstrap(
        (right,), np.mean, n_resamples=20_000, method="percentile", rng=np.random.default_rng(1)
    ).confidence_interval  # fmt: skip
    row = scores(labels, values, index, {}).iloc[0]
    # Both are random; an accuracy of 400 images has steps of 0.0025.
    assert row["low"] == pytest.approx(expected.low, abs=0.003)
    assert row["high"] == pytest.approx(expected.high, abs=0.003)


def test_differences_are_paired_as_when_whole_images_are_drawn():
    labels, values, index = _many()
    right = values.argmax(1) == labels
    dropped = np.flatnonzero(~right)[:15]
    table = scores(labels, values, index, {int(index[i]): AMBIGUOUS for i in dropped})
    row = table.set_index("name").loc["without ambiguous"]
    counted = np.ones(len(labels), bool)
    counted[dropped] = False
    drawn = np.random.default_rng(2).integers(0, len(labels), (20_000, len(labels)))
    here = (right & counted)[drawn].sum(1) / counted[drawn].sum(1)
    low, high = np.quantile(here - right[drawn].mean(1), [0.025, 0.975])
    assert row["difference_low"] == pytest.approx(low, abs=0.002)
    assert row["difference_high"] == pytest.approx(high, abs=0.002)
    # Unpaired, the interval of a difference this small would reach below zero.
    assert row["difference_low"] > 0
    assert row["high"] - row["low"] > 2 * (high - low)


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    accuracy, hits = 0.9, 0
    for seed in range(200):
        right = np.random.default_rng(seed).random(300) < accuracy
        row = scores(*answered(np.zeros(300, int), np.where(right, 0, 1)), {}).iloc[0]
        hits += row["low"] <= accuracy <= row["high"]
    assert 180 <= hits <= 198  # of 200; 95 % are 190, three standard errors are 9


def test_the_same_images_and_decisions_give_the_same_interval():
    first, second = (scores(*GIVEN, {102: AMBIGUOUS}) for _ in range(2))
    assert first.equals(second)


def test_nothing_wrong_gives_an_interval_without_width():
    row = scores(*answered([0, 1, 2], [0, 1, 2]), {}).iloc[0]
    assert (row["accuracy"], row["low"], row["high"]) == (1, 1, 1)


def test_where_every_image_is_marked_there_is_no_accuracy():
    table = scores(*answered([0, 1], [0, 0]), {100: AMBIGUOUS, 101: AMBIGUOUS}).set_index("name")
    row = table.loc["without all marked"]
    assert (row["images"], row["errors"]) == (0, 0)
    assert row[["accuracy", "low", "high", "difference"]].isna().all()
    assert table.loc["as labelled", "accuracy"] == 0.5


def test_no_images_at_all_have_no_accuracy():
    table = scores(np.zeros(0, int), np.zeros((0, 3), np.float32), np.zeros(0, int), {})
    assert table["images"].eq(0).all()
    assert table[["low", "high", "difference_low"]].isna().all(axis=None)


def test_a_single_class_is_always_right():
    table = scores(np.zeros(3, int), np.ones((3, 1), np.float32), np.arange(3), {1: AMBIGUOUS})
    assert table["errors"].eq(0).all()
    assert table["images"].tolist() == [3, 2, 3, 3, 2]


@st.composite
def decided(draw):
    count = draw(st.integers(1, 60))
    classes = st.integers(0, 3)
    true = draw(st.lists(classes, min_size=count, max_size=count))
    predicted = draw(st.lists(classes, min_size=count, max_size=count))
    decision = st.one_of(
        st.sampled_from([AMBIGUOUS, LEFT_OUT, CONFIRMED]), st.builds(mislabelled, st.integers(0, 3))
    )
    decisions = draw(st.dictionaries(st.integers(90, 170), decision, max_size=20))
    return answered(true, predicted, num_classes=4), decisions


@settings(deadline=None)
@given(decided())
def test_what_holds_of_any_answers_and_decisions(case):
    given_arrays, decisions = case
    labels, values, index = given_arrays
    table = scores(labels, values, index, decisions).set_index("name")
    here = {place: d for place, d in decisions.items() if place in index}
    kinds = [decision.kind for decision in here.values()]
    everyone = len(labels)
    assert table["images"].to_dict() == {
        "as labelled": everyone,
        "without ambiguous": everyone - kinds.count("ambiguous"),
        "without mislabelled": everyone - kinds.count("mislabelled"),
        "with labels put right": everyone,
        "without all marked": everyone - len(kinds) + kinds.count("confirmed"),
    }
    known = table.dropna()
    assert (known["low"] <= known["accuracy"]).all()
    assert (known["accuracy"] <= known["high"]).all()
    assert known[["low", "high"]].stack().between(0, 1).all()
    # Leaving images out takes away errors only among those that are left out.
    for name in ("without ambiguous", "without mislabelled", "without all marked"):
        gone = everyone - table.loc[name, "images"]
        assert 0 <= table.loc["as labelled", "errors"] - table.loc[name, "errors"] <= gone
    assert abs(
        table.loc["with labels put right", "errors"] - table.loc["as labelled", "errors"]
    ) <= kinds.count("mislabelled")
