"""What a browser reports, each event once and none lost.

Quick events overtake the script, and then only the last message arrives: each message repeats the
ones before it, numbered. ``events.js`` sends them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass
class Heard:
    """How far a browser has been listened to.

    Attributes:
        sender: who sent the last event: a browser that has been loaded again counts from 0.
        seen: number of the last event that was listened to.
    """

    sender: str = ""
    seen: int = -1


def unheard(heard: Heard, message: Any) -> list[Mapping[str, Any]]:
    """The events that have not been listened to yet, in the order in which they happened."""
    if not isinstance(message, Mapping) or not isinstance(message.get("events"), list):
        return []
    sender = str(message.get("sender"))
    if sender != heard.sender:
        heard.sender, heard.seen = sender, -1
    fresh = []
    for event in message["events"]:
        if isinstance(event, Mapping) and is_whole(event.get("n")) and event["n"] > heard.seen:
            heard.seen = event["n"]
            fresh.append(event)
    return fresh


def is_whole(value: Any) -> bool:
    """Whether it is a whole number; True and False are none."""
    return isinstance(value, int) and not isinstance(value, bool)
