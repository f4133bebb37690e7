"""``presets``, ``datasets`` and ``settings``: what can be chosen."""

import json
import textwrap
from argparse import Namespace
from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from core.cli.manage import table
from core.config import RunConfig, allowed, guide


def presets(options: Namespace) -> int:
    """Lists the ready-made runs."""
    from core.presets import PRESETS

    for preset in PRESETS.values():
        print(f"{preset.name}: {preset.description}")
    return 0


def datasets(options: Namespace) -> int:
    """Lists the data sets."""
    from core.datasets import CATALOG

    rows = [
        [
            entry.name,
            "×".join(map(str, entry.shape)),
            str(len(entry.classes)),
            f"{entry.num_train:,} + {entry.num_test:,}",
            "embedded" if entry.embedded else "downloaded once",
            entry.title,
        ]
        for entry in CATALOG.values()
    ]
    print(table(["name", "shape", "classes", "train + test", "where from", "title"], rows))
    return 0


def settings(options: Namespace) -> int:
    """Lists every field of a run's configuration."""
    print(settings_text())
    return 0


def settings_text() -> str:
    """Every field that ``--set`` reaches, with range, default, unit and help."""
    blocks = []
    for path, field in fields(RunConfig):
        about = guide(field)
        unit = f" {about['unit']}" if about.get("unit") else ""
        live = "; can change while a run trains" if about.get("live") else ""
        head = f"{path}: {allowed(field).removeprefix('be ').removeprefix('lie ')}{unit}"
        text = " ".join(filter(None, [field.description, _raised(about)]))
        blocks.append(f"{head}; default {_shown(field.get_default())}{live}")
        blocks.append(textwrap.fill(text, 96, initial_indent="    ", subsequent_indent="    "))
    return "\n".join(blocks)


def _raised(about: dict[str, Any]) -> str:
    return f"Raised: {about['raising']}" if about.get("raising") else ""


def _shown(value: Any) -> str:
    if value is None:
        return "empty"
    return value if isinstance(value, str) else json.dumps(value)


def fields(model: type[BaseModel], path: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every plain field below a config class, by path; lists are shown by their first entry."""
    for name, field in model.model_fields.items():
        here = f"{path}.{name}" if path else name
        kind = field.annotation
        inside = next((part for part in get_args(kind) if isinstance(part, type)), None)
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from fields(kind, here)
        elif inside is not None and issubclass(inside, BaseModel):
            yield from fields(inside, f"{here}[0]")
        else:
            yield here, field
