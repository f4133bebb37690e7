"""A run that learns with decisions is shown as what it is; without them there is a sentence."""

import pytest

from core import datasets
from core.datasets import Overlay
from core.runs import Run
from dashboard import example_loaders, loaders
from tests.dashboard.pages import open_page, texts
from tests.dashboard.trained import train

SPEAKING = ("results", "compare", "labels", "feature_maps")  # of what they cannot show
PAGES = (*SPEAKING, "train", "filters")


@pytest.fixture
def overlay() -> Overlay:
    digits = datasets.load("digits")
    relabelled = dict.fromkeys(range(200), 3)
    return Overlay("digits", digits.fingerprint, relabelled, tuple(range(200, 400)))


@pytest.fixture
def decided(store, overlay) -> Run:
    return train(store, name="decided", overlay=overlay)


def test_its_training_images_and_labels_are_those_it_learnt(run, decided):
    """Both runs have the same data settings: what is cached of one is not shown of the other."""
    plain, overlaid = loaders.splits(run), loaders.splits(decided)
    gone = set(plain.train_index.tolist()) - set(overlaid.train_index.tolist())
    assert gone
    assert gone < set(range(200, 400))
    relabelled = overlaid.labels("train")[overlaid.train_index < 200]
    assert len(relabelled) > 100
    assert set(relabelled.tolist()) == {3}
    assert set(plain.labels("train")[plain.train_index < 200].tolist()) == set(range(10))
    assert overlaid.validation_index.equal(plain.validation_index)
    assert overlaid.labels("validation").equal(plain.labels("validation"))
    assert decided.dataset_info().sizes["train"] == len(overlaid.train_index)


def test_the_nearest_training_images_have_the_labels_they_were_learnt_under(decided):
    image = datasets.load("digits").test_images[0].numpy()
    subject = example_loaders.Subject(decided, 2, image)
    table = example_loaders.neighbours(subject, count=1000).table
    given = datasets.load("digits").train_labels.numpy()
    assert not set(table["index"]) & set(range(200, 400)), "one was left out"
    early = table[table["index"] < 200]
    assert set(early["label"]) == {3}
    late = table[table["index"] >= 400]
    assert (late["label"] == given[late["index"]]).all()


@pytest.mark.parametrize("page", ["train", "results"])
def test_its_pages_say_that_it_learns_with_decisions(decided, run, page):
    assert "review decisions" in texts(open_page(page, run=decided.id))
    assert "review decisions" not in texts(open_page(page, run=run.id))


@pytest.mark.parametrize("page", PAGES)
def test_with_its_decisions_gone_every_page_gets_by_with_a_sentence(decided, run, page):
    (decided.path / "overlay.json").unlink()
    at = open_page(page, run=decided.id, compare=run.id)
    assert not at.exception
    if page in SPEAKING:
        assert "learns with cannot be used" in texts(at)
