"""One selection for all pages: run, epoch, split, matrix cell and example, kept in the URL.

The URL is the truth, so a copied address opens the same view and a reload keeps it. Links between
pages drop the parameters; the session remembers them and puts them back. Session state belongs to
one tab, so two tabs cannot disturb each other.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from dashboard.text import quoted

SPLITS = ("validation", "test")  # the splits whose probabilities every epoch keeps
NAMES = ("run", "epoch", "split", "cell", "example")
_REMEMBERED = "selection"
_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}")
_CELL = re.compile(r"([0-9]{1,4})-([0-9]{1,4})")
_WHOLE = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True)
class Selection:
    """What the pages look at.

    Attributes:
        run: the id of a run, or None for the newest one.
        epoch: 0 is the untrained network; None is the latest epoch there is.
        split: one of `SPLITS`.
        cell: class indices ``(true, predicted)`` of a cell of the confusion matrix, or None.
        example: the index of an image in its original file, or None.
    """

    run: str | None = None
    epoch: int | None = None
    split: str = "test"
    cell: tuple[int, int] | None = None
    example: int | None = None


def parse(params: Mapping[str, str]) -> tuple[Selection, list[str]]:
    """The selection that URL parameters ask for, and a sentence for each one that is broken.

    A broken parameter falls back on its default; parameters of other names are left alone.
    """
    found: dict[str, Any] = {}
    problems: list[str] = []
    for name in NAMES:
        if name not in params:
            continue
        value = _read(name, params[name])
        if value is None:
            problems.append(_problem(name, params[name]))
        else:
            found[name] = value
    return Selection(**found), problems


def to_params(selection: Selection) -> dict[str, str]:
    """The shortest URL parameters that `parse` reads back as this selection."""
    params: dict[str, str] = {}
    if selection.run is not None:
        params["run"] = selection.run
    if selection.epoch is not None:
        params["epoch"] = str(selection.epoch)
    if selection.split != Selection.split:
        params["split"] = selection.split
    if selection.cell is not None:
        params["cell"] = f"{selection.cell[0]}-{selection.cell[1]}"
    if selection.example is not None:
        params["example"] = str(selection.example)
    return params


def current() -> Selection:
    """The selection of this tab; a URL without one gets the remembered one back."""
    return _current()[0]


def problems() -> list[str]:
    """A sentence for each parameter of the URL that could not be read."""
    return _current()[1]


def update(**changes: Any) -> None:
    """Changes some of run, epoch, split, cell and example, in the session and in the URL."""
    _write(replace(current(), **changes))


def is_run_id(text: str) -> bool:
    """Whether the address can name this run; any folder may lie among the runs."""
    return _read("run", text) is not None


def _current() -> tuple[Selection, list[str]]:
    params = st.query_params.to_dict()
    if any(name in params for name in NAMES):
        selection, broken = parse(params)
        st.session_state[_REMEMBERED] = selection
        return selection, broken
    remembered: Selection = st.session_state.get(_REMEMBERED, Selection())
    if to_params(remembered):  # a link between pages has dropped the parameters
        _write(remembered)
    return remembered, []


def _write(selection: Selection) -> None:
    st.session_state[_REMEMBERED] = selection
    others = {name: st.query_params.get_all(name) for name in st.query_params if name not in NAMES}
    wanted = {**others, **to_params(selection)}
    if wanted != {**others, **_own_params()}:
        # One message for all of them: each would be an entry of its own in the history.
        st.query_params.from_dict(wanted)


def _own_params() -> dict[str, str]:
    return {name: st.query_params[name] for name in NAMES if name in st.query_params}


def _read(name: str, text: str) -> Any:
    if name == "run":
        return text if _RUN_ID.fullmatch(text) else None
    if name == "split":
        return text if text in SPLITS else None
    if name == "cell":
        match = _CELL.fullmatch(text)
        return (int(match[1]), int(match[2])) if match else None
    return int(text) if _WHOLE.fullmatch(text) else None


def _problem(name: str, text: str) -> str:
    wanted, instead = {
        "run": ("the id of a run, letters, digits and dashes", "The newest run is shown"),
        "epoch": ("a whole number from 0", "The latest epoch is shown"),
        "split": ("validation or test", "The test split is shown"),
        "cell": ("two class numbers, true-predicted, as in 4-9", "No cell is selected"),
        "example": ("the index of an image, a whole number from 0", "No image is opened"),
    }[name]
    return f"The address asks for {name} {quoted(text)}, which must be {wanted}. {instead}."
