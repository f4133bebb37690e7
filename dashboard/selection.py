"""One selection for all pages: run, epoch, split, cell, example, place in the network; in the URL.

The URL is the truth, so a copied address opens the same view and a reload keeps it. Links between
pages may drop the parameters; the session remembers them and puts them back. Session state belongs
to one tab, so two tabs cannot disturb each other.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from core.review.matrix import Cell
from dashboard.address import Address
from dashboard.text import quoted

SPLITS = ("validation", "test")  # the splits whose probabilities every epoch keeps
MATRICES = ("counts", "row", "column", "difference")  # what the cells of the matrix can say
NAMES = (
    "run", "epoch", "split", "cell", "threshold", "group", "filter", "sort", "example",
    "layer", "unit", "at", "compare", "matrix",
)  # fmt: skip
_ADDRESS = Address(NAMES)
_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}")
_PAIR = re.compile(r"([0-9]{1,4})-([0-9]{1,4})")
_CELL = re.compile(r"([0-9]{1,4}|\*)-([0-9]{1,4}|\*)")
_MOST_CELLS = 200
LONGEST_FILTER = 2_000  # characters: a lasso has many
_FILTER = re.compile(rf"[^\x00-\x1f\x7f]{{1,{LONGEST_FILTER}}}")
_GROUP = re.compile(r"[^\x00-\x1f\x7f]{1,1500}")  # a lasso has many corners
_LAYER = re.compile(r"[A-Za-z_][A-Za-z0-9_.]{0,79}")
_SHARE = re.compile(r"[0-9](\.[0-9]{1,6})?")
_SORT = re.compile(r"[a-z][a-z0-9:_ -]{0,39}")
_WHOLE = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True)
class Beside:
    """What the run and epoch that are looked at are compared with.

    Attributes:
        run: the id of another run; None for the one that is looked at.
        epoch: of that run; None for the latest one of another run.
    """

    run: str | None = None
    epoch: int | None = None

    def __str__(self) -> str:
        """As the address writes it: ``3``, a run's id, or ``id@3``."""
        return "@".join(str(part) for part in (self.run, self.epoch) if part is not None)


@dataclass(frozen=True)
class Selection:
    """What the pages look at.

    Attributes:
        run: the id of a run, or None for the newest one.
        epoch: 0 is the untrained network; None is the latest epoch there is.
        split: one of `SPLITS`.
        cells: class indices ``(true, predicted)`` of cells of the confusion matrix; ``(4, None)``
            is the whole row of class 4, ``(None, 9)`` the whole column of class 9.
        threshold: confidence from which on the network answers; below it says "don't know".
        group: what a page has been asked to show the images of, ``kind:name``; pages ignore kinds
            of others.
        filter: which of the images the gallery shows, as `dashboard.filters` writes it.
        sort: by what the gallery is sorted; None for what suits the page.
        example: the index of an image in its original file, or None.
        layer: the name of a layer, as in ``blocks.0.conv``, or None.
        unit: the channel of the layer, or its unit where it has no maps; None for all.
        at: ``(row, column)`` of a value in the map, or None.
        compare: another epoch of the run, or another run at its latest epoch or any other; None
            for nothing.
        matrix: one of `MATRICES`: counts, shares of the row or of the column, or the difference
            to what is compared.
    """

    run: str | None = None
    epoch: int | None = None
    split: str = "test"
    cells: tuple[Cell, ...] = ()
    threshold: float = 0.0
    group: str | None = None
    filter: str | None = None
    sort: str | None = None
    example: int | None = None
    layer: str | None = None
    unit: int | None = None
    at: tuple[int, int] | None = None
    compare: Beside | None = None
    matrix: str = "counts"


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
            found[_attribute(name)] = value
    return Selection(**found), problems


def to_params(selection: Selection) -> dict[str, str]:
    """The shortest URL parameters that `parse` reads back as this selection."""
    params: dict[str, str] = {}
    for name in NAMES:
        value = getattr(selection, _attribute(name))
        if value is not None and value != getattr(Selection, _attribute(name)):
            params[name] = _written(name, value)
    return params


def current() -> Selection:
    """The selection of this tab; a URL without one gets the remembered one back."""
    return parse(_ADDRESS.read())[0]


