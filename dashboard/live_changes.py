"""What a training run can take over from the form, and what would need a new run."""

import json
from dataclasses import dataclass
from typing import Any

from core import jobs
from core.config import (
    RunConfig,
    field_at,
    guide,
    live_values,
    overrides_between,
    with_overrides,
)
from core.runs import Control, Run
from dashboard import wording

EPOCHS = "training.epochs"  # not on the field: more epochs are planned, not a hyperparameter


@dataclass(frozen=True)
class Request:
    """A live setting that was changed while the run trained."""

    title: str
    requested: str
    applied: str

    @property
    def waiting(self) -> bool:
        """Whether the training process has not taken it over yet."""
        return self.requested != self.applied


def requests(config: RunConfig, wanted: dict[str, Any], applied: dict[str, Any]) -> list[Request]:
    """One row a setting that was asked for, in the order of the form."""
    return [
        Request(
            wording.full_title(path),
            wording.value_text(path, wanted[path]),
            wording.value_text(path, applied.get(path, before)),
        )
        for path, before in live_values(config).items()
        if path in wanted
    ]


def requested_config(config: RunConfig, control: Control) -> RunConfig:
    """The run's configuration with what was asked for while it trained."""
    wanted = dict(control.changes)
    if control.epochs is not None:
        wanted[EPOCHS] = control.epochs
    return with_overrides(config, [f"{path}={json.dumps(value)}" for path, value in wanted.items()])


def is_live(path: str) -> bool:
    """Whether a run that trains can take a new value of this field."""
    field = field_at(path)
    return path == EPOCHS or (field is not None and bool(guide(field).get("live")))


def request(run: Run, path: str, value: Any) -> None:
    """Asks a training run for a new value of a live field; other runs and fields are left alone.

    Raises:
        ConfigError: if the run cannot take the value, such as fewer epochs than are done.
        RunError: if its folder is gone.
    """
    if not run.status().active:
        return
    if path == EPOCHS:
        run.request(epochs=value)
    elif path in live_values(run.config):
        jobs.change(run, {path: value})


def needs_new_run(config: RunConfig, draft: RunConfig) -> list[str]:
    """What the form says otherwise and a run cannot take over: ``Kernel size: 5, not 3``."""
    live = {EPOCHS} | set(live_values(config)) & set(live_values(draft))
    found = []
    for assignment in overrides_between(config, draft):
        path = assignment.partition("=")[0]
        if path not in live:
            new, old = _text(draft, path), _text(config, path)
            found.append(f"{wording.full_title(path)}: {new} instead of {old}")
    return found


def _text(config: RunConfig, path: str) -> str:
    value: Any = config
    for step in path.replace("[", ".").replace("]", "").split("."):
        value = value[int(step)] if step.isdigit() else getattr(value, step)
    return str(len(value)) if isinstance(value, tuple) else wording.value_text(path, value)
