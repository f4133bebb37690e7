"""What a browser reports, each event once and none lost; and what it has to be told.

Quick events overtake the script, and then only the last message arrives: each message repeats the
ones before it, numbered. ``events.js`` sends them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import streamlit as st


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


@dataclass
class Told(Heard):
    """What the browser shows of what both sides can change, so that it is told only other things.

    It marks at once what is done in it, and takes over what it is told under another revision: an
    answer that comes late does not undo what has been done since.

    Attributes:
        shown: what it shows, by name, as far as its events tell.
        sent: what it was told last.
        revision: how often it was told.
        doubtful: whether it may show something else.
    """

    shown: dict[str, Any] = field(default_factory=dict)
    sent: dict[str, Any] = field(default_factory=dict)
    revision: int = 0
    doubtful: bool = True

    def tell(self, **state: Any) -> dict[str, Any]:
        """What to send for the browser to show this: the very same as before where it does."""
        if self.doubtful or state != self.shown:
            self.shown = self.sent = state
            self.revision += 1
            self.doubtful = False
        return {**self.sent, "revision": self.revision}

    def shows(self, event: Mapping[str, Any], **changes: Any) -> None:
        """Takes note of what an event has changed in the browser.

        If it was told of something meanwhile, it takes that over on top of its change.
        """
        self.shown = {**self.shown, **changes}
        self.doubtful = self.doubtful or event.get("revision") != self.revision


def told_to(key: str) -> Told:
    """What the browser was told of the component with this key; once its page was left, nothing."""
    told: Told = st.session_state.setdefault(f"{key}:told", Told())
    if told.sender and not st.session_state.get(key):
        told.sender, told.doubtful = "", True
    return told


def is_whole(value: Any) -> bool:
    """Whether it is a whole number; True and False are none."""
    return isinstance(value, int) and not isinstance(value, bool)
