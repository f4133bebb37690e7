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
from core.schedules import learning_rate_factor
from dashboard import wording
from dashboard.text import percent, plain_number

EPOCHS = "training.epochs"  # not on the field: more epochs are planned, not a hyperparameter
_RATE = "training.learning_rate"


@dataclass(frozen=True)
class Request:
    """A live setting that was changed while the run trained.

    Attributes:
        requested, applied: its values, in words.
        factor: the share of it that is in force now.
        schedule: what decides about that share; empty where it is all of it.
    """

    title: str
    requested: str
    applied: str
    factor: float = 1.0
    schedule: str = ""

    @property
    def in_force(self) -> str:
        """``0.008``, or ``0.008 × 0.01`` where a schedule leaves a hundredth of it."""
        if self.factor == 1:
            return self.applied
        return f"{self.applied} × {plain_number(float(f'{self.factor:.2g}'))}"

    @property
    def state(self) -> str:
        """Whether the training process has taken it over, and what that means."""
        if self.waiting:
            return "waiting"
        return f"applied as the peak rate: {self.schedule}" if self.schedule else "applied"

    @property
    def waiting(self) -> bool:
        """Whether the training process has not taken it over yet."""
        return self.requested != self.applied


def requests(
    config: RunConfig, wanted: dict[str, Any], applied: dict[str, Any], epochs_done: float
) -> list[Request]:
    """One row a setting that was asked for, in the order of the form."""
    return [
        Request(
            wording.full_title(path),
            wording.value_text(path, wanted[path]),
            wording.value_text(path, applied.get(path, before)),
            *(_scheduled(config, epochs_done) if path == _RATE else ()),
        )
        for path, before in live_values(config).items()
        if path in wanted
    ]


def _scheduled(config: RunConfig, epochs_done: float) -> tuple[float, str]:
    """The share of the learning rate that the schedule leaves in force, and where it stands."""
    factor = learning_rate_factor(config.training, epochs_done / config.training.epochs)
    if factor == 1:
        return factor, ""
    is_over = epochs_done >= config.training.epochs
    return factor, f"the {_schedule(config)} is {'at its floor' if is_over else 'under way'}"


def added_epochs_note(config: RunConfig, planned: int, epochs_done: float) -> str:
    """How little is learnt after the end of the schedule, where epochs come after it; else empty.

    Args:
        config: the run's own; its schedule spans the epochs planned at first.
        planned: epochs in all, the added ones included.
        epochs_done: how far it is.
    """
    first, share = config.training.epochs, learning_rate_factor(config.training, 1.0)
    has_ended = epochs_done >= first
    if share == 1 or not (has_ended or planned > first):
        return ""
    end = "has ended: added epochs" if has_ended else f"ends with epoch {first}: the ones after it"
    return (
        f"The {_schedule(config)} {end} learn at {percent(share, 0)} of the learning rate. "
        "Raise it live, or start anew with schedule “Constant”."
    )


def _schedule(config: RunConfig) -> str:
    return f"{config.training.schedule.replace('_', '-')} schedule"


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
