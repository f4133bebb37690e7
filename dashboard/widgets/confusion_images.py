"""The images behind the confusion matrix: those of the chosen cells, or all errors."""

import streamlit as st

from core.review.matrix import Answered
from dashboard import cells, loaders
from dashboard.cells import Choice
from dashboard.text import escaped, plain_number
from dashboard.widgets.confusion_matrix import height_for
from dashboard.widgets.review_gallery import Images, review_gallery
from dashboard.widgets.run_bar import Viewed

_MORE = 40  # pixels that the column of the matrix has below it


def confusion_images(
    viewed: Viewed, answers: loaders.Answers, answered: Answered, choice: Choice
) -> None:
    """The gallery; without a choice it shows the errors first, and its own filter the others."""
    known = len(answers.classes)
    if choice.foreign:
        st.warning(
            f"The address asks for {escaped(', '.join(choice.foreign))} in the matrix, but there "
            f"are only {known} classes, counted from 0. It is left out.",
            icon="⚠️",
        )
    images = Images(
        title=cells.title(choice, answers.classes),
        rows=cells.images_of(answers.examples, choice, answered.threshold, known),
        ranking="Surest errors",
        empty=_nothing(viewed, answers, answered, choice),
        outcome="wrong" if choice.is_empty else None,
    )
    review_gallery(viewed, images, "gallery", height_for(known) + _MORE)


def _nothing(viewed: Viewed, answers: loaders.Answers, answered: Answered, choice: Choice) -> str:
    at_least = f" with a confidence of {plain_number(answered.threshold)} or more"
    above = at_least if answered.threshold else ""
    if not answered.num_answered and not choice.unsure:
        return f"No image is answered{above}. Lower the threshold."
    if choice.is_empty:
        return f"At epoch {viewed.epoch} every {viewed.split} image answered{above} is right."
    if choice.unsure:
        return "Every one of these images is answered. A higher threshold leaves more of them out."
    if choice.single is None:
        return (
            f"At epoch {viewed.epoch} no {viewed.split} image lies in these cells{above}. Choose "
            "others, or click them again to see all errors."
        )
    true, predicted = (cells.name(answers.classes, index) for index in choice.single)
    return (
        f"At epoch {viewed.epoch} no {viewed.split} image of class {true} is answered with "
        f"{predicted}{above}. Choose another cell, or click this one again to see all errors."
    )
