"""The queue: never too many at once, none lost, none twice, whoever is killed."""

import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from core import jobs
from core.jobs import control, processes, supervisor
from core.records import ResumeRecord, curve
from core.run_files import is_held
from core.runs import Run, RunStore
from tests.core.jobs.processes import forked, kill, tiny, wait_for, work_on


class Forked:
    """A worker forked from the supervisor's process, with what `Supervisor` uses of Popen."""

    def __init__(self, path: str):
        import os

        self._status: int | None = None
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            try:
                work_on(path)
            finally:
                os._exit(0)

    def poll(self) -> int | None:
        import os

        if self._status is None and os.waitpid(self.pid, os.WNOHANG)[0]:
            self._status = 0
        return self._status


def supervise(root: str) -> None:
    """A supervisor whose workers start at once."""
    supervisor.spawn_worker = lambda path: Forked(str(path))
    supervisor.supervise(RunStore(root))


def supervising(store: RunStore) -> Any:
    return forked(supervise, str(store.root))


@pytest.fixture
def busiest(store: RunStore) -> Iterator[list[int]]:
    """The largest number of runs that were ever seen at once."""
    seen, ended = [0], threading.Event()

    def look() -> None:
        own = RunStore(store.root)
        while not ended.wait(0.005):
            seen[0] = max(seen[0], len(own.active()))

    thread = threading.Thread(target=look)
    thread.start()
    yield seen
    ended.set()
    thread.join()


def put_into_queue(store: RunStore, number: int, monkeypatch: pytest.MonkeyPatch) -> list[Run]:
    monkeypatch.setattr(control, "ensure_supervisor", lambda root: None)
    runs = [store.create(tiny(epochs=2, seed=seed)) for seed in range(number)]
    for run in runs:
        jobs.start(run)
    return runs


def assert_each_was_trained_once(runs: list[Run]) -> None:
    for run in runs:
        records = run.read_metrics()[0]
        assert run.status().state == "completed", run.status()
        assert [point.epoch for point in curve(records).epochs] == [0, 1, 2]
        assert not any(isinstance(record, ResumeRecord) for record in records)
        assert sum(getattr(record, "num_steps", 0) for record in records) == 2 * 18


def is_done(store: RunStore) -> bool:
    return all(row.state == "completed" for row in store.list())


@pytest.mark.parametrize("number", [10, pytest.param(100, marks=pytest.mark.slow)])
def test_many_runs_two_at_a_time_in_order(
    store: RunStore, busiest: list[int], number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = put_into_queue(store, number, monkeypatch)
    store.set_max_parallel(2)
    crowd = [supervising(store) for _ in range(3)]
    for process in crowd:
        process.join(600)
        assert process.exitcode == 0
    wait_for(lambda: is_done(store))
    assert_each_was_trained_once(runs)
    assert busiest[0] == 2
    starts = [run.status().started for run in runs]
    assert all(later >= starts[i] for i, later in enumerate(starts[2:]))


def test_supervisors_killed_again_and_again(
    store: RunStore, busiest: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    chance, lock = random.Random(0), store.root / "supervisor.lock"
    runs = put_into_queue(store, 8, monkeypatch)
    store.set_max_parallel(1)
    runs[0].request(want="pause")  # until it goes on, seven wait, and a supervisor with them
    process = supervising(store)
    wait_for(lambda: runs[0].status().state == "paused")
    assert is_held(lock)
    kill(process)
    assert not is_held(lock)
    store.set_max_parallel(2)
    jobs.resume(runs[0])
    for _ in range(6):
        process = supervising(store)
        wait_for(lambda process=process: is_held(lock) or not process.is_alive())
        time.sleep(chance.uniform(0, 0.4))
        kill(process)
    process = supervising(store)
    process.join(120)
    wait_for(lambda: is_done(store))
    assert_each_was_trained_once(runs)
    assert busiest[0] <= 2


def test_a_paused_run_keeps_its_place(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = put_into_queue(store, 2, monkeypatch)
    store.set_max_parallel(1)
    first.request(want="pause")
    process = supervising(store)
    wait_for(lambda: first.status().state == "paused")
    time.sleep(0.5)
    assert second.status().state == "queued"
    jobs.resume(first)
    process.join(60)
    wait_for(lambda: is_done(store))
    assert second.status().started > first.status().started


def test_a_worker_that_cannot_begin_is_tried_three_times(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    (run,) = put_into_queue(store, 1, monkeypatch)
    (run.path / "config.json").write_bytes(b"{")
    started: list[str] = []

    def spawn(path: Any) -> Any:
        started.append(path.name)
        return processes.spawn_worker(path)

    monkeypatch.setattr(supervisor, "spawn_worker", spawn)
    supervisor.supervise(store)
    assert started == [run.id] * 3
    assert run.status().state == "failed"
    assert "ended 3 times before it could begin" in run.status().message
    assert "no readable config.json" in run.status().message  # the last it said


def test_a_worker_that_takes_its_time_is_not_started_again(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = put_into_queue(store, 2, monkeypatch)
    store.set_max_parallel(5)
    launched: list[str] = []

    class Slow:
        def __init__(self, path: Any):
            launched.append(path.name)

        def poll(self) -> None:
            return None

    monkeypatch.setattr(supervisor, "spawn_worker", Slow)
    looking = supervisor.Supervisor(store)
    for _ in range(3):
        looking.look()
    assert launched == [run.id for run in runs]


def test_a_deleted_run_leaves_the_queue(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = put_into_queue(store, 2, monkeypatch)
    store.delete(first.id)
    process = supervising(store)
    process.join(60)
    wait_for(lambda: second.status().state == "completed")


def test_start_to_finish_with_fresh_interpreters(store: RunStore) -> None:
    """As from a page: nothing of ours is alive but what `start` spawns, and it all ends."""
    runs = [store.create(tiny(epochs=2, seed=seed)) for seed in range(2)]
    for run in runs:
        jobs.start(run)
    wait_for(lambda: is_done(store), 120)
    assert_each_was_trained_once(runs)
    path = store.root / "supervisor.lock"
    wait_for(lambda: not processes.is_held(path), 10)
    assert (store.root / "supervisor.log").read_text() == ""
    assert runs[0].log_tail() == ""


def test_the_supervisor_does_not_load_torch() -> None:
    code = "import sys, core.jobs.supervisor as s; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_worker_loads_nothing_it_does_not_need() -> None:
    code = (
        "import sys, core.jobs.worker, core.jobs.session\n"
        "needless = {'sklearn', 'pandas', 'torchvision', 'torch._dynamo', 'sympy', 'scipy'}\n"
        "sys.exit(', '.join(needless & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
