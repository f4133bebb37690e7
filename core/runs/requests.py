"""What may be asked of a run that exists: values are checked before they reach its process."""

import json
import math
from typing import Any

from core.config import RunConfig, field_at, guide, live_values, with_overrides
from core.errors import ConfigError
from core.runs.status import Status


def accepted_changes(config: RunConfig, changes: dict[str, Any]) -> dict[str, Any]:
    """The new values of live hyperparameters, by path, as the configuration stores them.

    Raises:
        ConfigError: if a path does not exist, is not live, or a value is out of range.
    """
    if not changes:
        return {}
    problems = [(path, problem) for path in changes if (problem := _problem(path))]
    if problems:
        raise ConfigError(problems)
    assignments = [f"{path}={json.dumps(value)}" for path, value in changes.items()]
    values = live_values(with_overrides(config, assignments))
    return {path: values[path] for path in changes}


def _problem(path: str) -> str:
    field = field_at(path)
    if field is None:
        return f"{path} does not exist"
    if not guide(field).get("live"):
        return f"{path} cannot change while a run trains: it needs a new run"
    return ""


def check_epochs(config: RunConfig, epochs: int, status: Status) -> None:
    """Refuses a number of epochs out of range, or one that is reached already.

    An ended run may keep the epochs it has; of one that is training they are no target any more.

    Raises:
        ConfigError: with the allowed range.
    """
    with_overrides(config, [f"training.epochs={json.dumps(epochs)}"])
    done = status.epoch_fraction
    least = math.floor(done) + 1 if status.active else math.ceil(done)
    if epochs < least:
        sentence = f"training.epochs must be at least {least}, the epoch being learnt, got {epochs}"
        raise ConfigError([("training.epochs", sentence)])
