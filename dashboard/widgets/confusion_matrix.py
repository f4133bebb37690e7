"""The clickable confusion matrix, and how it is drawn."""

from dataclasses import dataclass

import streamlit as st

from core.errors import UserError
from core.review.matrix import Answered
from dashboard import answer_loaders, cells, loaders, matrix_loaders, selection
from dashboard.cells import Choice
from dashboard.charts.confusion import confusion
from dashboard.charts.confusion_difference import difference
from dashboard.charts.matrix_frame import MOST_TEXTS, SHADINGS, Look, Unit
from dashboard.components.plot import plot
from dashboard.selection import MATRICES
from dashboard.text import escaped, sentence
from dashboard.widgets.comparison import Compared, choose_comparison
from dashboard.widgets.run_bar import Viewed

HEIGHT = 448  # pixels, where every cell has room for its number
_UNITS: dict[str, Unit] = {"counts": "counts", "row": "row %", "column": "column %"}
_ORDERS = ("class", "similarity")
_TALLEST = 680


@dataclass(frozen=True, eq=False)  # eq would compare arrays element by element
class Drawn:
    """How the matrix is drawn, and with what it is compared.

    Attributes:
        look: unit, colours and order, also for the strip of small matrices.
        before: the other network's answers, in the mode of differences.
        other: that network.
    """

    look: Look
    before: Answered | None = None
    other: Compared | None = None


def height_for(num_classes: int) -> int:
    """Pixels, so that every class has a line that can be read."""
    return HEIGHT if num_classes <= MOST_TEXTS else min(_TALLEST, 13 * num_classes + 90)


def confusion_matrix(
    viewed: Viewed, answers: answer_loaders.Answers, answered: Answered, choice: Choice
) -> Drawn:
    """Title, settings and the matrix; clicks go to the address."""
    mode, look = _settings(viewed)
    matrix, below = st.container(), st.container()
    with below:  # the choice of another network: the cells stay where they are
        drawn = _drawn(viewed, mode, look, answered.threshold)
    unsure = answered.threshold > 0
    if drawn.before is None or drawn.other is None:
        figure = confusion(
            answered.matrix, answers.classes, drawn.look,
            unanswered=answered.unanswered if unsure else None,
            selected=choice.cells, unsure_selected=choice.unsure,
            history=_history(viewed, answered.threshold),
        )  # fmt: skip
    else:
        figure = difference(
            answered.matrix - drawn.before.matrix, answers.classes, drawn.look,
            unanswered=answered.unanswered - drawn.before.unanswered if unsure else None,
            selected=choice.cells, unsure_selected=choice.unsure, before=drawn.before.matrix,
            sides=_sides(viewed, drawn.other),
        )  # fmt: skip

    def clicked(point: dict) -> None:
        # What is chosen by now: a quick second click comes from before the first one was drawn.
        now = cells.chosen(selection.current(), len(answers.classes))
        changes = cells.clicked(now, point)
        if changes is not None:
            selection.update(**changes)

    with matrix:
        plot(
            figure,
            key="matrix",
            on_click=clicked,
            height=height_for(len(answers.classes)),
            label="Confusion matrix: rows are true classes, columns predicted ones",
        )
    with below:
        _legend(viewed, drawn, choice)
    return drawn


def _settings(viewed: Viewed) -> tuple[str, Look]:
    with st.container(
        horizontal=True, vertical_alignment="center", gap="small", key="matrix_settings"
    ):
        st.markdown("**Confusion matrix**")
        mode = _mode()
        with st.popover("Display", icon=":material/tune:"):
            look = _look(viewed, mode)
    return mode, look


def _drawn(viewed: Viewed, mode: str, look: Look, threshold: float) -> Drawn:
    if mode != "difference":
        return Drawn(look)
    other = choose_comparison(viewed, "Compared with")
    if other is None:
        st.caption("Choose what to subtract; until then the cells say counts.")
        return Drawn(look)
    return _compared(viewed, look, other, threshold)


def _mode() -> str:
    """What the cells say; it stands in the address."""
    key = "matrix_unit"

    def changed() -> None:
        selection.update(matrix=st.session_state[key])

    st.session_state[key] = mode = selection.current().matrix
    st.segmented_control(
        "Cells say", MATRICES, key=key, on_change=changed, required=True,
        format_func=lambda name: _UNITS.get(name, name), label_visibility="collapsed",
    )  # fmt: skip
    return mode


def _sides(viewed: Viewed, other: Compared) -> tuple[str, str]:
    """Where the counts of either network are from."""
    if other.run.id == viewed.run.id:
        return f"after epoch {other.epoch}", f"after epoch {viewed.epoch}"
    return f"in {other.title}", "in this run"


def _look(viewed: Viewed, mode: str) -> Look:
    order = st.segmented_control(
        "Order of the classes", _ORDERS, default="class", required=True, key="matrix_order",
        persist_state="session",
        help="By similarity, classes that are confused with each other stand side by side.",
    )  # fmt: skip
    shading = st.segmented_control(
        "Colours", SHADINGS, default="linear", required=True, key="matrix_shading",
        persist_state="session",
        help="On a logarithmic scale rare confusions are told apart as well as frequent ones.",
    )  # fmt: skip
    masked = st.toggle(
        "Errors only", key="matrix_masked", persist_state="session",
        help="Leaves the right answers, on the diagonal, blank.",
    )  # fmt: skip
    unit = _UNITS.get(mode, "counts")
    return Look(unit, shading, masked, _order(viewed) if order == "similarity" else None)


def _order(viewed: Viewed) -> tuple[int, ...] | None:
    growing = viewed.summary.state in loaders.ACTIVE
    try:
        return matrix_loaders.similarity(viewed.run, viewed.split, viewed.epochs, growing=growing)
    except UserError as error:
        st.warning(sentence(str(error)), icon="⚠️")
        return None


def _compared(viewed: Viewed, look: Look, other: Compared, threshold: float) -> Drawn:
    try:
        before = matrix_loaders.compared(
            viewed.run, other.run, other.epoch, viewed.split, threshold
        )
    except UserError as error:
        st.warning(f"{sentence(str(error))} The cells say counts.", icon="⚠️")
        return Drawn(look)
    return Drawn(look, before, other)


def _history(viewed: Viewed, threshold: float) -> matrix_loaders.Matrices | None:
    """For the hover; the strip below says it where no epoch can be read."""
    assert viewed.epoch is not None
    try:
        found = matrix_loaders.history(
            viewed.run, viewed.split, viewed.epochs, threshold, viewed.epoch
        )
    except UserError:
        return None
    return found.strip().matrices


def _legend(viewed: Viewed, drawn: Drawn, choice: Choice) -> None:
    """One line below the matrix: whatever it says, the cell under the mouse stays where it is."""
    with st.container(horizontal=True, vertical_alignment="center", key="matrix_legend"):
        what = f"{viewed.split.capitalize()}, epoch {viewed.epoch}"
        if drawn.other is None:
            st.caption(
                f"{what} · shift-click for several; a class’s name for its line; arrow keys walk"
            )
        else:
            title = escaped(drawn.other.title)
            st.caption(f"{what}, less {title} · blue is better, orange worse")
            st.page_link(
                "views/compare.py", label="Open in Compare", icon=":material/compare_arrows:"
            )
        st.button(
            "Show all errors",
            key="show_all_errors",
            type="tertiary",
            icon=":material/undo:",
            disabled=choice.is_empty,
            on_click=lambda: selection.update(cells=(), group=None, example=None),
        )
