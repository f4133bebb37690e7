"""What is told of a run: to scripts as one JSON object on one line, to people as a command."""

import json
import math
import shlex
from typing import Any

from core.runs import Run, RunSummary, default_root


def go_on(run: Run) -> str:
    """The command that goes on with a run, from the store it is in."""
    store = run.path.parent
    elsewhere = (
        "" if store == default_root().resolve() else f" --runs-dir {shlex.quote(str(store))}"
    )
    return f"python -m core resume {run.id}{elsewhere}"


def outcome(run: Run) -> dict[str, Any]:
    """A run's state and numbers. Accuracies lie in [0, 1]; those not known yet are None.

    ``decisions`` is the SHA-256 of the review decisions that it learns with, None without any.
    """
    status = run.status()
    return {
        "run_id": run.id,
        "name": run.label().name,
        "state": status.state,
        "message": status.message,
        "epochs": status.epoch,
        "planned_epochs": status.epochs,
        "train_accuracy": status.train_accuracy,
        "validation_accuracy": status.validation_accuracy,
        "test_accuracy": status.test_accuracy,
        "train_seconds": status.train_seconds,
        "images_per_second": status.images_per_second,
        "dataset": status.dataset,
        "preset": status.preset,
        "parameters": status.parameters,
        "decisions": run.overlay_digest,
        "folder": str(run.path),
    }


def row_outcome(row: RunSummary) -> dict[str, Any]:
    """The same for a row of the list of runs, with what only the list tells."""
    values = dict(vars(row))
    values["run_id"] = values.pop("id")
    values["planned_epochs"] = values.pop("epochs")
    values["epochs"] = values.pop("epoch")
    return values


def print_json(values: Any) -> None:
    """Prints one line of strict JSON."""
    print(json.dumps(_strict(values), allow_nan=False), flush=True)


def _strict(values: Any) -> Any:
    """The values with None for numbers that JSON does not know."""
    if isinstance(values, dict):
        return {name: _strict(value) for name, value in values.items()}
    if isinstance(values, list):
        return [_strict(value) for value in values]
    return None if isinstance(values, float) and not math.isfinite(values) else values
