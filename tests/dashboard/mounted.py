"""A component without a browser: what it is sent, and what is done in it."""

from types import ModuleType
from typing import Any

import pytest


class Mounted:
    """The browser's side of a component that a script draws.

    Attributes:
        data: what was sent last.
        session: the session's state.
    """

    def __init__(self, patch: pytest.MonkeyPatch, module: ModuleType) -> None:
        self.data: Any = None
        self.session: dict[str, Any] = {}
        self._events: list[dict[str, Any]] = []
        patch.setattr("streamlit.session_state", self.session)
        patch.setattr(module, "_mount", self._mount)

    def _mount(self, *, key: str, data: Any, on_events_change: Any, **_: Any) -> None:
        self._key, self.data, self._heard = key, data, on_events_change

    def does(self, *events: dict[str, Any], told: int) -> None:
        """Reports what was done after so much had been told."""
        for event in events:
            self._events.append({**event, "n": len(self._events), "revision": told})
        self.session[self._key] = {"events": {"sender": "s", "events": self._events}}
        self._heard()

    def leave(self) -> None:
        """Goes to another page, where the browser forgets the component."""
        del self.session[self._key]
