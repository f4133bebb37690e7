"""What is learnt, and how, as a person reads it; nobody should meet ``leaky_relu``."""

import re
from typing import Any

from core.config import bounds, field_at, guide
from core.datasets.catalog import CATALOG
from dashboard.text import counted, plain_number

_FIELD_TITLES = {
    "data.name": "Data set",
    "data.validation_size": "Validation images",
    "data.train_limit": "Training images",
    "model.blocks": "Conv blocks",
    "model.dense": "Dense layers",
    "training.nesterov": "Nesterov momentum",
    "training.gradient_clip": "Gradient clipping",
    "training.schedule": "Learning rate schedule",
}
_OPTION_TITLES = {
    "relu": "ReLU",
    "leaky_relu": "Leaky ReLU",
    "gelu": "GELU",
    "silu": "SiLU",
    "sgd": "SGD",
    "adam": "Adam",
    "adamw": "AdamW",
    "rmsprop": "RMSprop",
    "auto": "Automatic",
    "cpu": "Processor",
    "cuda": "NVIDIA GPU",
    "mps": "Apple GPU",
}
ZERO_WORDS = {
    "data.train_limit": "all",
    "training.weight_decay": "off",
    "training.gradient_clip": "off",
    "training.early_stopping": "off",
    "augmentation.cutout": "off",
}


def field_title(path: str) -> str:
    """``Kernel size`` for ``model.blocks[1].kernel_size``."""
    name = path.rpartition(".")[2]
    return _FIELD_TITLES.get(re.sub(r"\[\d+\]", "", path)) or name.replace("_", " ").capitalize()


def full_title(path: str) -> str:
    """``Block 2, kernel size`` for ``model.blocks[1].kernel_size``."""
    place = re.match(r"model\.(blocks|dense)\[(\d+)\]\.", path)
    if place is None:
        return field_title(path)
    word = "Block" if place[1] == "blocks" else "Dense layer"
    title = field_title(path)
    return f"{word} {int(place[2]) + 1}, {title[0].lower()}{title[1:]}"


def option_title(value: str) -> str:
    """``Leaky ReLU`` for ``leaky_relu``."""
    return _OPTION_TITLES.get(value) or value.replace("_", " ").capitalize()


def value_text(path: str, value: Any) -> str:
    """A value with its unit: ``64 images``, ``0.005``, ``off``, ``Leaky ReLU``."""
    if value is None:
        return "automatic"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, str):
        entry = CATALOG.get(value) if path == "data.name" else None
        return entry.title if entry else option_title(value)
    if not isinstance(value, int | float):
        return str(value)
    if value == 0 and path in ZERO_WORDS:
        return ZERO_WORDS[path]
    return number_text(path, value)


def number_text(path: str, value: float) -> str:
    """A number in its unit; shares of one are shown as percentages."""
    field = field_at(path)
    if field is not None and is_share(path):
        return f"{plain_number(round(value * 100, 4))} %"
    unit = guide(field).get("unit", "") if field is not None else ""
    if value == 1 and unit.endswith("s"):
        unit = unit[:-1]
    return f"{plain_number(value)} {unit}".strip()


def is_share(path: str) -> bool:
    """Whether the field is a share of a whole, in words a percentage."""
    field = field_at(path)
    text = (field.description or "").lower() if field is not None else ""
    return "share of" in text and bounds(field).get("le", 2) <= 1 if field is not None else False


def help_text(path: str) -> str:
    """What the field is, and what changes when it is raised; Markdown."""
    field = field_at(path)
    if field is None:
        return ""
    raising = guide(field).get("raising")
    question = f"\n\n**What changes if I raise this?** {raising}" if raising else ""
    return f"{field.description}{question}"


def put_right(relabelled: int, left_out: int) -> str:
    """How many images decisions about labels change for what is learnt."""
    right, out = counted(relabelled, "label"), counted(left_out, "training image")
    return f"{right} put right, {out} left out"
