"""Two results counted with and without what was decided, by hand and against the flips."""

import numpy as np
import pytest

from core.errors import ReviewError
from core.evaluation import examples
from core.review.flips import flips
from core.review.marks import Decision
from core.review.score_pairs import paired_scores
from core.review.scores import scores_of

LABELS = np.array([0, 0, 1, 1, 2, 2])
BEFORE = [0, 1, 1, 0, 2, 0]  # 3 errors: images 1, 3 and 5
AFTER = [0, 0, 0, 0, 2, 1]  # 3 errors: images 2, 3 and 5
INDEX = np.array([10, 11, 12, 13, 14, 15])


def _table(predicted, index=INDEX):
    return examples(LABELS, np.eye(3, dtype=np.float32)[predicted], index)


def _pairs(decisions):
    found = paired_scores(_table(BEFORE), _table(AFTER), decisions)
    return found.set_index("name")


def test_without_decisions_every_way_to_count_gives_the_flips():
    found = flips(_table(BEFORE), _table(AFTER))
    for _, row in _pairs({}).iterrows():
        assert row["difference"] == found.difference / 6 == 0
        assert (row["difference_low"], row["difference_high"]) == (found.low, found.high)
        assert row["p_value"] == found.p_value == 1


def test_decisions_change_what_is_counted():
    pairs = _pairs({12: Decision("mislabelled", 0), 15: Decision("ambiguous")})
    assert pairs["errors_a"].tolist() == [3, 2, 3, 4, 2]
    assert pairs["errors_b"].tolist() == [3, 2, 2, 2, 1]
    assert pairs["images"].tolist() == [6, 5, 5, 6, 4]
    assert pairs["difference"].tolist() == pytest.approx([0, 0, 1 / 5, 2 / 6, 1 / 4])
    # With the label put right two are fixed and none broken: a fair coin does so half the time.
    assert pairs.loc["with labels put right", "p_value"] == pytest.approx(0.5)


def test_each_side_has_the_scores_of_its_own():
    decisions = {12: Decision("mislabelled", 0), 15: Decision("left out")}
    pairs = _pairs(decisions)
    for side, predicted in (("a", BEFORE), ("b", AFTER)):
        alone = scores_of(_table(predicted), decisions)
        for name in ("errors", "accuracy", "low", "high"):
            assert pairs[f"{name}_{side}"].tolist() == alone[name].tolist()


def test_where_no_image_counts_nothing_differs():
    everything = {int(place): Decision("left out") for place in INDEX}
    row = _pairs(everything).loc["without all marked"]
    assert (row["images"], row["difference"], row["p_value"]) == (0, 0, 1)
    assert np.isnan(row["accuracy_a"])


def test_other_images_are_refused():
    with pytest.raises(ReviewError, match="different images"):
        paired_scores(_table(BEFORE), _table(AFTER, INDEX + 1), {})
