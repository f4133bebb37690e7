"""Maps of images: what has been worked out once is not worked out again."""

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
