"""What a field's declaration says: its path, limits, guide, and the sentence for a bad value."""

import re
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from core.config.fields import RunConfig


def guide(field: FieldInfo) -> dict[str, Any]:
    """What `setting` recorded on a field: raising, unit, scale, step, live; empty for the rest."""
    extra = field.json_schema_extra
    return dict(extra) if isinstance(extra, dict) else {}


def bounds(field: FieldInfo) -> dict[str, float]:
    """The limits of a number, by pydantic's names: some of ge, gt, le, lt."""
    found: dict[str, float] = {}
    for limit in field.metadata:
        for name in ("ge", "gt", "le", "lt"):
            if (value := getattr(limit, name, None)) is not None:
                found[name] = value
    return found


def field_at(path: str) -> FieldInfo | None:
    """The field that a path such as ``model.blocks[1].channels`` names; None if there is none."""
    owner: Any = RunConfig
    field: FieldInfo | None = None
    for name in re.findall(r"[^.\[\]]+", re.sub(r"\[\d+\]", "", path)):
        if owner is None or name not in owner.model_fields:
            return None
        field = owner.model_fields[name]
        owner = _model_inside(field.annotation)
    return field


def _model_inside(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        if (inner := _model_inside(argument)) is not None:
            return inner
    return None


def allowed(field: FieldInfo) -> str:
    """The allowed values in words: ``lie in (0, 10]``, ``be one of adam, sgd``."""
    limits = bounds(field)
    if limits:
        low = f"[{_plain(limits['ge'])}" if "ge" in limits else f"({_plain(limits['gt'])}"
        high = f"{_plain(limits['le'])}]" if "le" in limits else f"{_plain(limits['lt'])})"
        whole = "a whole number " if "int" in str(field.annotation) else ""
        return f"be {whole}in {low}, {high}" if whole else f"lie in {low}, {high}"
    if options := getattr(field.annotation, "__args__", ()):
        return "be one of " + ", ".join(str(option) for option in options)
    return "be true or false" if field.annotation is bool else "be text"


def _plain(limit: float) -> str:
    """A limit with all its digits: 4096 and 1000000 rather than 1e+06."""
    return str(int(limit)) if limit == int(limit) else f"{limit:g}"


def _shortened(text: str) -> str:
    return text if len(text) <= 120 else text[:119] + "…"


def explain(detail: Any) -> tuple[str, str]:
    """One pydantic error as ``(path, sentence)``, in the words of the forms."""
    path = ""
    for step in detail["loc"]:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else str(step)
    value = _shortened(repr(detail["input"]))
    if detail["type"] == "extra_forbidden":
        owner = path.rpartition(".")[0]
        field = field_at(owner) if owner else None
        inside = _model_inside(field.annotation) if field else RunConfig
        known = ", ".join(inside.model_fields) if inside else "no fields"
        return path, f"{path} does not exist: {owner or 'the configuration'} has {known}"
    field = field_at(path)
    if field is None or _model_inside(field.annotation) is not None:
        return path, f"{path or 'the configuration'} must be {_shape_of(detail)}, got {value}"
    return path, f"{path} must {allowed(field)}, got {value}"


def _shape_of(detail: Any) -> str:
    """What a group, or a list of blocks or layers, has to be."""
    kinds = {"tuple_type": "a list", "too_long": f"a list of at most {_most(detail)} entries"}
    return kinds.get(detail["type"], 'a group of settings such as {"name": value}')


def _most(detail: Any) -> Any:
    return detail.get("ctx", {}).get("max_length", "so many")
