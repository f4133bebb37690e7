"""The images behind a number: those of the chosen matrix cell, or all errors."""

from typing import Any

import pandas as pd
import streamlit as st

from dashboard import images, loaders, selection
from dashboard.components.gallery import gallery
from dashboard.text import counted, escaped, percent
from dashboard.widgets.example_pane import HEIGHT as PANE_HEIGHT
from dashboard.widgets.example_pane import example_pane
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
    rows = images.images_of(answers, cell)
    _title(viewed, answers, cell, len(rows))
    if chosen.example is not None:
        example_pane(viewed, chosen.example)
        height -= PANE_HEIGHT + 48
    if rows.empty:
        st.info(_nothing(viewed, answers, cell))
        return
    pages = -(-len(rows) // images.PAGE_SIZE)
    scope = (viewed.run.id, viewed.epoch, viewed.split, cell)
    page = min(_page(scope, rows, chosen.example), pages - 1)
    shown = rows[page * images.PAGE_SIZE : (page + 1) * images.PAGE_SIZE]
    sheet = images.sheet(viewed.run, viewed.split, shown["index"])
    gallery(
        sheet,
        ids=[int(index) for index in shown["index"]],
        captions=_captions(shown, answers.classes),
        key="gallery",
        selected=chosen.example,
        page=page,
        pages=pages,
        height=height - (36 if pages > 1 else 0),
        zoom=max(1, round(56 / sheet.width)),
        label="Images, the most confident answer first",
        on_open=lambda index: selection.update(example=index),
        on_page=lambda number: st.session_state.update(gallery_page=(scope, number)),
    )


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


def _page(scope: tuple[Any, ...], rows: pd.DataFrame, example: int | None) -> int:
    """The page turned to, or else the one with the open image."""
    remembered, page = st.session_state.get("gallery_page", (None, 0))
    if remembered == scope:
        return int(page)
    found = rows.index[rows["index"] == example]
    return int(found[0]) // images.PAGE_SIZE if len(found) else 0


def _title(
    viewed: Viewed, answers: loaders.Answers, cell: tuple[int, int] | None, num_images: int
) -> None:
    if cell is None:
        what = "Misclassified"
    else:
        true, predicted = (escaped(answers.classes[index]) for index in cell)
        what = f"True {true}, predicted {predicted}"
    with st.container(horizontal=True, vertical_alignment="center", key="images_title"):
        order = ", most confident first" if num_images > 1 else ""
        st.markdown(f"**{what}** · {counted(num_images, f'{viewed.split} image')}{order}")
        if cell is not None:
            st.button(
                "Show all errors",
                key="show_all_errors",
                type="tertiary",
                icon=":material/undo:",
                on_click=lambda: selection.update(cells=(), example=None),
            )


def _nothing(viewed: Viewed, answers: loaders.Answers, cell: tuple[int, int] | None) -> str:
    if cell is None:
        return f"At epoch {viewed.epoch} every {viewed.split} image is answered right."
    true, predicted = (escaped(answers.classes[index]) for index in cell)
    return (
        f"At epoch {viewed.epoch} no {viewed.split} image of class {true} is answered with "
        f"{predicted}. Choose another cell, or click this one again to see all errors."
    )


def _captions(shown: pd.DataFrame, classes: tuple[str, ...]) -> list[tuple[str, str]]:
    return [
        (f"{classes[true]} → {classes[predicted]}", percent(confidence, 1))
        for true, predicted, confidence in zip(
            shown["true"], shown["predicted"], shown["confidence"], strict=True
        )
    ]
