"""Killed, stopped, damaged, full: a run goes on, and ends as if nothing had happened."""

import os
import random
import signal
import time
from pathlib import Path

import pytest

from core import jobs
from core.errors import DiskError, RunError
from core.records import Curve, ResumeRecord, StepRecord, curve
from core.run_files import InUseError
from core.runs import Run, RunStore
from core.runs import run as run_module
from tests.core.jobs.processes import (
    enlist,
    eventful,
    final_weights,
    kill,
    steps_seen,
    tiny,
    train,
    wait_for,
    work_beating_fast,
    work_dying_at_sync,
    work_saving_often,
    worker,
)

Reference = tuple[str, Curve]


def losses(of: Curve) -> dict[int, float]:
    return {point.step: point.loss for point in of.steps if point.num_steps == 1}


def assert_as_if_undisturbed(run: Run, reference: Reference) -> None:
    weights, told = reference
    assert run.status().state == "completed", run.status().message
    assert final_weights(run) == weights
    mine = curve(run.read_metrics()[0])
    steps = [point.step for point in mine.steps]
    assert steps == sorted(set(steps))
    assert sum(point.num_steps for point in mine.steps) == steps[-1] == told.steps[-1].step
    assert [point.epoch for point in mine.epochs] == run.epochs() == list(range(6))
    for a, b in zip(mine.epochs, told.epochs, strict=True):
        assert (a.validation_loss, a.test_accuracy) == (b.validation_loss, b.test_accuracy)
    shared = losses(mine).keys() & losses(told).keys()
    assert all(losses(mine)[step] == losses(told)[step] for step in shared)


@pytest.mark.parametrize("seed", [1, 2])
def test_killed_at_random_steps_it_ends_with_the_same_weights(
    store: RunStore, uninterrupted: Reference, seed: int
) -> None:
    chance = random.Random(seed)
    run = store.create(eventful())
    for _ in range(3):
        goal = steps_seen(run) + chance.randint(5, 90)
        process = worker(enlist(run), work_saving_often)
        wait_for(lambda: steps_seen(run) >= goal or not process.is_alive())  # noqa: B023
        kill(process)
        if run.status().state == "completed":
            break
        assert run.status().state == "crashed"
    if run.status().state != "completed":
        train(run)
    assert_as_if_undisturbed(run, uninterrupted)
    assert any(isinstance(record, ResumeRecord) for record in run.read_metrics()[0])


def test_killed_between_any_two_writes_it_ends_with_the_same_weights(
    store: RunStore, uninterrupted: Reference
) -> None:
    run = store.create(eventful())
    for number in (3, 9, 17, 23, 28, 36, 45, 57, 71):
        if train(run, work_dying_at_sync, number).state == "completed":
            break
        assert run.status().state == "crashed"
    if run.status().state != "completed":
        train(run)
    assert_as_if_undisturbed(run, uninterrupted)
    hidden = [path for path in run.path.rglob(".*") if path.is_dir()]
    assert all(path.name.startswith((".0", ".trash")) for path in hidden)


def test_paused_in_mid_epoch_and_killed_it_ends_with_the_same_weights(
    store: RunStore, uninterrupted: Reference
) -> None:
    run = enlist(store.create(eventful()))
    process = worker(run)
    wait_for(lambda: steps_seen(run) >= 70)
    jobs.pause(run)
    paused = wait_for(lambda: run.status() if run.status().state == "paused" else None)
    assert paused.epoch_fraction % 1 != 0
    time.sleep(0.3)
    assert run.status().step == paused.step  # it holds still
    kill(process)
    assert run.status().state == "crashed"
    run.request(want="run")
    train(run)
    resumed = [r for r in run.read_metrics()[0] if isinstance(r, ResumeRecord)]
    assert [record.step for record in resumed] == [paused.step]  # not a step was lost
    assert_as_if_undisturbed(run, uninterrupted)


def test_paused_and_resumed_in_the_same_process(store: RunStore, uninterrupted: Reference) -> None:
    run = enlist(store.create(eventful()))
    process = worker(run)
    wait_for(lambda: steps_seen(run) >= 20)
    jobs.pause(run)
    wait_for(lambda: run.status().state == "paused")
    jobs.resume(run)
    process.join(60)
    assert_as_if_undisturbed(run, uninterrupted)


def test_stopped_and_resumed(store: RunStore, uninterrupted: Reference) -> None:
    run = enlist(store.create(eventful()))
    process = worker(run)
    wait_for(lambda: steps_seen(run) >= 75)
    jobs.stop(run)
    process.join(60)
    assert run.status().state == "stopped"
    assert run.latest_state().state["step"] == run.status().step
    run.request(want="run")
    train(run)
    assert_as_if_undisturbed(run, uninterrupted)