def problems() -> list[str]:
    """A sentence for each parameter of the URL that could not be read."""
    return parse(_ADDRESS.read())[1]


def update(**changes: Any) -> None:
    """Changes some of the selection's attributes, in the session and in the URL."""
    _ADDRESS.write(to_params(replace(current(), **changes)))


def is_run_id(text: str) -> bool:
    """Whether the address can name this run; any folder may lie among the runs."""
    return _read("run", text) is not None


def _attribute(name: str) -> str:
    """What a parameter of the URL is called in `Selection`."""
    return "cells" if name == "cell" else name


def _written(name: str, value: Any) -> str:
    if name == "cell":
        return ",".join("-".join(_class(index) for index in cell) for cell in value)
    if name == "at":
        return "-".join(map(str, value))
    return f"{value:g}" if name == "threshold" else str(value)


def _class(index: int | None) -> str:
    return "*" if index is None else str(index)


def _read(name: str, text: str) -> Any:
    if name in _READERS:
        return _READERS[name](text)
    return int(text) if _WHOLE.fullmatch(text) else None


def _matching(pattern: re.Pattern[str]) -> Callable[[str], str | None]:
    return lambda text: text if pattern.fullmatch(text) else None


def _cells(text: str) -> tuple[Cell, ...] | None:
    """Each cell once, in the order they were chosen; one of every class in both is no choice."""
    found: dict[Cell, None] = {}
    for part in text.split(","):
        match = _CELL.fullmatch(part)
        if match is None or part == "*-*":
            return None
        true, predicted = (None if side == "*" else int(side) for side in match.groups())
        found[true, predicted] = None
    return tuple(found) if len(found) <= _MOST_CELLS else None


def _pair(text: str) -> tuple[int, int] | None:
    match = _PAIR.fullmatch(text)
    return (int(match[1]), int(match[2])) if match else None


def _threshold(text: str) -> float | None:
    share = float(text) if _SHARE.fullmatch(text) else math.nan
    return round(share, 4) if 0 <= share <= 1 else None


def _beside(text: str) -> Beside | None:
    if _WHOLE.fullmatch(text):
        return Beside(epoch=int(text))
    run, at, epoch = text.partition("@")
    if not _RUN_ID.fullmatch(run) or (at and not _WHOLE.fullmatch(epoch)):
        return None
    return Beside(run, int(epoch) if at else None)


_READERS: dict[str, Callable[[str], Any]] = {
    "run": _matching(_RUN_ID),
    "split": lambda text: text if text in SPLITS else None,
    "cell": _cells,
    "threshold": _threshold,
    "group": _matching(_GROUP),
    "filter": _matching(_FILTER),
    "sort": _matching(_SORT),
    "layer": _matching(_LAYER),
    "at": _pair,
    "compare": _beside,
    "matrix": lambda text: text if text in MATRICES else None,
}


def _problem(name: str, text: str) -> str:
    wanted, instead = {
        "run": ("the id of a run, letters, digits and dashes", "The newest run is shown"),
        "epoch": ("a whole number from 0", "The latest epoch is shown"),
        "split": ("validation or test", "The test split is shown"),
        "cell": ("class numbers, true-predicted, as in 4-9 or 4-*", "No cell is selected"),
        "threshold": ("a share from 0 to 1, as in 0.9", "Every image is answered"),
        "group": ("a kind and a name, as in flips:fixed", "No group is chosen"),
        "filter": (f"at most {LONGEST_FILTER:,} characters", "No filter is set"),
        "sort": ("the name of an order, as in loss", "The usual order is shown"),
        "example": ("the index of an image, a whole number from 0", "No image is opened"),
        "layer": ("the name of a layer, as in blocks.0.conv", "No layer is chosen"),
        "unit": ("the number of a channel or unit, from 0", "None is chosen"),
        "at": ("row and column of a value, as in 3-12", "No value is chosen"),
        "compare": (
            "an epoch of this run, as in 3, or the id of another run, with @3 for its epoch 3",
            "Nothing is compared",
        ),
        "matrix": ("counts, row, column or difference", "The matrix says counts"),
    }[name]
    return f"The address asks for {name} {quoted(text)}, which must be {wanted}. {instead}."
