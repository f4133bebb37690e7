"""How a page looks at things: settings of its own, which stand in the address.

What is as usual is left out: ``?bins=mass`` on one page, ``?map=tsne`` on another. A reload and a
copied address find them, Back takes back the last change, and a tab remembers those of a page while
it is on another one.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from dashboard.address import Address
from dashboard.text import quoted

_WHOLE = re.compile(r"[0-9]{1,9}")
_NONE = "none"  # what the address says for no choice at all


@dataclass(frozen=True)
class Setting:
    """One setting; `one_of`, `some_of` and `whole` make them.

    Attributes:
        name: in the address, and in `ViewSettings`.
        usual: its value where the address does not say otherwise.
        allowed: what the address may ask for, in words.
        read: the value that a text means; None where it means none.
        written: the text that means a value.
    """

    name: str
    usual: Any
    allowed: str
    read: Callable[[str], Any]
    written: Callable[[Any], str]

    def problem(self, text: str) -> str:
        """A sentence about a text that means no value."""
        return (
            f"The address asks for {self.name} {quoted(text)}, which must be {self.allowed}. "
            f"The usual {self.written(self.usual)} is shown."
        )


def one_of(name: str, usual: Any, words: Mapping[Any, str]) -> Setting:
    """One of these values, each with its word in the address."""
    meant = {word: value for value, word in words.items()}
    return Setting(name, usual, _listed(list(meant)), meant.get, words.__getitem__)


def some_of(name: str, usual: Sequence[Any], words: Mapping[Any, str]) -> Setting:
    """Any number of these values, as a tuple in their own order."""
    meant = {word: value for value, word in words.items()}

    def read(text: str) -> tuple[Any, ...] | None:
        asked = [] if text == _NONE else text.split(",")
        return ordered(meant[word] for word in asked) if meant.keys() >= set(asked) else None

    def ordered(values: Any) -> tuple[Any, ...]:
        chosen = set(values)
        return tuple(value for value in words if value in chosen)

    return Setting(
        name,
        ordered(usual),
        f"{_NONE}, or one or more of {_listed(list(meant), 'and')} with commas between them",
        read,
        lambda values: ",".join(words[value] for value in ordered(values)) or _NONE,
    )


def whole(name: str, usual: int, lowest: int, highest: int) -> Setting:
    """A whole number in a range."""

    def read(text: str) -> int | None:
        number = int(text) if _WHOLE.fullmatch(text) else -1
        return number if lowest <= number <= highest else None

    return Setting(name, usual, f"a whole number from {lowest:,} to {highest:,}", read, str)


class ViewSettings:
    """The settings of one page, in this tab."""

    def __init__(self, *settings: Setting) -> None:
        self._settings = {setting.name: setting for setting in settings}
        # All may be as usual: then none of them stands in the address.
        self._address = Address(tuple(self._settings), may_be_empty=True)

    def current(self) -> dict[str, Any]:
        """Each setting's value by its name; a broken one is as usual."""
        return self._parsed()[0]

    def problems(self) -> list[str]:
        """A sentence for each setting of the address that could not be read."""
        return self._parsed()[1]

    def update(self, **changes: Any) -> None:
        """Changes some of the settings, in the session and in the address."""
        values = {**self.current(), **changes}
        self._address.write(
            {
                name: setting.written(values[name])
                for name, setting in self._settings.items()
                if setting.written(values[name]) != setting.written(setting.usual)
            }
        )

    def control(
        self, name: str, key: str, also: Callable[[], None] | None = None
    ) -> dict[str, Any]:
        """What makes a widget show and change a setting: its ``key`` and ``on_change``.

        Args:
            name: of the setting.
            key: of the widget, which gets the setting's value.
            also: what else is to be done when somebody changes it.
        """

        def changed() -> None:
            self.update(**{name: st.session_state[key]})
            if also is not None:
                also()

        st.session_state[key] = self.current()[name]
        return {"key": key, "on_change": changed}

    def _parsed(self) -> tuple[dict[str, Any], list[str]]:
        asked, problems = self._address.read(), []
        found = {name: setting.usual for name, setting in self._settings.items()}
        for name, text in asked.items():
            value = self._settings[name].read(text)
            if value is None:
                problems.append(self._settings[name].problem(text))
            else:
                found[name] = value
        return found, problems


def _listed(words: Sequence[str], last: str = "or") -> str:
    return f" {last} ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
