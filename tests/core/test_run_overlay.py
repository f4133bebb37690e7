"""A run that learns with decisions keeps them, and is refused without them."""

import json

import pytest

from core.config import ConvBlock, DataConfig, ModelConfig, RunConfig, TrainingConfig
from core.datasets import Overlay, load
from core.errors import ReviewError, RunError
from core.runs import Run, RunStore

CONFIG = RunConfig(
    data=DataConfig(name="digits"),
    model=ModelConfig(blocks=(ConvBlock(channels=2),), dense=()),
    training=TrainingConfig(epochs=3),
)


@pytest.fixture
def store(tmp_path) -> RunStore:
    return RunStore(tmp_path / "runs")


@pytest.fixture
def overlay() -> Overlay:
    return Overlay("digits", load("digits").fingerprint, {4: 7, 9: 1}, (12, 30))


@pytest.fixture
def run(store, overlay) -> Run:
    return store.create(CONFIG, "decided", overlay)


def rewrite(run: Run, **changes: object) -> None:
    path = run.path / "config.json"
    values = {**json.loads(path.read_bytes()), **changes}
    kept = {name: value for name, value in values.items() if value is not None}
    path.write_text(json.dumps(kept))


def test_the_run_gives_its_decisions_back(store, run, overlay):
    assert run.overlay() == overlay
    opened = store.get(run.id)
    assert opened == run
    assert opened.overlay() == overlay
    assert opened.overlay_digest == overlay.digest
    assert [row.state for row in store.list()] == ["queued"]


def test_a_run_without_decisions_has_none_and_the_format_it_always_had(store):
    run = store.create(CONFIG)
    assert store.get(run.id).overlay() is None
    values = json.loads((run.path / "config.json").read_bytes())
    assert values["format"] == 1
    assert "overlay" not in values


def test_an_older_convscope_would_refuse_it_instead_of_learning_the_given_labels(run):
    assert json.loads((run.path / "config.json").read_bytes())["format"] == 2


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda path: path.unlink(), "overlay.json cannot be read"),
        (lambda path: path.write_bytes(b""), "SHA-256 is not the one it should have"),
        (
            lambda path: path.write_bytes(path.read_bytes().replace(b'"4": 7', b'"4": 8')),
            "SHA-256 is not the one it should have",
        ),
    ],
)
def test_it_is_never_silently_without_them(store, run, change, sentence):
    change(run.path / "overlay.json")
    with pytest.raises(RunError, match=sentence):
        store.get(run.id).overlay()
    store.delete(run.id)  # what cannot be used can still be removed
    assert store.list() == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"overlay": None}, "format 2 needs an overlay"),
        ({"format": 1}, "format 1 has no overlay"),
        ({"overlay": 7}, "overlay is no SHA-256"),
        ({"format": 3}, "newer ConvScope .* reads up to 2"),
    ],
)
def test_a_configuration_that_does_not_say_which_is_refused(store, run, changes, sentence):
    rewrite(run, **changes)
    with pytest.raises(RunError, match=sentence):
        store.get(run.id)
    assert store.list()[0].id == run.id


def test_a_foreign_file_with_the_right_checksum_is_refused(store, run):
    foreign = b'{"kind": "something else"}'
    (run.path / "overlay.json").write_bytes(foreign)
    from core.run_files import sha256

    rewrite(run, overlay=sha256(foreign))
    with pytest.raises(RunError, match="overlay.json: the overlay is damaged"):
        store.get(run.id).overlay()


@pytest.mark.parametrize(
    ("overlay", "sentence"),
    [
        (Overlay("mnist", "f" * 64), "about the data set 'mnist'"),
        (Overlay("digits", "f" * 64), "another version of Digits 8×8"),
    ],
)
def test_decisions_about_other_data_make_no_run(store, overlay, sentence):
    with pytest.raises(ReviewError, match=sentence):
        store.create(CONFIG, "foreign", overlay)
    assert not store.root.exists() or list(store.root.iterdir()) == []
