"""Which slices are read worse: by hand, against scikit-learn, planted, and where nothing is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, fisher_exact
from sklearn import metrics as sk

from core.review.image_measures import measures
from core.review.proportions import newcombe
from core.review.slice_scores import by_measure, changes, metrics, ranked
from core.review.slices import by_class, distinct, joined, named, tails


def sets(size, **positions):
    return named({name: np.array(rows, np.int64) for name, rows in positions.items()}, size)


def test_a_table_by_hand():
    wrong = np.zeros(100, bool)
    wrong[[0, 1, 2, 50]] = True
    slices = sets(100, weak=range(10), strong=range(20, 40), tiny=[0], all=range(100))
    table = ranked(slices, wrong, smallest=5)
    assert table["title"].tolist() == ["weak", "strong"]  # tiny is too small, all has no rest
    weak = table.iloc[0]
    assert (weak["images"], weak["errors"]) == (10, 3)
    assert weak["error_rate"] == pytest.approx(0.3)
    assert weak["rest_rate"] == pytest.approx(1 / 90)
    assert weak["excess"] == pytest.approx(0.3 - 1 / 90)
    # Two intervals that are to hold at once with 95 %: each with 97.5 %.
    assert [weak["low"], weak["high"]] == pytest.approx(
        [float(v) for v in newcombe(3, 10, 1, 90, 0.975)[1:]]
    )
    assert weak["p"] == pytest.approx(fisher_exact([[3, 7], [1, 89]]).pvalue)
    assert weak["p_adjusted"] == pytest.approx(2 * weak["p"])
    assert bool(weak["significant"])
    strong = table.iloc[1]
    assert strong["excess"] == pytest.approx(-4 / 80)
    assert not strong["significant"]


def test_what_is_always_listed_is_tested_and_counted_like_the_others():
    wrong = np.zeros(100, bool)
    wrong[[0, 1, 2, 50]] = True
    slices = sets(
        100, weak=range(10), strong=range(20, 40), tiny=[0, 1], none=[], all=range(100)
    )  # fmt: skip
    always = ["tag@tiny", "tag@none", "tag@all", "tag@strong", "tag@unknown"]
    table = ranked(slices, wrong, smallest=5, always=always).set_index("title")
    assert table.index.tolist() == ["tiny", "weak", "strong"]
    p_values = {
        "tiny": fisher_exact([[2, 0], [2, 96]]).pvalue,
        "weak": fisher_exact([[3, 7], [1, 89]]).pvalue,
    }
    assert table["p"][["tiny", "weak"]].to_dict() == pytest.approx(p_values)
    smaller, larger = sorted(p_values.values())
    assert sorted(table["p_adjusted"])[:2] == pytest.approx([3 * smaller, 2 * larger])
    low, high = newcombe(2, 2, 2, 98, 1 - 0.05 / 3)[1:]
    assert table.loc["tiny", ["low", "high"]].tolist() == pytest.approx([float(low), float(high)])


def test_a_slice_is_always_listed_by_any_of_its_keys():
    slices = distinct(
        joined([by_class(np.repeat([0, 1], [3, 47]), "ab"), sets(50, own=[0, 1, 2])], 50)
    )
    wrong = np.arange(50) % 2 == 0
    assert ranked(slices, wrong, 30)["key"].tolist() == ["class@1"]
    assert set(ranked(slices, wrong, 30, always=["tag@own"])["key"]) == {"class@0", "class@1"}


def strokes(rng, count=3000):
    """Upright bars of every thickness, place and brightness."""
    images = np.zeros((count, 1, 20, 20), np.uint8)
    widths, lefts = rng.integers(1, 8, count), rng.integers(2, 11, count)
    lights, tops = rng.integers(90, 256, count), rng.integers(1, 5, count)
    for image, width, left, light, top in zip(images, widths, lefts, lights, tops, strict=True):
        image[0, top : top + 14, left : left + width] = light
    return images


def test_a_planted_weak_slice_ranks_first():
    rng = np.random.default_rng(5)
    slices = tails(measures(strokes(rng)), 15)
    among = slices.members[[one.key for one in slices.about].index("off-centre@15")]
    wrong = rng.random(3000) < np.where(among, 0.08, 0.01)
    labels = rng.integers(0, 4, 3000)
    table = ranked(joined([slices, by_class(labels, "abcd")], 3000), wrong)
    first = table.iloc[0]
    assert first["key"] == "off-centre@15"
    assert first["significant"]
    assert first["low"] > 0.03


def test_where_nothing_is_wrong_with_any_slice_none_is_significant_more_often_than_alpha():
    rng = np.random.default_rng(11)
    slices = tails(measures(strokes(rng, 1200)), 20)
    labels = rng.integers(0, 4, 1200)
    everything = joined([slices, by_class(labels, "abcd")], 1200)
    times = 150
    false = sum(
        bool(ranked(everything, rng.random(1200) < 0.06)["significant"].any()) for _ in range(times)
    )
    # 1 in 1,000 series of tests at exactly 5 % would exceed this.
    assert false <= binom.ppf(0.999, times, 0.05)


def test_where_nothing_is_wrong_all_intervals_hold_at_once_as_often_as_they_say():
    rng = np.random.default_rng(12)
    slices = tails(measures(strokes(rng, 1200)), 20)
    times, missed, alone = 80, 0, 0
    for _ in range(times):
        wrong = rng.random(1200) < 0.06
        table = ranked(slices, wrong)
        missed += bool(((table["low"] > 0) | (table["high"] < 0)).any())
        rest, rest_errors = 1200 - table["images"], wrong.sum() - table["errors"]
        _, low, high = newcombe(table["errors"], table["images"], rest_errors, rest)
        alone += bool(((low > 0) | (high < 0)).any())
    limit = binom.ppf(0.999, times, 0.05)
    assert missed <= limit
    assert alone > limit  # without the correction


def test_without_the_correction_some_slice_would_look_bad_far_too_often():
    """The test above can fail: the same data, p-values as they are."""
    rng = np.random.default_rng(11)
    slices = tails(measures(strokes(rng, 1200)), 20)
    tables = [ranked(slices, rng.random(1200) < 0.06) for _ in range(50)]
    assert sum(bool((table["p"] <= 0.05).any()) for table in tables) > 7


def test_no_errors_only_errors_and_no_slices():
    slices = by_class(np.repeat([0, 1], 50), ("a", "b"))
    for wrong in (np.zeros(100, bool), np.ones(100, bool)):
        table = ranked(slices, wrong)
        assert table["excess"].tolist() == [0, 0]
        assert table["p_adjusted"].tolist() == [1, 1]
        assert not table["significant"].any()
    empty = ranked(joined([], 5), np.zeros(5, bool))
    assert len(empty) == 0
    assert "excess" in empty.columns
    assert ranked(by_class(np.zeros(50, np.int64), ("only",)), np.zeros(50, bool)).empty


random_answers = st.tuples(st.integers(1, 80), st.integers(1, 5), st.integers(0, 2**32 - 1))


@settings(max_examples=30, deadline=None)
@given(random_answers)
def test_errors_and_images_of_classes_add_up(drawn):
    size, num_classes, seed = drawn
    rng = np.random.default_rng(seed)
    labels, predicted = rng.integers(0, num_classes, (2, size))
    slices = by_class(labels, [str(k) for k in range(num_classes)])
    wrong = labels != predicted
    table = metrics(slices, labels, predicted, num_classes)
    assert table["images"].sum() == size
    assert table["errors"].sum() == wrong.sum()
    listed = ranked(slices, wrong, smallest=1)
    rest = size - listed["images"]
    np.testing.assert_allclose(listed["errors"] + np.rint(listed["rest_rate"] * rest), wrong.sum())
    assert (np.diff(listed["excess"]) <= 1e-12).all()


@settings(max_examples=25, deadline=None)
@given(random_answers, st.integers(1, 80))
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
def test_metrics_are_those_of_scikit_learn(drawn, count):
    size, num_classes, seed = drawn
    rng = np.random.default_rng(seed)
    labels, predicted = rng.integers(0, num_classes, (2, size))
    among = np.sort(rng.permutation(size)[:count])
    (row,) = metrics(sets(size, some=among), labels, predicted, num_classes).to_dict("records")
    true, answer = labels[among], predicted[among]
    assert row["accuracy"] == pytest.approx(sk.accuracy_score(true, answer))
    assert row["low"] <= row["accuracy"] <= row["high"]
    there, answered = np.unique(true), np.unique(answer)
    options = {"average": "macro", "zero_division": 0}
    assert row["recall"] == pytest.approx(sk.recall_score(true, answer, labels=there, **options))
    assert row["f1"] == pytest.approx(sk.f1_score(true, answer, labels=there, **options))
    expected = sk.precision_score(true, answer, labels=answered, **options)
    assert row["precision"] == pytest.approx(expected)


def test_a_slice_without_images_has_no_metrics():
    (row,) = metrics(sets(4, none=[]), np.zeros(4, int), np.zeros(4, int), 2).to_dict("records")
    assert (row["images"], row["errors"]) == (0, 0)
    assert all(np.isnan(row[name]) for name in ("accuracy", "low", "recall", "precision", "f1"))


def test_changes_by_hand():
    before = np.array([1, 1, 1, 0, 0, 0, 1, 0], bool)
    after = np.array([0, 0, 0, 1, 0, 0, 1, 0], bool)
    table = changes(sets(8, first=range(4), rest=range(4, 8), none=[]), before, after)
    assert table["fixed"].tolist() == [3, 0, 0]
    assert table["broken"].tolist() == [1, 0, 0]
    assert table["difference"].tolist()[:2] == [0.5, 0.0]
    assert np.isnan(table["difference"].iloc[2])
    assert table["p"].tolist() == pytest.approx([10 / 16, 1, 1])  # 3 or more of 4, either way
    assert table["p_adjusted"].tolist() == [1, 1, 1]


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 50), st.integers(0, 2**32 - 1))
def test_changes_are_antisymmetric_and_differences_of_the_error_rates(size, seed):
    rng = np.random.default_rng(seed)
    before, after = rng.random((2, size)) < 0.4
    slices = by_class(rng.integers(0, 3, size), "abc")
    there, back = changes(slices, before, after), changes(slices, after, before)
    np.testing.assert_array_equal(there["fixed"], back["broken"])
    np.testing.assert_allclose(there["difference"], -back["difference"])
    np.testing.assert_allclose(there["p_adjusted"], back["p_adjusted"])
    for row, among in zip(there["difference"], slices.members, strict=True):
        if among.any():
            assert row == pytest.approx(before[among].mean() - after[among].mean())


def test_the_error_rate_along_a_measure():
    values = np.array([5.0, 1, 2, 3, 4, np.nan, 6, 7, 8, 9, 10])
    wrong = np.array([0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 1], bool)
    table = by_measure(values, wrong, 5)
    assert table["images"].tolist() == [2] * 5
    assert table["errors"].tolist() == [2, 0, 0, 0, 1]
    assert table["start"].tolist() == [1, 3, 5, 7, 9]
    assert table["end"].tolist() == [2, 4, 6, 8, 10]
    assert table["middle"].tolist() == [1.5, 3.5, 5.5, 7.5, 9.5]


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.sampled_from([0.0, 1.0, 1.5, 2.0, np.nan]), max_size=60),
    st.integers(1, 12),
    st.integers(0, 99),
)
def test_every_image_with_a_value_is_in_one_bin_and_equal_ones_together(values, bins, seed):
    numbers = np.array(values, float)
    wrong = np.random.default_rng(seed).random(len(numbers)) < 0.5
    table = by_measure(numbers, wrong, bins)
    known = ~np.isnan(numbers)
    assert table["images"].sum() == known.sum()
    assert table["errors"].sum() == wrong[known].sum()
    assert (table["end"].to_numpy()[:-1] < table["start"].to_numpy()[1:]).all()
    assert len(table) <= bins
