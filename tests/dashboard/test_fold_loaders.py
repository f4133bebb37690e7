"""K-fold trainings are started with the decisions that they name, or not at all."""

import pytest

from core.errors import ReviewError, RunError
from core.jobs.fold_requests import Folding, overlay_of_folds, request_folds
from core.review import annotations as annotating
from core.review.annotations import Decision
from dashboard import fold_loaders

pytestmark = pytest.mark.usefixtures("no_processes")


@pytest.fixture
def wanted(run, digits) -> Folding:
    """A training with the decisions of now, as a page has drawn its button."""
    annotating.decide(digits, "train", 3, Decision("left out"))
    return Folding(2, 1, fold_loaders.decisions_so_far(run).digest)


@pytest.mark.parametrize("lost", ["taken back", "unreadable"])
def test_decisions_that_are_lost_meanwhile_are_refused_until_they_are_back(
    run, digits, wanted, lost
):
    path = annotating.path_of(digits)
    whole = path.read_bytes()
    if lost == "taken back":
        annotating.decide(digits, "train", 3, None)
    else:
        path.write_bytes(b"torn")
    with pytest.raises(RunError, match="have changed since"):
        fold_loaders.start(run, wanted)
    assert not fold_loaders.was_asked_for(run, wanted)
    assert fold_loaders.look(run, wanted).state == "absent"

    path.write_bytes(whole)
    assert fold_loaders.start(run, wanted).state == "working"
    assert overlay_of_folds(run, wanted) == fold_loaders.decisions_so_far(run)


def test_decisions_that_could_not_be_read_once_are_there_the_next_time(run, digits, monkeypatch):
    annotating.decide(digits, "train", 3, Decision("left out"))

    def fail(*_):
        raise ReviewError("the disk did not answer")

    with monkeypatch.context() as patch:
        patch.setattr(annotating, "load", fail)
        assert fold_loaders.decisions_so_far(run) is None
    assert fold_loaders.decisions_so_far(run).left_out == (3,)


def test_a_training_whose_decisions_were_lost_takes_the_same_ones_again(run, wanted):
    request_folds(run, wanted, fold_loaders.decisions_so_far(run))
    (path,) = run.path.glob("analyses/*/*.overlay")
    path.unlink()
    fold_loaders.start(run, wanted)
    assert overlay_of_folds(run, wanted) == fold_loaders.decisions_so_far(run)


def test_a_training_that_was_asked_for_goes_on_whatever_is_decided_since(run, digits, wanted):
    asked = fold_loaders.decisions_so_far(run)
    fold_loaders.start(run, wanted)
    annotating.decide(digits, "train", 5, Decision("left out"))
    assert fold_loaders.start(run, wanted).state == "working"
    assert overlay_of_folds(run, wanted) == asked
