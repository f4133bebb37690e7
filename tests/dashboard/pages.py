"""Opening a page of the real application in Streamlit's test harness."""

import re
from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest

APP = Path(__file__).parents[2] / "dashboard" / "app.py"


def open_page(page: str, **params: str) -> Any:
    """The page after its first run, with these URL parameters."""
    at = AppTest.from_file(APP, default_timeout=30)
    at.switch_page(f"views/{page}.py")
    at.query_params.update(params)
    return at.run()


def texts(at: Any) -> str:
    """Everything that is written on the page."""
    kinds = ("markdown", "caption", "warning", "error", "info", "html")
    return "\n".join(
        str(getattr(element, "value", "") or getattr(element.proto, "body", ""))
        for kind in kinds
        for element in at.get(kind)
    )


def message(*events: dict[str, Any], sender: str = "s") -> dict[str, Any]:
    """What a component sends that has so much to report since it was there."""
    return {"sender": sender, "events": [{**event, "n": n} for n, event in enumerate(events)]}


def deciding(at: Any, name: str, about: str = "decision") -> list[Any]:
    """What decides about images as `name`, of the open one or of those that are chosen, if any."""
    own = re.compile(rf"{about}_(test|train)_-?[0-9]+_{name}")
    return [one for one in (*at.button, *at.selectbox) if own.fullmatch(one.key or "")]


def named(elements: Any, name: str) -> Any:
    """The one of these with this key, or with a number behind it, as after a change elsewhere."""
    (found,) = [one for one in elements if re.fullmatch(rf"{name}(_[0-9]+)?", one.key or "")]
    return found
