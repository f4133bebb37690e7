"""Results of a run at one epoch: accuracy, confusion matrix, the images behind it, curves."""

import streamlit as st

from core.errors import UserError
from dashboard import answer_loaders, cells, loaders, matrix_loaders, selection
from dashboard.charts.curves import accuracy_curves, loss_curves
from dashboard.charts.epoch_line import with_epoch
from dashboard.components.plot import plot
from dashboard.text import sentence
from dashboard.widgets.answer_threshold import answer_threshold
from dashboard.widgets.class_table import class_table
from dashboard.widgets.confusion_history import confusion_history
from dashboard.widgets.confusion_images import confusion_images
from dashboard.widgets.confusion_matrix import confusion_matrix
from dashboard.widgets.run_bar import Viewed
from dashboard.widgets.run_heading import accuracies
from dashboard.widgets.run_page import apart, viewed_run


def show_answers(viewed: Viewed) -> None:
    """Everything that comes from the saved probabilities of the split."""
    assert viewed.epoch is not None
    try:
        answers = answer_loaders.answers(viewed.run, viewed.epoch, viewed.split)
    except UserError as error:
        st.error(
            f"{sentence(str(error))} Choose another epoch; the other pages and the curves below "
            "are not affected.",
            icon="⚠️",
        )
        show_curves(viewed)
        return
    apart(lambda: show_confusions(viewed, answers))
    st.space("small")
    curves, classes = st.columns([8, 5], gap="large")
    with curves:
        show_curves(viewed)
    with classes:
        class_table(viewed, answers)


def show_confusions(viewed: Viewed, answers: answer_loaders.Answers) -> None:
    """What cells, threshold and comparison change: matrix, images and history."""
    now = selection.current()
    answered = matrix_loaders.answered(answers, now.threshold)
    choice = cells.chosen(now, len(answers.classes))
    matrix, images = st.columns([9, 11], gap="medium")
    with matrix:
        drawn = confusion_matrix(viewed, answers, answered, choice)
        answer_threshold(answered)
    with images:
        confusion_images(viewed, answers, answered, choice, drawn.other)
    st.space("small")
    confusion_history(viewed, answers.classes, choice, drawn.look, now.threshold)


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
    viewed = viewed_run(
        "Nothing has been measured yet: the untrained network's results, epoch 0, appear "
        "here a few seconds after the run starts.",
    )
    if viewed is None:
        return
    accuracies(viewed)
    show_answers(viewed)


page()
