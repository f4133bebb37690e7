"""Biographies of all images at once say what the biography of each one says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.errors import RunError
from core.inspection.biography import biography
from core.review.biographies import (
    VERDICTS,
    biographies,
    forgotten_counts,
    learnt_counts,
    verdict_counts,
)

# Five images over epochs 0 (untrained) to 4; the label of all is 1.
STORIES = np.array(
    [
        # untrained, then four epochs
        [0, 1, 1, 1, 1],  # always right: the untrained guess does not count
        [1, 0, 0, 1, 1],  # learnt in epoch 3
        [0, 1, 0, 1, 1],  # unsteady, since epoch 3
        [0, 1, 0, 1, 0],  # forgotten, twice
        [1, 0, 2, 0, 2],  # never right
    ],
    np.int16,
).T
EPOCHS = [0, 1, 2, 3, 4]


def test_five_stories_told_by_hand():
    table = biographies(EPOCHS, STORIES, np.ones(5, np.int64))
    assert list(table["verdict"]) == [
        "always right", "learnt", "unsteady", "forgotten", "never right",
    ]  # fmt: skip
    assert table["learnt"].fillna(-1).tolist() == [1, 3, 3, -1, -1]
    assert table["times_forgotten"].tolist() == [0, 0, 1, 2, 0]
    assert table["position"].tolist() == [0, 1, 2, 3, 4]


def test_histograms_counted_by_hand():
    table = biographies(EPOCHS, STORIES, np.ones(5, np.int64))
    assert verdict_counts(table) == {**dict.fromkeys(VERDICTS, 1), "untrained": 0}
    learnt = learnt_counts(table, EPOCHS)
    assert learnt.to_numpy().tolist() == [[1, 1], [2, 0], [3, 2], [4, 0]]
    assert forgotten_counts(table).to_numpy().tolist() == [[0, 3], [1, 1], [2, 1]]


@settings(max_examples=60, deadline=None)
@given(
    st.tuples(st.integers(0, 7), st.integers(1, 12), st.booleans()).flatmap(
        lambda shape: st.tuples(
            st.just(shape[2]),
            arrays(np.int16, (shape[0] + shape[2], shape[1]), elements=st.integers(0, 2)),
            arrays(np.int64, shape[1], elements=st.integers(0, 2)),
        )
    )
)
def test_it_agrees_with_the_biography_of_each_image(history):
    with_untrained, predicted, labels = history
    first = 0 if with_untrained else 1
    epochs = [first + 2 * step for step in range(len(predicted))]  # not every epoch is kept
    table = biographies(epochs, predicted, labels)
    assert sum(verdict_counts(table).values()) == len(labels)
    assert learnt_counts(table, epochs)["images"].sum() == table["learnt"].notna().sum()
    assert forgotten_counts(table)["images"].sum() == len(labels)
    for position, row in table.iterrows():
        answers = np.eye(3)[predicted[:, position]]
        story = biography(dict(zip(epochs, answers, strict=True)), int(labels[position]))
        assert row["verdict"] == story.verdict
        trained = [epoch for epoch in epochs if epoch > 0]
        since = story.right_since
        if since is None or not trained:
            assert np.isnan(table["learnt"].astype(float)[position])
        else:
            assert row["learnt"] == max(since, trained[0])
        right = story.table.loc[story.table["epoch"] > 0, "correct"].tolist()
        lost = sum(a and not b for a, b in zip(right, right[1:], strict=False))
        assert row["times_forgotten"] == lost


def test_without_a_trained_epoch_nothing_is_told():
    table = biographies([0], np.array([[1, 0]]), np.array([1, 1]))
    assert list(table["verdict"]) == ["untrained", "untrained"]
    assert table["learnt"].isna().all()
    assert learnt_counts(table, [0]).empty


def test_answers_of_another_size_are_refused():
    with pytest.raises(RunError, match="2 epochs of 3 images"):
        biographies([0, 1], np.zeros((2, 4)), np.zeros(3, np.int64))
