"""The record of an epoch's answers: read once for every page, checked, and the same as the file."""

import weakref
from dataclasses import replace

import numpy as np
import pytest

from core.errors import RunError
from core.evaluation import confusion_matrix
from core.inspection.biography import biography_of
from core.review.matrix import similarity_order
from dashboard import (
    answer_loaders,
    example_loaders,
    history_loaders,
    label_loaders,
    loaders,
    matrix_loaders,
)
from dashboard.label_loaders import Source

EPOCHS = 300  # more than a page shows of any list


@pytest.fixture
def reads(run, monkeypatch):
    """Epochs of a long run, in the order in which their files are read."""
    kind, read = type(run), []
    values = {epoch: run.probabilities(epoch, "test") for epoch in run.epochs()}

    def probabilities(self, epoch, split):
        read.append(epoch)
        return values[epoch % 3].copy()

    monkeypatch.setattr(kind, "epochs", lambda self: list(range(EPOCHS)))
    monkeypatch.setattr(kind, "probabilities", probabilities)
    return read


def test_it_holds_what_the_file_does(run):
    values = run.probabilities(2, "test")
    labels = loaders.splits(run).labels("test").numpy()
    kept = answer_loaders.record(run, 2, "test")
    np.testing.assert_array_equal(kept.predicted, values.argmax(1))
    np.testing.assert_array_equal(kept.confidence, values.max(1))  # saved in half precision
    np.testing.assert_array_equal(kept.probability, values[np.arange(len(labels)), labels])


def test_opening_another_image_of_a_long_run_reads_no_file_again(run, reads):
    example_loaders.biography(run, "test", 0, 0)
    assert sorted(reads) == list(range(EPOCHS))
    example_loaders.biography(run, "test", 1, 0)
    assert len(reads) == EPOCHS


def test_history_matrices_and_images_share_one_reading(run, reads):
    epochs = run.epochs()
    answer_loaders.answers(run, 2, "test")
    history_loaders.history(run, "test")
    for threshold in (0.0, 0.5):
        matrix_loaders.history(run, "test", epochs, threshold, epochs[-1])
    example_loaders.biography(run, "test", 0, 0)
    assert sorted(reads) == epochs


def test_matrices_that_their_cache_lets_go_are_gone_also_where_they_were_told_of(run):
    found = matrix_loaders.history(run, "test", run.epochs(), 0.0, 2)
    assert found.top(2, 5) is found.top(2, 5)
    known = weakref.ref(found)
    del found
    matrix_loaders._history.clear()
    assert known() is None


def test_the_story_is_the_one_that_core_tells(run):
    label = int(loaders.splits(run).labels("test")[5])
    expected = biography_of(run, "test", 5, label).table
    found = example_loaders.biography(run, "test", 5, label).table
    assert list(found) == list(expected)
    np.testing.assert_array_equal(found.to_numpy(float), expected.to_numpy(float))


@pytest.mark.parametrize(
    "ask",
    [
        lambda run: answer_loaders.answers(run, 2, "test"),
        lambda run: history_loaders.predicted(run, 2, "test"),
        lambda run: matrix_loaders.history(run, "test", [2], 0.5, 2),
        lambda run: example_loaders.biography(run, "test", 0, 0),
    ],
)
@pytest.mark.parametrize("harm", ["fingerprint", "size"])
def test_answers_about_another_version_of_the_data_are_refused_everywhere(
    run, monkeypatch, ask, harm
):
    if harm == "size":
        monkeypatch.setattr(type(run), "probabilities", lambda *_: np.full((7, 10), 0.1))
    else:
        with run.lock():
            run.write_dataset_info(replace(run.dataset_info(), fingerprint="0" * 64))
    with pytest.raises(Exception, match="belong to another version of Digits"):
        ask(run)


def test_out_of_fold_answers_are_checked_alike(run, monkeypatch):
    source = Source(0, "train", 2, 1)
    monkeypatch.setattr("core.jobs.analysis.arrays", lambda *_: {})
    with pytest.raises(RunError, match="another version of Digits .*train, 2 folds"):
        label_loaders.doubted(run, source)


def test_answers_that_are_no_numbers_are_left_out_of_a_story(run, monkeypatch):
    read = type(run).probabilities

    def probabilities(self, epoch, split):
        values = read(self, epoch, split)
        values[3] = np.nan if epoch == 1 else values[3]
        return values

    monkeypatch.setattr(type(run), "probabilities", probabilities)
    story = example_loaders.biography(run, "test", 0, 0)
    assert list(story.table["epoch"]) == [0, 2]
    assert "not finite numbers" in story.problems[0]


def test_a_new_epoch_seldom_moves_the_classes(run, reads, monkeypatch):
    rng = np.random.default_rng(0)
    values = rng.dirichlet(np.ones(10), (EPOCHS, 360)).astype(np.float32)
    monkeypatch.setattr(type(run), "probabilities", lambda _, epoch, split: values[epoch])
    orders = [
        matrix_loaders.similarity(run, "test", list(range(last + 1)), growing=True)
        for last in range(1, 40)
    ]
    changes = sum(one != other for one, other in zip(orders, orders[1:], strict=False))
    assert 0 < changes <= 5  # at 2, 4, 8, 16 and 32 epochs
    labels = loaders.splits(run).labels("test").numpy()
    total = sum(confusion_matrix(labels, values[epoch].argmax(1), 10) for epoch in range(1, 40))
    ended = matrix_loaders.similarity(run, "test", list(range(40)), growing=False)
    assert list(ended) == similarity_order(total)
