"""Runs that learn with decisions, as processes: killed, resumed, damaged."""

import pytest

from core.datasets import Overlay, load
from core.runs import Run, RunStore
from tests.core.jobs.processes import (
    enlist,
    eventful,
    final_weights,
    kill,
    steps_seen,
    train,
    wait_for,
    work_saving_often,
    worker,
)


@pytest.fixture(scope="module")
def overlay() -> Overlay:
    return Overlay(
        "digits",
        load("digits").fingerprint,
        dict.fromkeys(range(50), 3),
        tuple(range(50, 90)),
    )


@pytest.fixture(scope="module")
def undisturbed(overlay, tmp_path_factory) -> Run:
    run = RunStore(tmp_path_factory.mktemp("reference")).create(eventful(2), "", overlay)
    status = train(run)
    assert status.state == "completed", status.message
    return run


def test_killed_in_mid_epoch_it_ends_with_the_same_weights(store, overlay, undisturbed):
    run = store.create(eventful(2), "", overlay)
    process = worker(enlist(run), work_saving_often)
    wait_for(lambda: steps_seen(run) >= 25)
    kill(process)
    assert run.status().state == "crashed"
    status = train(run)
    assert status.state == "completed", status.message
    assert final_weights(run) == final_weights(undisturbed)


def test_it_is_another_run_than_the_one_without(store, undisturbed):
    plain = store.create(eventful(2))
    train(plain)
    assert final_weights(plain) != final_weights(undisturbed)
    sizes = (plain.dataset_info().sizes, undisturbed.dataset_info().sizes)
    assert sizes[0]["validation"] == sizes[1]["validation"]
    assert sizes[0]["train"] > sizes[1]["train"]


def test_with_its_decisions_gone_it_fails_and_goes_on_once_they_are_back(
    store, overlay, undisturbed
):
    run = store.create(eventful(1), "", overlay)
    assert train(run).state == "completed"
    kept = (run.path / "overlay.json").read_bytes()
    (run.path / "overlay.json").unlink()
    run.request(want="run", epochs=2)
    status = train(run)
    assert status.state == "failed"
    assert "the decisions that run" in status.message
    assert run.epochs() == [0, 1], "its checkpoints were moved away"
    assert not (run.path / "quarantine").exists()
    (run.path / "overlay.json").write_bytes(kept)
    assert train(run).state == "completed"
    assert run.epochs() == [0, 1, 2]
