"""``train --decisions``: runs that learn what reviewers decided, from the command line."""

import json

import pytest

from core.cli import main
from core.config import DataConfig
from core.datasets import Dataset, Overlay, load, split
from core.review import annotations as reviews
from core.review.annotations import Decision
from core.runs import RunStore

TRAIN = ("train", "--preset", "linear", "--dataset", "digits", "--epochs", "1")


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load("digits")


@pytest.fixture
def review(digits, tmp_path):
    """A downloaded review file: an image left out, and an ambiguous one."""
    reviews.decide(digits, "train", 0, Decision("left out"), tmp_path)
    reviews.decide(digits, "train", 1, Decision("ambiguous"), tmp_path)
    path = tmp_path / "review.json"
    path.write_bytes(reviews.export_bytes(digits, tmp_path))
    return path


@pytest.fixture
def store(tmp_path, monkeypatch) -> RunStore:
    """An empty store in which nothing is started: what is created is looked at."""
    monkeypatch.setenv("CONVSCOPE_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr("core.jobs.start", lambda run: None)
    return RunStore(tmp_path / "runs")


def created(store: RunStore, *options: str):
    assert main([*TRAIN, "--detach", *options]) == 0
    (row,) = store.list()
    return store.get(row.id)


def test_the_run_has_the_decisions_of_the_file(store, review, capsys):
    run = created(store, "--decisions", str(review))
    assert run.overlay().left_out == (0, 1)
    assert "left out" in capsys.readouterr().out.splitlines()[0]


def test_ambiguous_images_can_be_learnt_as_they_are(store, review, capsys):
    run = created(store, "--decisions", str(review), "--learn-ambiguous", "--json")
    assert run.overlay().left_out == (0,)
    out, err = capsys.readouterr()
    assert json.loads(out)["decisions"] == run.overlay_digest
    assert err.startswith("decisions: ")


def test_the_overlay_of_a_run_can_be_learnt_again(store, review, tmp_path):
    first = created(store, "--decisions", str(review))
    path = tmp_path / "overlay.json"
    path.write_bytes((first.path / "overlay.json").read_bytes())
    store.delete(first.id)
    assert created(store, "--decisions", str(path)).overlay_digest == first.overlay_digest


def test_a_run_without_decisions_says_so(store, capsys):
    run = created(store, "--json")
    assert run.overlay() is None
    assert json.loads(capsys.readouterr().out)["decisions"] is None


@pytest.mark.parametrize(
    ("options", "status", "sentence"),
    [
        (["--decisions", "EMPTY"], 2, "changes no training image"),
        (["--learn-ambiguous"], 2, "needs --decisions FILE"),
        (["--decisions", "MISSING"], 1, "No such file"),
        (["--decisions", "HELDOUT"], 2, "changes nothing that this run would learn"),
        (["--decisions", "DAMAGED"], 1, "is damaged"),
        (["--decisions", "FOREIGN"], 1, "about the data set 'mnist'"),
    ],
)
def test_what_cannot_be_used_is_refused_and_leaves_no_run(
    store, digits, tmp_path, capsys, options, status, sentence
):
    held_out = split(digits, DataConfig(name="digits")).validation_index[:2].tolist()
    files = {
        "EMPTY": reviews.export_bytes(digits, tmp_path),
        "HELDOUT": Overlay("digits", digits.fingerprint, {}, tuple(held_out)).to_bytes(),
        "DAMAGED": b"{",
        "FOREIGN": reviews.export_bytes(load("mnist"), tmp_path),
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    named = [str(tmp_path / word) if word.isupper() else word for word in options]
    assert main([*TRAIN, "--detach", *named]) == status
    assert sentence in capsys.readouterr().err
    assert store.list() == []
