"""What is asked of a run, and what comes of it."""

from pathlib import Path

import pytest

from core import jobs
from core.errors import ConfigError, DiskError, RunError
from core.jobs import control, processes
from core.jobs.reporter import Reporter
from core.jobs.worker import look_once_more
from core.records import ChangeRecord, EpochRecord, StepRecord, curve
from core.runs import Run, RunStore
from core.runs import run as run_module
from tests.core.jobs.processes import (
    enlist,
    eventful,
    steps_seen,
    tiny,
    train,
    wait_for,
    work_pausing_at,
    worker,
)


@pytest.fixture
def unattended(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """No supervisor is started; the list tells for which stores one would have been."""
    asked: list[Path] = []
    monkeypatch.setattr(control, "ensure_supervisor", asked.append)
    return asked


def end(run: Run, process) -> None:
    jobs.stop(run)
    process.join(60)


def test_a_live_change_is_applied_and_marked(store: RunStore) -> None:
    run = enlist(store.create(eventful(50)))
    process = worker(run)
    wait_for(lambda: steps_seen(run) >= 20)
    asked = jobs.change(
        run,
        {"training.learning_rate": 0.0001, "training.batch_size": 20, "model.dense[0].dropout": 0},
    )
    # Asked and in force stand side by side until they agree.
    assert asked.changes["training.learning_rate"] == 0.0001
    applied = wait_for(
        lambda: run.status() if run.status().revision_applied == asked.revision else None
    ).applied
    assert applied["training.learning_rate"] == 0.0001
    assert applied["model.dense[0].dropout"] == 0.0
    mark = wait_for(lambda: curve(run.read_metrics()[0]).changes)[0]
    assert mark.changes == {
        "training.learning_rate": [0.005, 0.0001],
        "training.batch_size": [10, 20],
        "model.dense[0].dropout": [0.2, 0.0],
    }
    wait_for(lambda: steps_seen(run) > mark.step + 70)
    end(run, process)
    later = [p for p in curve(run.read_metrics()[0]).steps if p.step - p.num_steps >= mark.step]
    assert all(point.learning_rate <= 0.0001 for point in later)
    # 600 images, 10 at a time up to the mark and 20 after it.
    last = later[-1]
    assert last.epoch_fraction * 600 == pytest.approx(
        10 * mark.step + 20 * (last.step - mark.step), abs=10 * last.epoch
    )


def test_a_change_outlives_the_process(store: RunStore) -> None:
    run = store.create(tiny(epochs=2))
    run.request(epochs=1, changes={"augmentation.noise": 0.1})
    train(run)
    run.request(epochs=2)
    status = train(run)
    assert status.applied["augmentation.noise"] == 0.1
    changes = [r for r in run.read_metrics()[0] if isinstance(r, ChangeRecord)]
    assert [change.step for change in changes] == [0]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"training.learning_rate": 0}, r"training.learning_rate must lie in \(0, 10\], got 0"),
        ({"training.learning_rate": "much"}, "training.learning_rate must lie in"),
        ({"training.seed": 3}, "training.seed cannot change while a run trains: it needs a new"),
        ({"model.blocks[0].channels": 9}, r"model.blocks\[0\].channels cannot change"),
        ({"model.blocks[7].dropout": 0.5}, "model.blocks has 1 entries"),
        ({"model.depth": 3}, "model.depth does not exist"),
    ],
)
def test_an_impossible_change_is_refused_with_the_reason(
    store: RunStore, changes: dict, sentence: str
) -> None:
    run = store.create(tiny())
    with pytest.raises(ConfigError, match=sentence):
        jobs.change(run, changes)
    assert run.control().revision == 0


def test_more_epochs_while_it_trains(store: RunStore) -> None:
    run = enlist(store.create(eventful(3)))
    process = worker(run)
    wait_for(lambda: steps_seen(run) >= 10)
    assert jobs.extend(run, 2).epochs == 5
    process.join(60)
    assert (run.status().state, run.status().epoch, run.status().epochs) == ("completed", 5, 5)


def test_one_epoch_more_when_it_has_completed(store: RunStore, unattended: list[Path]) -> None:
    run = store.create(tiny(epochs=2))
    train(run)
    with pytest.raises(RunError, match="has finished its 2 epochs; ask for more"):
        jobs.resume(run)
    jobs.extend(run)
    status = run.status()
    assert (status.state, status.epoch, status.epochs) == ("queued", 2, 3)
    assert (status.images_per_second, status.eta_seconds) == (0.0, None)
    assert unattended == [store.root]
    control.enqueue(run)  # a second page asks for the same
    assert train(run).epoch == 3
    assert run.epochs() == [0, 1, 2, 3]
    control.enqueue(run)  # a request that comes when all is done
    assert run.status().state == "completed"