def test_asked_to_end_by_the_system_it_saves_first(store: RunStore) -> None:
    run = enlist(store.create(eventful(50)))
    process = worker(run)
    wait_for(lambda: steps_seen(run) >= 20)
    process.terminate()
    process.join(60)
    assert run.status().state == "stopped"
    assert run.latest_state().state["step"] == run.status().step


def test_two_workers_on_one_run_one_wins(store: RunStore) -> None:
    run = enlist(store.create(tiny(epochs=3)))
    processes = [worker(run) for _ in range(3)]
    for process in processes:
        process.join(60)
    assert run.status().state == "completed"
    records = run.read_metrics()[0]
    assert [point.epoch for point in curve(records).epochs] == [0, 1, 2, 3]
    assert not any(isinstance(record, ResumeRecord) for record in records)
    assert run.log_tail().count("does not wait to be trained") == 2


def test_a_stopped_process_is_shown_as_silent_and_not_as_dead(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    silence = 1.5
    monkeypatch.setattr(run_module, "SILENCE_SECONDS", silence)
    run = store.create(eventful(50))
    run.request(want="pause")
    process = worker(enlist(run), work_beating_fast, silence / 30)
    wait_for(lambda: run.status().state == "paused")

    def beat() -> float:
        return (run.path / "heartbeat").stat().st_mtime

    paused = beat()
    wait_for(lambda: beat() > paused + silence)  # also while it is paused
    wait_for(lambda: run.status().responding)
    os.kill(process.pid, signal.SIGSTOP)
    try:
        wait_for(lambda: not run.status().responding)
        assert run.status().state == "paused"
    finally:
        os.kill(process.pid, signal.SIGCONT)
    wait_for(lambda: run.status().responding)
    os.kill(process.pid, signal.SIGSTOP)
    assert jobs.kill(run)
    process.join(60)
    assert run.status().state == "crashed"
    assert not jobs.kill(run)


@pytest.mark.parametrize("damage", ["truncated", "flipped", "emptied", "missing", "no manifest"])
def test_a_damaged_checkpoint_is_put_aside_and_the_one_before_is_used(
    store: RunStore, uninterrupted: Reference, damage: str
) -> None:
    run = store.create(eventful())
    run.request(epochs=3)
    train(run)
    folder = run.path / "epochs" / "0003"
    spoil(folder / ("manifest.json" if damage == "no manifest" else "weights.safetensors"), damage)
    with pytest.raises(RunError, match="0003"):
        run.weights(3)
    if damage != "no manifest":  # its other files are whole
        assert run.probabilities(3, "test").shape == (360, 10)
    run.request(epochs=5)
    train(run)
    assert_as_if_undisturbed(run, uninterrupted)
    assert [path.name for path in (run.path / "quarantine").iterdir()] == ["epochs-0003-1"]
    assert "quarantine" in run.log_tail(100)


def spoil(path: Path, damage: str) -> None:
    data = path.read_bytes()
    if damage in ("missing", "no manifest"):
        path.unlink()
    elif damage == "flipped":
        path.write_bytes(data[:-9] + bytes([data[-9] ^ 4]) + data[-8:])
    else:
        path.write_bytes(data[: len(data) // 2] if damage == "truncated" else b"")


def test_every_checkpoint_damaged_it_begins_anew(store: RunStore, uninterrupted: Reference) -> None:
    run = store.create(eventful())
    run.request(epochs=1)
    train(run)
    for state in run.path.glob("epochs/*/state.json"):
        state.write_bytes(b"{}")
    run.request(epochs=5)
    train(run)
    assert_as_if_undisturbed(run, uninterrupted)


def test_torn_files_and_a_garbage_tail_are_survived(
    store: RunStore, uninterrupted: Reference
) -> None:
    run = store.create(eventful())
    run.request(epochs=2)
    train(run)
    (run.path / "status.json").write_bytes(b'{"state": "comp')
    (run.path / "control.json").write_bytes(b"\x00\x00")
    with (run.path / "metrics.jsonl").open("ab") as file:
        file.write(b'{"kind":"nonsense"}\n\xff\xfe\n{"kind":"step","epoch":3,"st')
    assert run.status().state == "crashed"
    assert "damaged" in run.status().message
    train(run)
    assert_as_if_undisturbed(run, uninterrupted)


def test_a_torn_request_changes_nothing(store: RunStore) -> None:
    run = enlist(store.create(eventful(50)))
    process = worker(run)
    wait_for(lambda: steps_seen(run) >= 20)
    (run.path / "control.json").write_bytes(b'{"want": "st')
    before = steps_seen(run)
    wait_for(lambda: steps_seen(run) > before + 20)
    assert run.status().state == "running"
    jobs.stop(run)
    process.join(60)
    assert run.status().state == "stopped"


def test_a_folder_that_vanishes_ends_the_worker_quietly(store: RunStore, tmp_path: Path) -> None:
    run = enlist(store.create(eventful(50)))
    process = worker(run)
    wait_for(lambda: steps_seen(run) >= 20)
    with pytest.raises(RunError, match="stop it before"):
        store.delete(run.id)
    run.path.rename(tmp_path / "elsewhere")
    process.join(60)
    assert process.exitcode == 0
    assert not run.path.exists()
    assert "was deleted" in (tmp_path / "elsewhere" / "worker.log").read_text()
    with pytest.raises(RunError, match="gone"):
        run.status()
    with pytest.raises(RunError, match="gone"):
        jobs.start(run)


def test_a_data_set_that_has_changed_is_refused(store: RunStore) -> None:
    run = store.create(tiny(epochs=1))
    train(run)
    info = run.dataset_info()
    run.write_dataset_info(type(info)(**{**vars(info), "fingerprint": "0" * 64}))
    run.request(epochs=2)
    status = train(run)
    assert status.state == "failed"
    assert "digits is no longer the one" in status.message


def test_divergence_fails_with_what_to_try(store: RunStore) -> None:
    run = store.create(tiny(optimizer="sgd", learning_rate=10, schedule="constant", momentum=0.99))
    status = train(run)
    assert status.state == "failed"
    assert "epoch 1" in status.message
    assert "learning rate" in status.message


class TestFullDisk:
    @pytest.fixture
    def small(self, tmp_path: Path):
        """A file system of 1 MiB, and a function that mounts it anew with other options."""
        import subprocess

        place = tmp_path / "small"
        place.mkdir()

        def mount(options: str) -> int:
            command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
            return subprocess.run(command, check=False, capture_output=True).returncode

        if not hasattr(os, "geteuid") or os.geteuid() != 0 or mount("size=1m") != 0:
            pytest.skip("mounting a small file system needs root and the right to mount")
        yield place, lambda options: mount(f"remount,{options}")
        subprocess.run(["umount", "-l", str(place)], check=True)

    def test_it_fails_with_a_sentence_and_goes_on_when_there_is_room(
        self, small, uninterrupted: Reference
    ) -> None:
        place, remount = small
        run = RunStore(place).create(eventful())
        (place / "ballast").write_bytes(b"\0" * 200_000)
        status = train(run)
        assert status.state == "failed"
        assert "disk full" in status.message
        assert "resume" in status.message
        kept = run.epochs()
        assert kept
        assert run.latest_state().state["epoch"] == kept[-1]  # what was good is still good
        assert remount("size=16m") == 0
        train(run)
        assert_as_if_undisturbed(run, uninterrupted)

    def test_a_read_only_store_says_so(self, small) -> None:
        place, remount = small
        run = RunStore(place).create(tiny())
        assert remount("ro") == 0
        try:
            assert run.status().state == "queued"
            assert [row.id for row in RunStore(place).list()] == [run.id]
            for write in (
                lambda: RunStore(place).create(tiny()),
                lambda: run.request(want="pause"),
                lambda: run.set_label(name="x"),
                lambda: jobs.start(run),
                lambda: RunStore(place).delete(run.id),
                lambda: RunStore(place).set_max_parallel(2),
            ):
                with pytest.raises(DiskError, match="cannot be written"):
                    write()
        finally:
            remount("rw")


def test_the_lock_belongs_to_one(store: RunStore) -> None:
    run = store.create(tiny())
    with run.lock():
        assert run.is_locked()
        with pytest.raises(InUseError, match=run.id), run.lock(timeout=0.05):
            pass
    assert not run.is_locked()


def test_a_kill_between_status_and_step_never_shows_a_step_twice(store: RunStore) -> None:
    run = store.create(eventful(2))
    process = worker(enlist(run))
    wait_for(lambda: steps_seen(run) >= 40)
    kill(process)
    train(run)
    records = run.read_metrics()[0]
    written = [record.step for record in records if isinstance(record, StepRecord)]
    held = [point.step for point in curve(records).steps]
    assert len(held) == len(set(held)) <= len(written)
