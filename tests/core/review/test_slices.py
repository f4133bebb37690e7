"""How slices are made, counted by hand; clusters are those that were put there."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.review.image_measures import MEASURES
from core.review.slices import (
    between,
    by_class,
    clusters,
    distinct,
    joined,
    named,
    range_key,
    tails,
)


def table(**columns):
    """Measures, all the same but for those given."""
    size = len(next(iter(columns.values())))
    plain = {name: np.zeros(size) for name in MEASURES}
    return pd.DataFrame({**plain, **columns}, dtype=float)


def test_the_ends_of_a_measure_are_those_beyond_its_quantiles():
    made = tails(table(thickness=np.arange(21.0)), 10)
    assert made.positions("thin@10").tolist() == [0, 1]
    assert made.positions("thick@10").tolist() == [19, 20]
    assert made.find("thick@10").title == "thick"
    assert made.find("thick@10").rule == "thickness > 18.00 px"
    assert made.find("thick@5") is None
    assert made.positions("thick@5").tolist() == []


def test_slices_with_the_same_images_are_one_that_names_all_and_is_found_by_every_key():
    measured = tails(table(thickness=np.arange(21.0)), 10)
    saved = named({"Mine": np.array([0, 1]), "again": np.array([0, 1]), "b": np.array([1])}, 21)
    made = distinct(joined([measured, saved], 21))
    thin = made.find("thin@10")
    assert thin.title == "thin = Mine = again" and thin.rule == "thickness < 2.00 px"
    assert thin.keys == ("thin@10", "tag@Mine", "tag@again")
    for key in thin.keys:
        assert made.find(key) is thin
        assert made.positions(key).tolist() == [0, 1]
    assert made.find("tag@b").title == "b" and made.positions("tag@b").tolist() == [1]
    there = made.members[made.members.any(1)]
    assert len(there) == 3 == len({row.tobytes() for row in there})
    assert made.find("dark@10").title == "dark", "it has as few images as the bright ones: none"
    assert distinct(joined([], 21)).members.shape == (0, 21)


def test_equal_values_are_at_no_end_and_missing_ones_in_no_slice():
    values = np.array([np.nan, 1, 1, 1, 1, 1, 1, 1, 1, 5])
    made = tails(table(slant=values), 20)
    assert made.positions("slanted left@20").tolist() == []
    assert made.positions("slanted right@20").tolist() == [9]
    assert made.positions("dark@20").tolist() == []
    assert not tails(table(slant=np.full(4, np.nan)), 20).members.any()


def test_only_a_large_distance_from_the_middle_is_a_slice():
    keys = [one.key for one in tails(table(slant=[0.0]), 5).about]
    assert len(keys) == len(set(keys)) == 11
    assert "off-centre@5" in keys
    assert not any(key.startswith("@") for key in keys)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-50, 50) | st.just(np.nan), min_size=1, max_size=60), st.integers(1, 50))
def test_no_end_is_larger_than_asked_for(values, percent):
    made = tails(table(size=np.array(values)), percent)
    known = np.count_nonzero(~np.isnan(values))
    low, high = (set(made.positions(f"{name}@{percent}")) for name in ("small", "large"))
    assert max(len(low), len(high)) <= -(-known * percent // 100)
    assert not low & high


@pytest.mark.parametrize("percent", [0, 51, -3])
def test_an_end_holds_between_one_and_fifty_per_cent(percent):
    with pytest.raises(ValueError, match=r"\[1, 50\]"):
        tails(table(size=[1.0]), percent)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=20), st.data())
def test_a_range_holds_both_of_its_ends_and_its_key_is_exact(values, data):
    start, end = sorted(data.draw(st.tuples(*[st.sampled_from(values)] * 2)))
    made = between(table(slant=np.array(values)), "slant", start, end)
    expected = [place for place, value in enumerate(values) if start <= value <= end]
    (about,) = made.about
    assert made.positions(about.key).tolist() == expected
    name, _, ends = about.key.partition("@")
    assert name == "slant"
    assert [float(number) for number in ends.split("..")] == [start, end]
    assert about.key == range_key("slant", start, end)
    assert "e" not in ends


def test_classes_without_images_are_slices_without_images():
    made = by_class(np.array([0, 2, 2, 0]), ("a", "b", "c"))
    assert [one.key for one in made.about] == ["class@0", "class@1", "class@2"]
    assert [made.positions(one.key).tolist() for one in made.about] == [[0, 3], [], [1, 2]]
    assert made.find("class@2").title == "class c"


def test_named_sets_and_collections_keep_their_order():
    sets = {"odd one": np.array([3, 1]), "none": np.empty(0, np.int64)}
    made = joined([by_class(np.array([0, 0, 0, 0]), ("only",)), named(sets, 4)], 4)
    assert [one.key for one in made.about] == ["class@0", "tag@odd one", "tag@none"]
    assert made.positions("tag@odd one").tolist() == [1, 3]
    assert made.members.shape == (3, 4)
    assert joined([], 7).members.shape == (0, 7)


def blobs(sizes, directions, seed=0):
    """Rows of length 1 around some directions."""
    rng = np.random.default_rng(seed)
    rows = np.repeat(np.array(directions, float), sizes, axis=0)
    rows = rows + rng.normal(0, 0.02, rows.shape)
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def test_clusters_are_the_groups_that_were_put_there_called_after_their_class():
    sizes = [30, 50, 20]
    embedding = blobs(sizes, [[1, 0, 0], [0.9, 0.5, 0], [0, 0, 1]])
    labels = np.repeat([0, 0, 1], sizes)
    made = clusters(embedding, labels, ("cat", "dog"), 3)
    assert [one.title for one in made.about] == [
        "like cat, group 1",
        "like cat, group 2",
        "like dog",
    ]
    assert [one.key for one in made.about] == ["cluster@3.0", "cluster@3.1", "cluster@3.2"]
    groups = [made.positions(one.key).tolist() for one in made.about]
    assert groups == [list(range(30, 80)), list(range(30)), list(range(80, 100))]


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 60), st.integers(2, 12), st.integers(0, 99))
def test_every_image_is_in_one_cluster_and_the_same_one_again(size, number, seed):
    rng = np.random.default_rng(seed)
    embedding = rng.normal(size=(size, 3)).astype(np.float32)
    labels = rng.integers(0, 3, size)
    first = clusters(embedding, labels, ("a", "b", "c", "never"), number)
    again = clusters(embedding, labels, ("a", "b", "c", "never"), number)
    np.testing.assert_array_equal(first.members, again.members)
    assert first.about == again.about
    assert (first.members.sum(0) == 1).all()
    assert len(first.about) <= number
    assert not any("never" in one.title for one in first.about)


def test_clusters_of_a_dead_network_of_one_image_and_of_none():
    alike = clusters(np.zeros((9, 4), np.float32), np.zeros(9, np.int64), ("a",), 5)
    assert alike.members.sum() == 9
    assert len(alike.about) == 1
    assert len(clusters(np.ones((1, 4), np.float32), np.array([0]), ("a",), 5).about) == 1
    assert clusters(np.empty((0, 4), np.float32), np.empty(0, np.int64), ("a",), 5).about == ()


def test_large_splits_are_clustered_by_an_even_sample(monkeypatch):
    monkeypatch.setattr("core.review.slices._SAMPLE", 10)
    embedding = blobs([60, 60], [[1, 0], [0, 1]])
    made = clusters(embedding, np.repeat([0, 1], 60), ("a", "b"), 2)
    assert [made.positions(one.key).tolist() for one in made.about] == [
        list(range(60)), list(range(60, 120))
    ]  # fmt: skip
