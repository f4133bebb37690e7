"""What people ask of a run. Nothing here trains: it writes down what is wanted."""

import math
import time
from dataclasses import replace
from typing import Any

import psutil

from core.errors import RunError
from core.jobs.processes import ensure_supervisor
from core.run_files import InUseError
from core.runs import Control, Run, RunStore, Status
from core.runs.store import first_status


def start(run: Run) -> None:
    """Puts a run into the queue, new or ended before its last epoch; a paused one goes on.

    Raises:
        RunError: if it has finished all its epochs, or its folder is gone.
        DiskError: if the disk is full or read-only.
    """
    status = run.status()
    if _is_done(run, status):
        raise RunError(f"run {run.id} has finished its {status.epoch} epochs; ask for more epochs")
    run.request(want="run")
    if not status.active:  # its process reads the request, and looks once more before it ends
        enqueue(run)


def resume(run: Run) -> None:
    """Goes on with a paused, stopped, failed or crashed run from its last checkpoint.

    Raises:
        RunError: if it has finished all its epochs, or its folder is gone.
    """
    start(run)


def pause(run: Run) -> None:
    """Holds a running run within one batch; it keeps its memory and its place among the parallel.

    Raises:
        RunError: if it is not training.
    """
    status = run.status()
    if not status.active:
        raise RunError(f"run {run.id} is {status.state}; only a running one can be paused")
    run.request(want="pause")


def stop(run: Run) -> None:
    """Ends a run within one batch, with a checkpoint to go on from; takes a waiting one off.

    A run that is not training is left as it is.

    Raises:
        RunError: if its folder is gone.
    """
    state = run.status().state
    if state == "queued" and _take_off(run):
        return
    if state in ("queued", "running", "paused"):
        run.request(want="stop")


def _take_off(run: Run) -> bool:
    """Takes a waiting run off the queue; False if its process has just begun."""
    try:
        with run.lock(timeout=1.0):
            status = run.written_status()
            if status is None or status.state != "queued":
                return False
            message = "Stopped before it began." if status.step == 0 else ""
            run.write_status(replace(status, state="stopped", queued_at=None, message=message))
            return True
    except InUseError:
        return False


def extend(run: Run, epochs: int = 1) -> Control:
    """Plans more epochs: behind the planned ones while it trains or waits, else from where it is.

    Args:
        run: an ended one is started again.
        epochs: how many more.

    Raises:
        ConfigError: if the epochs in all are out of range.
        RunError: if its folder is gone.
    """
    status = run.status()
    going = status.active or status.waiting
    # A target that training had just passed when it was asked for is not where it ends.
    reached = max(_planned(run), math.ceil(status.epoch_fraction)) if going else status.epoch
    control = run.request(want=None if going else "run", epochs=reached + epochs)
    if not status.active:
        enqueue(run)
    return control


def change(run: Run, changes: dict[str, Any]) -> Control:
    """Asks for new values of live hyperparameters, by path; a run that has ended keeps them.

    Raises:
        ConfigError: if a value is out of range or its field needs a new run.
        RunError: if its folder is gone.
    """
    return run.request(changes=changes)


def queue(store: RunStore) -> tuple[str, ...]:
    """Ids of the runs that wait, the next one first."""
    return store.queue()


def kill(run: Run) -> bool:
    """Ends the training process of a run that no longer responds; it is then ``crashed``.

    Returns:
        False if there was no such process.
    """
    status = run.status()
    if not status.active or status.pid is None:
        return False
    try:
        process = psutil.Process(status.pid)
        # The number may have been given to another process since.
        if status.pid_created is None or abs(process.create_time() - status.pid_created) > 1.0:
            return False
        process.kill()
    except psutil.NoSuchProcess:
        return False
    return True


def enqueue(run: Run) -> None:
    """Puts a run at the end of the queue, unless it waits, trains or is done already.

    Raises:
        DiskError: if the disk is full or read-only.
    """
    try:
        with run.lock():
            # A damaged status is made anew; where training stands, the checkpoint tells.
            status = run.written_status() or first_status(run.config, run.created)
            if not status.waiting and not _is_done(run, status):
                queued = replace(status, state="queued", queued_at=time.time(), attempts=0)
                # The plan and the speed of before do not hold any more.
                planned = max(_planned(run), status.epoch)
                queued = replace(queued, epochs=planned, images_per_second=0.0)
                run.write_status(replace(queued, message="", eta_seconds=None))
    except InUseError:
        return  # its process has just begun, or looks once more before it ends
    ensure_supervisor(run.path.parent)


def _is_done(run: Run, status: Status) -> bool:
    return status.state == "completed" and status.epoch >= _planned(run)


def _planned(run: Run) -> int:
    return run.control().epochs or run.config.training.epochs