def test_a_request_in_the_last_moment_is_not_lost(
    store: RunStore, unattended: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = store.create(tiny(epochs=1))
    train(run)
    woken: list[Path] = []
    monkeypatch.setattr(processes, "ensure_supervisor", woken.append)
    look_once_more(run)
    assert (run.status().state, woken) == ("completed", [])
    run.request(epochs=2)  # after the worker's last look, while it still held the run
    look_once_more(run)
    assert run.status().state == "queued"
    assert woken == [store.root]  # and a queue that nobody looks after is woken


def test_more_epochs_after_an_early_stop(store: RunStore) -> None:
    run = store.create(tiny(epochs=9, early_stopping=1, learning_rate=1e-9))
    run.request(epochs=9)
    # A rate this small leaves the validation loss as good as where it was: patience runs out.
    status = train(run)
    if status.epoch == 9:
        pytest.skip("the loss kept falling")
    assert "Stopped early" in status.message
    run.request(epochs=status.epoch + 1)
    assert train(run).epoch == status.epoch + 1


@pytest.mark.parametrize(("epochs", "least"), [(0, 1), (1001, 1), (1, 2)])
def test_epochs_out_of_range_are_refused(store: RunStore, epochs: int, least: int) -> None:
    run = store.create(tiny(epochs=2))
    train(run)
    with pytest.raises(ConfigError, match="training.epochs must"):
        run.request(epochs=epochs)


def test_a_waiting_run_is_taken_off_the_queue(store: RunStore, unattended: list[Path]) -> None:
    first, second = store.create(tiny()), store.create(tiny())
    jobs.start(first)
    jobs.start(second)
    assert jobs.queue(store) == (first.id, second.id)
    jobs.start(first)  # keeps its place
    assert jobs.queue(store) == (first.id, second.id)
    jobs.stop(first)
    assert first.status().state == "stopped"
    assert jobs.queue(store) == (second.id,)
    jobs.resume(first)  # goes to the end
    assert jobs.queue(store) == (second.id, first.id)


def test_a_damaged_status_is_made_anew(store: RunStore, unattended: list[Path]) -> None:
    run = store.create(tiny(epochs=2))
    before = train(run)
    (run.path / "status.json").write_bytes(b"")
    run.request(epochs=3)
    jobs.resume(run)
    status = run.status()
    assert (status.state, status.parameters) == ("queued", before.parameters)
    assert train(run).epoch == 3


def test_only_a_training_run_can_be_paused(store: RunStore, unattended: list[Path]) -> None:
    run = store.create(tiny(epochs=1))
    jobs.start(run)
    with pytest.raises(RunError, match="is queued; only a running one can be paused"):
        jobs.pause(run)
    assert train(run).state == "completed"
    jobs.stop(run)
    assert run.status().state == "completed"
    with pytest.raises(RunError, match="is completed"):
        jobs.pause(run)


def test_a_change_while_it_is_paused_is_in_force_at_once(store: RunStore) -> None:
    run = store.create(eventful(50))
    run.request(want="pause")
    process = worker(enlist(run))
    wait_for(lambda: run.status().state == "paused")
    jobs.change(run, {"training.weight_decay": 0.01})
    wait_for(lambda: run.status().applied["training.weight_decay"] == 0.01)
    assert run.status().state == "paused"
    assert run.status().step == 0
    end(run, process)
    assert run.status().state == "stopped"


def test_the_status_tells_speed_and_time_left(store: RunStore) -> None:
    run = enlist(store.create(eventful(40)))
    process = worker(run)
    status = wait_for(lambda: s if (s := run.status()).eta_seconds and s.epoch >= 2 else None, 60)
    assert status.images_per_second > 0
    learning = (40 - status.epoch_fraction) * 600 / status.images_per_second
    assert learning <= status.eta_seconds <= learning + 38 * 5
    assert status.epochs == 40
    assert status.pid == process.pid
    summary = store.list()[0]
    assert summary.state == "running"
    assert summary.validation_accuracy == curve_accuracy(run, summary.epoch)
    end(run, process)
    assert run.status().pid is None


def test_the_last_word_finds_room_on_a_full_disk(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = store.create(tiny())
    reporter = Reporter(run, run.status())

    def full(*_: object, **__: object) -> None:
        raise DiskError("disk full")

    monkeypatch.setattr(run_module, "write_json", full)
    reporter.end(state="failed", message="disk full: free some space")
    assert run.status().state == "failed"
    assert "free some space" in store.list()[0].message


def curve_accuracy(run: Run, epoch: int) -> float:
    found = [r for r in run.read_metrics()[0] if isinstance(r, EpochRecord) and r.epoch == epoch]
    return found[0].validation_accuracy


def test_a_pause_takes_effect_before_the_next_batch(store: RunStore) -> None:
    """Also where one point of the curve stands for many steps."""
    run = enlist(store.create(tiny(batch_size=10)))
    process = worker(run, work_pausing_at, 75)
    wait_for(lambda: run.status().state == "paused")
    assert any(r.num_steps > 1 for r in run.read_metrics()[0] if isinstance(r, StepRecord))
    assert run.status().step == 75
    end(run, process)
