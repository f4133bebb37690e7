"""What is read from many files: one that could not be read is tried again, the others are not."""

import pytest

from dashboard import history_loaders, matrix_loaders, partial_reads
from tests.dashboard.trained import train


def _story(run, _other):
    return history_loaders.history(run, "test")


def _matrices(run, _other):
    return matrix_loaders.history(run, "test", [0, 1, 2], 0.0, 2)


def _takers(run, other):
    """With the other run at the epoch with the highest validation accuracy."""
    return history_loaders._takers(run, 2, "test", (other.id,), "best")


@pytest.fixture
def other(store):
    return train(store, "training.seed=3", name="other")


@pytest.fixture
def torn(run, other):
    """A file that each of them reads, once it is away; call it to have it back."""
    hidden = []
    for one in (run, other):
        epoch = 1 if one is run else history_loaders.chosen_epoch(one, "best")
        file = one.path / "epochs" / f"{epoch:04}" / "probabilities.safetensors"
        hidden.append((file, file.rename(file.with_name("hidden"))))
    return lambda: [there.rename(file) for file, there in hidden]


@pytest.mark.parametrize("ask", [_story, _matrices, _takers])
def test_what_could_not_be_read_is_soon_tried_again(run, other, torn, monkeypatch, ask):
    found = ask(run, other)
    assert not found.is_whole
    assert ask(run, other) is found, "not at every repaint"
    torn()
    monkeypatch.setattr(partial_reads, "RETRY_SECONDS", 0.0)
    again = ask(run, other)
    assert again.is_whole
    assert ask(run, other) is again, "what is whole stays"


def test_what_is_told_and_shown_is_whole_again_too(run, other, torn, monkeypatch):
    assert "epoch 1 is left out" in history_loaders.history(run, "test").problems[0]
    assert _matrices(run, other).epochs == (0, 2)
    taking, refused = history_loaders.taking_part(run, 2, "test", (other.id,), "best")
    assert (len(taking), len(refused)) == (1, 1)
    torn()
    monkeypatch.setattr(partial_reads, "RETRY_SECONDS", 0.0)
    assert history_loaders.history(run, "test").problems == ()
    assert _matrices(run, other).epochs == (0, 1, 2)
    taking, refused = history_loaders.taking_part(run, 2, "test", (other.id,), "best")
    assert (len(taking), len(refused)) == (2, 0)


def test_runs_that_differ_for_good_are_not_opened_again(store, run, monkeypatch):
    twin = train(store, name="twin")  # of the same seed: it counts once
    monkeypatch.setattr(partial_reads, "RETRY_SECONDS", 0.0)
    found = _takers(run, twin)
    assert len(found.refused) == 1
    assert _takers(run, twin) is found


def test_a_run_that_gets_a_name_is_called_by_it_at_once(run, other):
    for renamed, names in ((run, ["new", "other"]), (other, ["new", "new"])):
        _takers(run, other)
        renamed.set_label(name="new")
        assert [one.name for one in _takers(run, other).taking] == names
