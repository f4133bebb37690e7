"""One config field as a Streamlit widget: what kind, which positions, which words."""

import re
from collections.abc import Callable
from typing import Any, get_args

import streamlit as st

from core.config import bounds, field_at, guide
from dashboard import wording
from dashboard.slider_scales import is_narrow, positions
from dashboard.text import escaped

OnChange = Callable[[str, Any], None]


def widget_key(path: str) -> str:
    """The key of a field's widget; brackets would be read as Markdown in its class name."""
    return "setting " + re.sub(r"[\[\].]+", " ", path)


def field_input(
    path: str,
    value: Any,
    on_change: OnChange,
    *,
    mark: str = "",
    problem: str = "",
    disabled: bool = False,
    most: int | None = None,
) -> None:
    """Draws a field with its value and calls `on_change` with path and value when it is moved.

    Args:
        path: the field, as in ``model.blocks[1].channels``.
        value: what it stands at.
        on_change: called before the script runs again.
        mark: put behind the label.
        problem: a sentence shown under the widget.
        disabled: greys the widget out.
        most: the largest number of training images there is, for that field.
    """
    key = widget_key(path)

    def changed() -> None:
        on_change(path, st.session_state[key])

    common: dict[str, Any] = {
        "label": f"{wording.field_title(path)}{_unit_label(path)}{mark}",
        "key": key,
        "help": wording.help_text(path),
        "on_change": changed,
        "disabled": disabled,
    }
    kind, options = _kind(path, value, most)
    if kind == "toggle":
        _stand_at(key, value)
        st.toggle(**common)
    elif kind == "choice":
        _stand_at(key, value)
        texts = {option: wording.value_text(path, option) for option in options}
        st.selectbox(options=options, format_func=texts.__getitem__, **common)
    elif kind == "positions":
        _stand_at(key, value)
        st.select_slider(
            options=options, format_func=lambda option: _position_text(path, option), **common
        )
    elif kind == "slider":
        _stand_at(key, value)
        st.slider(**_range(path), **common)
    else:
        _stand_at(key, value)
        optional = field_at(path).annotation is not int  # type: ignore[union-attr]
        placeholder = "automatic" if optional else None
        st.number_input(**_range(path), value=None, placeholder=placeholder, **common)
    if problem:
        st.markdown(f":red[⚠ {escaped(problem[0].upper() + problem[1:])}.]")


def _stand_at(key: str, value: Any) -> None:
    # The draft is the truth: a preset or a link may have moved the field since the last run.
    if key not in st.session_state or st.session_state[key] != value:
        st.session_state[key] = value


def _kind(path: str, value: Any, most: int | None) -> tuple[str, list[Any]]:
    field = field_at(path)
    if field is None:
        raise KeyError(path)
    if field.annotation is bool:
        return "toggle", []
    if path == "data.name" or not bounds(field):
        return "choice", list(get_args(field.annotation))
    if type(None) in get_args(field.annotation):
        return ("positions", [None, *_even_positions(path)]) if is_narrow(path) else ("number", [])
    if (places := positions(path, value, most)) is not None:
        return "positions", places
    if path in wording.ZERO_WORDS and is_narrow(path):
        return "positions", _even_positions(path)
    return ("slider" if is_narrow(path) else "number"), []


def _even_positions(path: str) -> list[Any]:
    scale = _range(path)
    count = round((scale["max_value"] - scale["min_value"]) / scale["step"])
    return [round(scale["min_value"] + i * scale["step"], 6) for i in range(count + 1)]


def _range(path: str) -> dict[str, Any]:
    field = field_at(path)
    assert field is not None
    limits, step = bounds(field), guide(field)["step"] or 1
    whole = "int" in str(field.annotation)
    as_number = int if whole else float
    low, high = limits.get("ge", limits.get("gt", 0)), limits.get("le", limits.get("lt", 1))
    found: dict[str, Any] = {
        "min_value": as_number(low), "max_value": as_number(high), "step": as_number(step)
    }  # fmt: skip
    if wording.is_share(path):
        found["format"] = "percent"
    elif not whole:
        found["format"] = "%.0f" if step >= 1 else "%.2f"
    return found


def _position_text(path: str, value: Any) -> str:
    text = wording.value_text(path, value)
    unit = _unit(path)
    return text.removesuffix(f" {unit}").removesuffix(f" {unit[:-1]}") if unit else text


def _unit(path: str) -> str:
    field = field_at(path)
    return str(guide(field).get("unit", "")) if field is not None else ""


def _unit_label(path: str) -> str:
    unit = _unit(path)
    # "Epochs (epochs)" says nothing.
    return f" :gray[({unit})]" if unit and unit not in wording.field_title(path).lower() else ""
