"""Cells of the confusion matrix as the address names them: chosen, undone, told, and their images.

Besides cells, "don't know" can be chosen: the group ``unsure:all``, or ``unsure:4`` for class 4.
Either takes the place of the other. Pure: nothing is read from a file or written to the address.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.review.matrix import Cell, in_cells
from dashboard.charts.matrix_frame import UNSURE
from dashboard.selection import Selection
from dashboard.text import clean, escaped

_GROUP = re.compile(r"unsure:(all|[0-9]{1,4})")


@dataclass(frozen=True)
class Choice:
    """What is chosen in the matrix.

    Attributes:
        cells: ``(true, predicted)``; None stands for every class.
        unsure: rows of "don't know"; None stands for all of them.
        foreign: cells and rows of classes that there are not.
    """

    cells: tuple[Cell, ...] = ()
    unsure: tuple[int | None, ...] = ()
    foreign: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is chosen."""
        return not (self.cells or self.unsure)

    @property
    def single(self) -> tuple[int, int] | None:
        """The cell, where exactly one is chosen and no row or column."""
        if len(self.cells) != 1:
            return None
        true, predicted = self.cells[0]
        return None if true is None or predicted is None else (true, predicted)


def chosen(selection: Selection, num_classes: int) -> Choice:
    """What the selection names, of a matrix of so many classes; "don't know" needs a threshold."""
    known = tuple(cell for cell in selection.cells if _exists(cell, num_classes))
    foreign = tuple(_written(cell) for cell in selection.cells if cell not in known)
    match = _GROUP.fullmatch(selection.group or "")
    if match is None or selection.threshold <= 0:
        return Choice(known, (), foreign)
    row = None if match[1] == "all" else int(match[1])
    if row is not None and row >= num_classes:
        return Choice(known, (), (*foreign, f"{row}"))
    return Choice((), (row,), foreign)


def clicked(choice: Choice, point: dict[str, Any]) -> dict[str, Any] | None:
    """What the selection becomes with this click; None where it hit no cell.

    A click chooses one cell, a second one undoes it; with Shift, Ctrl or the command key it adds
    the cell to what is chosen, or takes it out.
    """
    cell = _cell(point.get("customdata"))
    if cell is None:
        return None
    true, predicted = cell
    if predicted == UNSURE:
        undone = choice.unsure == (true,)
        group = None if undone else f"unsure:{'all' if true is None else true}"
        return {"cells": (), "group": group, "example": None}
    cells = toggled(choice.cells, cell, bool(point.get("several")))
    return {"cells": cells, "group": None, "example": None}


def toggled(cells: tuple[Cell, ...], cell: Cell, several: bool) -> tuple[Cell, ...]:
    """The cells after a click on one; `several` keeps the others."""
    if not several:
        return () if cells == (cell,) else (cell,)
    return tuple(other for other in cells if other != cell) if cell in cells else (*cells, cell)


def images_of(table: pd.DataFrame, choice: Choice, threshold: float, size: int) -> pd.DataFrame:
    """The rows of `core.evaluation.examples` that are chosen; all that are answered where none is.

    They come `wrong_first`.
    """
    return wrong_first(table[lies_in(table, choice, threshold, size)])


def lies_in(table: pd.DataFrame, choice: Choice, threshold: float, size: int) -> NDArray[np.bool_]:
    """Which rows of `core.evaluation.examples` are chosen, as for `images_of`."""
    there: NDArray[np.bool_] = (table["confidence"] >= threshold).to_numpy()
    true = table["true"].to_numpy()
    if choice.unsure:
        row = choice.unsure[0]
        return ~there if row is None else ~there & (true == row)
    if choice.cells:
        there = there & in_cells(true, table["predicted"].to_numpy(), choice.cells, size)
    return there


def wrong_first(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of `core.evaluation.examples`: what is wrong leads, the surest of it at the top."""
    order = ["correct", "confidence"]
    return rows.sort_values(order, ascending=[True, False], kind="stable", ignore_index=True)


def title(choice: Choice, classes: Sequence[str], most: int = 2) -> str:
    """What the images are, in Markdown; more than `most` cells are only counted."""
    if choice.unsure:
        row = choice.unsure[0]
        return "Not answered" + ("" if row is None else f", true {name(classes, row)}")
    if not choice.cells:
        return "All images"
    if len(choice.cells) > most:
        return f"{len(choice.cells)} cells"
    return " · ".join(told(cell, classes) for cell in choice.cells)


def told(cell: Cell, classes: Sequence[str]) -> str:
    """A cell in words, in Markdown."""
    true, predicted = (None if side is None else name(classes, side) for side in cell)
    if predicted is None:
        return f"True {true}"
    if true is None:
        return f"Predicted {predicted}"
    return f"True {true}, predicted {predicted}"


def name(classes: Sequence[str], index: int) -> str:
    """A class's name in Markdown, short enough for a line with others."""
    return escaped(clean(classes[index], 24))


def _exists(cell: Cell, num_classes: int) -> bool:
    return all(side is None or side < num_classes for side in cell)


def _written(cell: Cell) -> str:
    return "-".join("*" if side is None else str(side) for side in cell)


def _cell(carried: Any) -> Cell | None:
    """What a click carries, if it is a cell: it comes from a browser."""
    if not isinstance(carried, list | tuple) or len(carried) != 2:
        return None
    if not all(side is None or type(side) is int for side in carried):
        return None
    return None if carried[0] is None and carried[1] is None else (carried[0], carried[1])
