"""The configuration that is being edited: in the session, and in the URL as preset and changes.

``?preset=deep&set=training.epochs=10;training.learning_rate=0.002``: a copied address carries the
settings, and a reload finds the sliders where they were.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from core.config import (
    ConvBlock,
    DenseLayer,
    RunConfig,
    live_values,
    overrides_between,
    parse,
    with_overrides,
)
from core.datasets.catalog import entry
from core.errors import UserError
from core.presets import PRESETS, preset
from dashboard.address import Address
from dashboard.live_changes import EPOCHS
from dashboard.text import escaped, quoted

DEFAULT_PRESET = "classic"
NAMES = ("preset", "set")
# What stays when a preset is chosen: the question that is asked, not the answer that is tried.
_KEPT = ("data",)
_KEPT_TRAINING = ("seed", "device", "threads")
_STATE, _FOLLOWED = "draft", "draft follows run"
_PROBLEMS = "draft problems"
_ADDRESS = Address(NAMES)
_NEW = {
    "blocks": ConvBlock(channels=16, padding=1).model_dump(),
    "dense": DenseLayer().model_dump(),
}


@dataclass(frozen=True)
class Draft:
    """A preset's name, and the configuration that has been made of it."""

    preset: str = DEFAULT_PRESET
    config: RunConfig = PRESETS[DEFAULT_PRESET].config

    @property
    def changes(self) -> list[str]:
        """The assignments that turn the preset into `config`."""
        return overrides_between(preset(self.preset), self.config)


def from_params(params: Mapping[str, str]) -> tuple[Draft, list[str]]:
    """The draft that an address asks for, and a sentence for each part that is broken.

    Broken parts are left out; the others hold.
    """
    problems: list[str] = []
    name = params.get("preset", DEFAULT_PRESET)
    if name not in PRESETS:
        known = ", ".join(PRESETS)
        problems.append(
            f"The address asks for preset {quoted(name)}, but there are only {known}. "
            f"The {DEFAULT_PRESET} one is shown."
        )
        name = DEFAULT_PRESET
    config = preset(name)
    for assignment in filter(None, params.get("set", "").split(";")):
        try:
            changed = with_overrides(config, [assignment])
            entry(changed.data.name)
            config = changed
        except UserError as error:
            problems.append(
                f"The address sets {quoted(assignment)}, which is left out: {escaped(str(error))}."
            )
    return Draft(name, config), problems


def to_params(draft: Draft) -> dict[str, str]:
    """The shortest parameters that `from_params` reads back as this draft."""
    changes = draft.changes
    return {"preset": draft.preset} | ({"set": ";".join(changes)} if changes else {})


def current() -> Draft:
    """This tab's draft, or the one that the address asks for, as of a link or after Back."""
    asked = _ADDRESS.read()
    known = st.session_state.get(_STATE)
    if known is None or (asked and asked != to_params(known)):
        st.session_state[_STATE], st.session_state[_PROBLEMS] = from_params(asked)
    draft: Draft = st.session_state[_STATE]
    _ADDRESS.write(to_params(draft))
    return draft


def follow(run_id: str, config: RunConfig, active: bool) -> None:
    """Shows a run's settings when it has just been opened, and later what else is asked of it.

    A reload and a copied address bring their own settings; edits that are not started yet stay
    when a run that has ended is looked at. Of one that is training the epochs always stand at what
    is asked of it: moving them by one must not mean a total that nobody sees.
    """
    known_id, known = st.session_state.get(_FOLLOWED, (None, config))
    if known_id != run_id:
        known = config
        fresh = _STATE not in st.session_state
        if (fresh and not _ADDRESS.read()) or (not fresh and active):
            load(config)
    news = overrides_between(known, config)
    _take(news + [f"{EPOCHS}={config.training.epochs}"] if active else news)
    st.session_state[_FOLLOWED] = (run_id, config)


def _take(assignments: list[str]) -> None:
    """Sets what is asked of a run, as far as the draft's network has it."""
    if not assignments:
        return
    before = current()
    there = {EPOCHS} | set(live_values(before.config))
    taken = [one for one in assignments if one.partition("=")[0] in there]
    config = with_overrides(before.config, taken)
    if config != before.config:
        replace(Draft(before.preset, config))


def problems() -> list[str]:
    """What was broken in the address when it was last read; told once."""
    told: list[str] = st.session_state.pop(_PROBLEMS, [])
    return told


def replace(draft: Draft) -> None:
    """Goes on with another draft."""
    st.session_state[_STATE] = draft
    _ADDRESS.write(to_params(draft))


def load(config: RunConfig) -> None:
    """Goes on with a run's configuration, told as the preset that needs the fewest changes."""
    names = sorted(PRESETS, key=lambda name: len(";".join(overrides_between(preset(name), config))))
    replace(Draft(names[0], config))


def choose_preset(name: str) -> None:
    """Takes a preset's network and recipe; the data, the seed and the device stay."""
    before = current().config
    config = preset(name)
    training = {field: getattr(before.training, field) for field in _KEPT_TRAINING}
    kept = {field: getattr(before, field) for field in _KEPT}
    kept["training"] = config.training.model_copy(update=training)
    replace(Draft(name, config.model_copy(update=kept)))


def set_value(path: str, value: Any) -> None:
    """Sets one field, as in ``model.blocks[1].channels``.

    Raises:
        ConfigError: if the value does not fit; the draft is unchanged.
    """
    before = current()
    values = before.config.model_dump(mode="json")
    owner, name = _owner(values, path)
    owner[name] = value
    replace(Draft(before.preset, parse(values)))


def add(kind: str) -> None:
    """Adds a conv block (``blocks``) or a dense layer (``dense``) at the end."""
    _edit(kind, lambda rows: [*rows, dict(rows[-1]) if rows else dict(_NEW[kind])])


def remove(kind: str, index: int) -> None:
    """Takes out a conv block or a dense layer."""
    _edit(kind, lambda rows: [row for place, row in enumerate(rows) if place != index])


def _edit(kind: str, change: Any) -> None:
    before = current()
    values = before.config.model_dump(mode="json")
    values["model"][kind] = change(values["model"][kind])
    replace(Draft(before.preset, parse(values)))


def _owner(values: Any, path: str) -> tuple[Any, str]:
    *parents, name = path.replace("[", ".").replace("]", "").split(".")
    for step in parents:
        values = values[int(step)] if step.isdigit() else values[step]
    return values, name
