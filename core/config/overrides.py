"""Between a configuration and text: ``config.json``, and ``group.field=value`` assignments.

The command line and the page's URL use the same assignments.
"""

import json
import re
from typing import Any

from pydantic import ValidationError

from core.config.description import explain, field_at, guide
from core.config.fields import RunConfig
from core.errors import ConfigError


def parse(values: Any) -> RunConfig:
    """The run's configuration from plain nested dicts, as in ``config.json``.

    Raises:
        ConfigError: with one sentence for each field that is unknown or out of range.
    """
    try:
        return RunConfig.model_validate(values)
    except ValidationError as error:
        raise ConfigError([explain(detail) for detail in error.errors()]) from None


def with_overrides(config: RunConfig, assignments: list[str]) -> RunConfig:
    """A copy with ``group.field=value`` assignments applied, in order.

    Values are read as JSON where they are JSON and as text otherwise; lists are reached by index,
    ``model.blocks[0].channels=8``, or replaced whole.

    Raises:
        ConfigError: if a path does not exist or a value does not fit its field.
    """
    values = config.model_dump(mode="json")
    for assignment in assignments:
        path, equals, text = assignment.partition("=")
        if not equals:
            raise ConfigError([(path, f"{assignment!r} is not of the form group.field=value")])
        value = _read_value(text.strip())
        _assign(values, path.strip(), value)
        if isinstance(value, dict | list):
            # What is not said takes its default, and can then be reached by the next assignment.
            values = parse(values).model_dump(mode="json")
    return parse(values)


def overrides_between(base: RunConfig, config: RunConfig) -> list[str]:
    """The shortest assignments that `with_overrides` needs to turn `base` into `config`."""
    changes: list[str] = []
    _collect_changes("", base.model_dump(mode="json"), config.model_dump(mode="json"), changes)
    return changes


def live_values(config: RunConfig) -> dict[str, Any]:
    """Every field that can change while a run trains, with its value, by path."""
    values: dict[str, Any] = {}

    def walk(path: str, node: Any) -> None:
        if isinstance(node, dict):
            for name, inner in node.items():
                walk(f"{path}.{name}" if path else name, inner)
        elif isinstance(node, list):
            for number, inner in enumerate(node):
                walk(f"{path}[{number}]", inner)
        elif (field := field_at(path)) is not None and guide(field).get("live"):
            values[path] = node

    walk("", config.model_dump(mode="json"))
    return values


def _collect_changes(path: str, old: Any, new: Any, changes: list[str]) -> None:
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for key, value in new.items():
            _collect_changes(f"{path}.{key}" if path else key, old[key], value, changes)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (before, after) in enumerate(zip(old, new, strict=True)):
            _collect_changes(f"{path}[{index}]", before, after, changes)
    else:
        text = new if isinstance(new, str) else json.dumps(new, separators=(",", ":"))
        changes.append(f"{path}={text}")


def _read_value(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _assign(values: dict[str, Any], path: str, value: Any) -> None:
    steps: list[str | int] = [
        int(step[1:-1]) if step.startswith("[") else step
        for step in re.findall(r"[^.\[\]]+|\[[0-9]{1,9}\]", path)
    ]
    if not steps:
        raise ConfigError([(path, f"a setting needs a name such as training.epochs, got {path!r}")])
    target: Any = values
    for depth, step in enumerate(steps):
        here = _written(steps[:depth]) or "the configuration"
        if isinstance(step, int) and isinstance(target, list):
            if step >= len(target):
                raise ConfigError([(path, f"{here} has {len(target)} entries, got [{step}]")])
        elif not isinstance(target, dict) or step not in target:
            known = ", ".join(target) if isinstance(target, dict) else "no fields"
            raise ConfigError([(path, f"{path} does not exist: {here} has {known}")])
        if depth == len(steps) - 1:
            target[step] = value
        else:
            target = target[step]


def _written(steps: list[str | int]) -> str:
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    return text.removeprefix(".")
