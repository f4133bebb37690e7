"""``runs``, ``pause``, ``stop``, ``change`` and ``delete``: what can be done with a run."""

import time
from argparse import Namespace
from collections.abc import Sequence
from datetime import datetime

from core.cli.outcome import go_on, outcome, print_json, row_outcome
from core.cli.progress import duration
from core.cli.selection import UsageError, id_of, run_of, store_of
from core.cli.train import ending
from core.runs import Run, RunSummary
from core.runs.status import clean_name

STOP_SECONDS = 30.0  # a step of the largest network, and saving it, fit many times


def runs(options: Namespace) -> int:
    """Lists the runs of a store, newest first."""
    store = store_of(options)
    rows = store.list()
    if options.json:
        print_json([row_outcome(row) for row in rows])
    elif rows:
        print(table(_COLUMNS, [_cells(row) for row in rows]))
    else:
        print(f"no runs in {store.root}; python -m core train starts one")
    return 0


_COLUMNS = ("run", "name", "state", "epoch", "train", "validation", "test", "training", "created")


def _cells(row: RunSummary) -> list[str]:
    if row.state == "unreadable":
        return [clean_name(row.id), clean_name(row.problem), row.state, *[""] * 6]
    accuracies = [
        "" if value is None else f"{value:.2%}"
        for value in (row.train_accuracy, row.validation_accuracy, row.test_accuracy)
    ]
    state = row.state if row.responding else f"{row.state}, not responding"
    created = f"{datetime.fromtimestamp(row.created):%Y-%m-%d %H:%M}"
    time_taken = duration(row.train_seconds)
    name = clean_name(row.name)  # written by anybody: a terminal obeys control characters
    return [row.id, name, state, f"{row.epoch}/{row.epochs}", *accuracies, time_taken, created]


def table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as their widest cell, two spaces apart."""
    widths = [max(map(len, column)) for column in zip(titles, *rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in [titles, *rows]
    )


def pause(options: Namespace) -> int:
    """Holds a run within one batch."""
    from core import jobs

    run = run_of(options)
    jobs.pause(run)
    return _tell(run, options, f"pausing; to go on: {go_on(run)}")


def stop(options: Namespace) -> int:
    """Ends a run within one batch and waits until its checkpoint is written."""
    from core import jobs

    run = run_of(options)
    if (ended := run.status().state) in ("failed", "crashed"):
        return _tell(run, options, f"it has {ended} already, there is nothing to stop")
    jobs.stop(run)
    deadline = time.monotonic() + STOP_SECONDS
    while (run.status().active or run.status().waiting) and time.monotonic() < deadline:
        time.sleep(0.1)
    return _tell(run, options, ending(run, run.status()))


def change(options: Namespace) -> int:
    """Gives a run new values of what can change while it trains."""
    from core import jobs
    from core.config import live_values, with_overrides

    run = run_of(options)
    if not options.set:
        raise UsageError("say what to change, as in --set training.learning_rate=0.001")
    paths = [assignment.partition("=")[0].strip() for assignment in options.set]
    wanted = with_overrides(run.config, options.set)
    live = live_values(wanted)
    # What is not live is passed on too: the run says why it cannot change.
    control = jobs.change(run, {path: live.get(path) for path in paths})
    asked = ", ".join(f"{path}={value}" for path, value in control.changes.items())
    return _tell(run, options, f"asked for {asked}")


def delete(options: Namespace) -> int:
    """Removes a run with all its files."""
    run_id = id_of(options)
    if not options.yes:
        raise UsageError(f"this removes run {run_id} with all its files; add --yes if you mean it")
    store_of(options).delete(run_id)
    print(f"run {run_id} is deleted")
    return 0


def _tell(run: Run, options: Namespace, sentence: str) -> int:
    if options.json:
        print_json(outcome(run))
    else:
        print(f"run {run.id}: {sentence}")
    return 0
