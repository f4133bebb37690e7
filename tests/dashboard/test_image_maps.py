"""Maps of images: what has been worked out once is not worked out again."""

import pytest

from dashboard import split_embedding
from dashboard.embedding_loaders import is_ready, pca_map
from tests.dashboard.pages import open_page


def test_an_epoch_that_has_its_map_is_not_looked_at_again(run, monkeypatch) -> None:
    for epoch in (0, 1, 2):
        pca_map(run, epoch, "test", growing=False)
    split_embedding._background.clear()  # as if further epochs had been looked at since
    asked = []
    monkeypatch.setattr(split_embedding, "look", lambda *args: asked.append(args))
    monkeypatch.setattr(split_embedding, "wait", lambda *args: asked.append(args))
    assert all(is_ready(run, epoch, "test") for epoch in (0, 1, 2))
    at = open_page("embedding", run=run.id, epoch="1")
    assert not at.exception
    assert asked == []
    assert not is_ready(run, 1, "validation") and len(asked) == 1


@pytest.mark.parametrize(
    ("epoch", "expected"),
    [(5, [3, 7, 4, 6]), (0, [2, 1]), (9, [7, 8]), (1, [3, 0, 2])],
)
def test_epochs_on_either_side_are_looked_at_ahead_the_nearest_asked_for_last(epoch, expected):
    assert split_embedding.beside(range(10), epoch) == expected
    # With what is shown and the frame's they all have room at once.
    assert len(expected) + 2 <= split_embedding._MOST_KEPT


def test_a_step_of_the_slider_asks_for_one_epoch_more():
    seen = {5, *split_embedding.beside(range(12), 5)}
    assert {*split_embedding.beside(range(12), 6)} - seen == {8}
