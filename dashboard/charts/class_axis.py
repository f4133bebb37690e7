"""The axis that horizontal bars of classes share: names on the left, the first class on top."""

from typing import Any

CLASS_AXIS: dict[str, Any] = {
    "type": "category",
    "autorange": "reversed",
    "fixedrange": True,
    "ticks": "",
    "ticklabelstandoff": 4,
}
