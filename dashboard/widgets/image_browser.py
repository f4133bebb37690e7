"""The images behind a number: those of the chosen matrix cell, or all errors."""

import pandas as pd
import streamlit as st

from dashboard import loaders, selection
from dashboard.text import escaped
from dashboard.widgets.review_gallery import Images, review_gallery
from dashboard.widgets.run_bar import Viewed


def image_browser(viewed: Viewed, answers: loaders.Answers, height: int) -> None:
    """Title, the open image if there is one, and the gallery, in `height` pixels altogether."""
    chosen = selection.current()
    asked = only_cell(chosen.cells)
    cell = valid_cell(answers, asked)
    if asked != cell:
        st.warning(
            f"The address asks for a cell of classes {asked}, but there are only "
            f"{len(answers.classes)}, counted from 0. All errors are shown.",
            icon="⚠️",
        )
    review_gallery(
        viewed,
        Images(
            title=_title(answers, cell),
            rows=_rows(answers, cell),
            empty=_nothing(viewed, answers, cell),
            order="confidence",
            outcome="wrong" if cell is None else None,
        ),
        "gallery",
        height,
    )


def _rows(answers: loaders.Answers, cell: tuple[int, int] | None) -> pd.DataFrame:
    table = answers.examples
    if cell is None:
        return table
    return table[(table["true"] == cell[0]) & (table["predicted"] == cell[1])]


def _title(answers: loaders.Answers, cell: tuple[int, int] | None) -> str:
    if cell is None:
        return "Misclassified"
    true, predicted = (escaped(answers.classes[index]) for index in cell)
    return f"True {true}, predicted {predicted}"


def only_cell(cells: tuple[selection.Cell, ...]) -> tuple[int, int] | None:
    """The cell, where exactly one is chosen."""
    if len(cells) != 1:
        return None
    true, predicted = cells[0]
    return None if true is None or predicted is None else (true, predicted)


def valid_cell(answers: loaders.Answers, cell: tuple[int, int] | None) -> tuple[int, int] | None:
    """The cell if the classes exist; None otherwise."""
    known = len(answers.classes)
    return cell if cell is not None and max(cell) < known else None


def _nothing(viewed: Viewed, answers: loaders.Answers, cell: tuple[int, int] | None) -> str:
    if cell is None:
        return f"At epoch {viewed.epoch} every {viewed.split} image is answered right."
    true, predicted = (escaped(answers.classes[index]) for index in cell)
    return (
        f"At epoch {viewed.epoch} no {viewed.split} image of class {true} is answered with "
        f"{predicted}. Choose another cell, or click this one again to see all errors."
    )
