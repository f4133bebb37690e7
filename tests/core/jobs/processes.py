"""Worker processes for tests: forked from a server that has torch loaded, so they start at once.

They run the worker's own code and can be killed like any process.
"""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from core.config import (
    AugmentationConfig,
    ConvBlock,
    DataConfig,
    DenseLayer,
    ModelConfig,
    RunConfig,
    TrainingConfig,
)
from core.jobs.analysis import Analysis, AnalysisState, look
from core.runs import Run, Status, open_run

_server = multiprocessing.get_context("forkserver")
_server.set_forkserver_preload(["core.jobs.session", "core.jobs.worker"])

TINY = ModelConfig(blocks=(ConvBlock(channels=2, pooling="max"),), dense=())


def tiny(**training: Any) -> RunConfig:
    """A run on 8×8 digits that takes a fraction of a second."""
    return RunConfig(
        data=DataConfig(name="digits"), model=TINY, training=TrainingConfig(**training)
    )


def eventful(epochs: int = 5) -> RunConfig:
    """A run that uses every source of chance and state: 60 steps and about 0.1 s an epoch."""
    return RunConfig(
        data=DataConfig(name="digits", train_limit=600),
        augmentation=AugmentationConfig(rotation=8, shift=1, noise=0.05),
        model=ModelConfig(
            blocks=(ConvBlock(channels=8, padding=1, batch_norm=True, dropout=0.1),),
            dense=(DenseLayer(width=32, dropout=0.2),),
        ),
        training=TrainingConfig(epochs=epochs, batch_size=10, schedule="one_cycle"),
    )


def enlist(run: Run) -> Run:
    """Lets a worker take the run, without a supervisor."""
    with run.lock():
        run.write_status(Status(**{**vars(run.status()), "state": "queued"}))
    return run


def worker(run: Run, target: Callable[..., None] | None = None, *args: Any) -> Any:
    """A worker process for the run; ``target`` prepares it in place of `work_on`."""
    return forked(target or work_on, str(run.path), *args)


def forked(target: Callable[..., None], *args: Any) -> Any:
    """A process that calls a function of a test module; it starts at once."""
    process = _server.Process(target=target, args=args, daemon=True)
    process.start()
    return process


def work_on(path: str) -> None:
    """The worker itself, quietly: what it prints goes where it goes without a test."""
    from core.jobs import environment
    from core.jobs import worker as module

    with (Path(path) / "worker.log").open("ab") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    environment.NICENESS = 0  # nobody waits for a page here
    # These tests look after the queue themselves.
    module.processes.revive = lambda store: None
    module.work(open_run(Path(path)))


def work_saving_often(path: str) -> None:
    """Saves within the epoch at nearly every step."""
    from core.jobs import session

    session.SAVE_SECONDS = 0.01
    original = session.Session._saved
    session.Session._saved = lambda self, cost=0.0: original(self, 0.0)
    work_on(path)


def work_pausing_at(path: str, step: int) -> None:
    """Somebody asks for a pause while it takes the given step, and many share a point."""
    from core.training import Training, loop

    loop.POINTS_PER_EPOCH = 1
    run, original = open_run(Path(path)), Training.learn

    def learn(self: Training, index: Any) -> Any:
        if self.step + 1 == step:
            run.request(want="pause")
        return original(self, index)

    Training.learn = learn
    work_on(path)


def work_beating_fast(path: str, seconds: float) -> None:
    """Gives a sign of life whenever so many seconds have passed."""
    from core.jobs import heartbeat

    heartbeat.BEAT_SECONDS = seconds
    work_on(path)


def work_dying_at_sync(path: str, number: int) -> None:
    """Dies by SIGKILL right before the given call of fsync: between any two steps of a write."""
    calls = 0
    original = os.fsync

    def fsync(descriptor: int) -> None:
        nonlocal calls
        calls += 1
        if calls == number:
            os.kill(os.getpid(), signal.SIGKILL)
        original(descriptor)

    os.fsync = fsync
    work_saving_often(path)


def wait_for(condition: Callable[[], Any], seconds: float = 60.0) -> Any:
    """The first true value of the condition; fails after so many seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.01)
    raise AssertionError("waited in vain")


def finished(run: Run, analysis: Analysis) -> AnalysisState:
    """How an analysis has ended that a process works at."""
    return wait_for(
        lambda: found if (found := look(run, analysis)).state != "working" else None, 120
    )  # fmt: skip


def kill_analyst(run: Run, analysis: Analysis) -> psutil.Process:
    """SIGKILL to the one process that works at it; it is gone, and can be asked what it was."""
    request = str(analysis.path(run).with_suffix(".request"))
    (found,) = (
        process
        for process in psutil.process_iter(["cmdline", "nice"])
        if request in (process.info["cmdline"] or ())
    )
    found.kill()
    found.wait(10)
    return found


def train(run: Run, target: Callable[..., None] | None = None, *args: Any) -> Status:
    """Trains the run as far as its worker takes it."""
    process = worker(enlist(run), target, *args)
    process.join(120)
    assert process.exitcode is not None
    return run.status()


def kill(process: Any) -> None:
    """SIGKILL, and wait until it is gone."""
    process.kill()
    process.join()


def final_weights(run: Run) -> str:
    """SHA-256 of the last epoch's weights file, as they lie on the disk."""
    from core.run_files import sha256

    folder = run.path / "epochs" / f"{run.epochs()[-1]:04d}"
    return sha256((folder / "weights.safetensors").read_bytes())


def steps_seen(run: Run) -> int:
    """The last step that the metrics tell."""
    from core.records import curve

    steps = curve(run.read_metrics()[0]).steps
    return steps[-1].step if steps else 0
