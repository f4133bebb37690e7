"""What a training run can take over from the form, and what would need a new run. Pure."""

import json
from dataclasses import dataclass
from typing import Any

from core.config import RunConfig, live_values, overrides_between, with_overrides
from dashboard import wording


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


def requested_config(config: RunConfig, wanted: dict[str, Any]) -> RunConfig:
    """The run's configuration with what was asked for while it trained."""
    return with_overrides(config, [f"{path}={json.dumps(value)}" for path, value in wanted.items()])


def needs_new_run(config: RunConfig, draft: RunConfig) -> list[str]:
    """What the form says otherwise and a run cannot take over: ``Kernel size: 5, not 3``."""
    live = set(live_values(config)) & set(live_values(draft))
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
