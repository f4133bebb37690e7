"""Training again with decisions: the proposed names, and what is said before there are any."""

import pytest

from core import datasets
from core.review import annotations as annotating
from core.review.annotations import Decision
from dashboard import loaders
from tests.dashboard.pages import open_page, texts

pytestmark = pytest.mark.usefixtures("no_processes")


def _decide_about(run, place):
    digits = datasets.load("digits")
    index = loaders.splits(run).index("train").tolist()[place]
    annotating.decide(digits, "train", index, Decision("left out"))


def _proposed(at, run):
    assert not at.exception
    return at.text_input(key=f"train_again_name_{run.id}").value


@pytest.mark.parametrize(
    ("name", "proposed"),
    [
        ("classic", "classic, labels reviewed"),
        ("classic, labels reviewed", "classic, labels reviewed 2"),
        ("classic, labels reviewed 9", "classic, labels reviewed"),
        ("", None),
    ],
)
def test_what_is_new_is_in_the_name_once_and_numbered(run, name, proposed):
    _decide_about(run, 0)
    run.set_label(name=name)
    at = open_page("labels", run=run.id)
    assert _proposed(at, run) == (proposed or f"{run.id}, labels reviewed")


def test_a_second_training_of_a_run_gets_another_name(run, store):
    _decide_about(run, 0)
    at = open_page("labels", run=run.id)
    for place in (1, 2):
        at.button(key="train_again").click().run()
        _decide_about(run, place)
        at.run()
    assert _proposed(at, run) == "small one, labels reviewed 3"
    names = sorted(summary.name for summary in store.list())
    assert names == ["small one", "small one, labels reviewed", "small one, labels reviewed 2"]


def test_nothing_is_said_to_be_above_before_networks_have_ranked_it(run):
    said = texts(open_page("labels", run=run.id, group="suspects:train 2x1"))
    assert "Once labels are ranked above, decide about some of them" in said
    assert "some of those above" not in said
    said = texts(open_page("labels", run=run.id, split="validation"))
    assert "Decide about some of those above" in said
