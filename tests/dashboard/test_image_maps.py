"""Maps of images: what has been worked out once is not worked out again."""

import pytest

from core.errors import UserError
from core.runs import default_root
from dashboard import embedding_loaders, split_embedding
from dashboard.embedding_loaders import is_ready, pca_map
from tests.dashboard.pages import open_page
from tests.dashboard.trained import train


def test_an_epoch_that_has_its_map_is_not_looked_at_again(run, monkeypatch) -> None:
    for epoch in (0, 1, 2):
        pca_map(run, epoch, "test", growing=False)
    split_embedding._background.clear()  # as if further epochs had been looked at since
    asked = []
    monkeypatch.setattr(split_embedding, "look", lambda *args: asked.append(args))
    monkeypatch.setattr(split_embedding, "wait", lambda *args: asked.append(args))
    assert all(is_ready(run, epoch, "test", growing=False) for epoch in (0, 1, 2))
    at = open_page("embedding", run=run.id, epoch="1")
    assert not at.exception
    assert asked == []
    assert not is_ready(run, 1, "validation", growing=False) and len(asked) == 1


def _asked(monkeypatch, torn: int | None = None) -> list[int]:
    """The epochs that are looked at from now on; none of them is there, and one cannot be read."""
    epochs: list[int] = []

    def look(_run, epoch, _split) -> None:
        if epoch == torn:
            raise UserError("damaged")
        epochs.append(epoch)

    monkeypatch.setattr(split_embedding, "look", look)
    return epochs


def test_a_map_in_another_frame_has_to_be_waited_for(store, monkeypatch) -> None:
    run = train(store, "training.epochs=3")
    pca_map(run, 1, "test", growing=True)  # in the frame of epoch 2
    epochs = _asked(monkeypatch)
    assert is_ready(run, 1, "test", growing=True) and epochs == []
    assert not is_ready(run, 1, "test", growing=False)
    assert epochs == [3]


def test_a_map_that_its_cache_let_go_has_to_be_waited_for(run, monkeypatch) -> None:
    for epoch in (0, 1):
        pca_map(run, epoch, "test", growing=False)
    embedding_loaders._pca_map.clear()
    epochs = _asked(monkeypatch)
    assert not is_ready(run, 1, "test", growing=False)
    assert epochs == [1], "the frame is still there"
    assert list(embedding_loaders._made()) == [(default_root(), run.id, "test", 2)]
    pca_map(run, 0, "test", growing=False)
    embedding_loaders._frame.clear()
    assert not is_ready(run, 0, "test", growing=False)
    assert epochs == [1, 2]


def test_a_map_in_the_frame_of_an_earlier_epoch_is_there_too(run, monkeypatch) -> None:
    (run.path / "epochs" / "0002" / "weights.safetensors").write_bytes(b"torn")
    assert pca_map(run, 1, "test", growing=False).frame == 1
    epochs = _asked(monkeypatch, torn=2)
    assert is_ready(run, 1, "test", growing=False) and epochs == []
    assert not is_ready(run, 0, "test", growing=False)
    assert epochs == [0]


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
