"""Results of a run at one epoch: accuracy, confusion matrix, the images behind it, curves."""

import streamlit as st

from core.errors import UserError
from dashboard import loaders, selection
from dashboard.charts.confusion import UNITS, Unit, confusion
from dashboard.charts.curves import accuracy_curves, loss_curves
from dashboard.charts.epoch_line import with_epoch
from dashboard.components.plot import plot
from dashboard.text import sentence
from dashboard.widgets.class_table import class_table
from dashboard.widgets.image_browser import image_browser, only_cell, valid_cell
from dashboard.widgets.run_bar import Viewed, follow, run_bar
from dashboard.widgets.run_heading import accuracies, heading

HEIGHT = 448  # of the matrix and of the images beside it, in pixels


def show_matrix(viewed: Viewed, answers: loaders.Answers) -> None:
    """The clickable matrix; a second click on a cell undoes the first."""
    cell = valid_cell(answers, only_cell(selection.current().cells))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**Confusion matrix** · {viewed.split}, epoch {viewed.epoch}")
        unit: Unit = st.segmented_control(
            "Unit", UNITS, default="counts", required=True, key="matrix_unit",
            label_visibility="collapsed", persist_state="session",
        )  # fmt: skip

    def clicked(point: dict) -> None:
        try:
            true, predicted = (int(index) for index in point["customdata"])
        except (TypeError, ValueError):
            return
        chosen = (true, predicted)
        selection.update(cells=() if chosen == cell else (chosen,), example=None)

    plot(
        confusion(answers.matrix, answers.classes, unit, cell),
        key="matrix",
        on_click=clicked,
        height=HEIGHT,
        label="Confusion matrix: rows are true classes, columns predicted ones",
    )


def show_answers(viewed: Viewed) -> None:
    """Everything that comes from the saved probabilities of the split."""
    assert viewed.epoch is not None
    try:
        answers = loaders.answers(viewed.run, viewed.epoch, viewed.split)
    except UserError as error:
        st.error(
            f"{sentence(str(error))} Choose another epoch; the other pages and the curves below "
            "are not affected.",
            icon="⚠️",
        )
        show_curves(viewed)
        return
    matrix, images = st.columns([4, 5], gap="large")
    with matrix:
        show_matrix(viewed, answers)
    with images:
        image_browser(viewed, answers, HEIGHT)
    st.space("small")
    curves, classes = st.columns([8, 5], gap="large")
    with curves:
        show_curves(viewed)
    with classes:
        class_table(viewed, answers)


def show_curves(viewed: Viewed) -> None:
    """Loss and accuracy over the epochs, with a line at the epoch that is shown."""
    curve, planned = loaders.curve(viewed.run), viewed.summary.epochs
    for spot, name, draw in zip(
        st.columns(2), ("Loss", "Accuracy"), (loss_curves, accuracy_curves), strict=True
    ):
        with spot:
            st.markdown(f"**{name}** · train and validation")
            figure = with_epoch(draw(curve, planned, viewed.run.id), viewed.epoch)
            plot(figure, key=f"results_{name}", height=360, label=f"{name} over the epochs")


def page() -> None:
    """Draws the page."""
    viewed = run_bar()
    if viewed is None:
        return
    heading(viewed)
    follow(viewed)
    if viewed.epoch is None:
        st.info(
            "Nothing has been measured yet: the untrained network's results, epoch 0, appear "
            "here a few seconds after the run starts."
        )
        return
    accuracies(viewed)
    show_answers(viewed)


page()
