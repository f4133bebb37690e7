"""The images behind the confusion matrix: those of the chosen cells, or all errors."""

import pandas as pd
import streamlit as st

from core.errors import UserError
from core.review.matrix import Answered
from core.review.moves import move_counts
from dashboard import answer_loaders, cells, matrix_loaders
from dashboard.cells import Choice
from dashboard.components.gallery import Badge, Tone
from dashboard.text import escaped, percent, plain_number, sentence
from dashboard.widgets.comparison import Compared, other_answer
from dashboard.widgets.confusion_matrix import height_for
from dashboard.widgets.review_gallery import Images, review_gallery
from dashboard.widgets.run_bar import Viewed

_MORE = 40  # pixels that the column of the matrix has below it


def confusion_images(
    viewed: Viewed,
    answers: answer_loaders.Answers,
    answered: Answered,
    choice: Choice,
    other: Compared | None = None,
) -> None:
    """The gallery; without a choice it shows the errors first, and its own filter the others.

    Args:
        viewed: run, epoch and split.
        answers: of that epoch.
        answered: the matrix, and its threshold.
        choice: what is chosen in it.
        other: the network whose counts are subtracted in the matrix: of what is chosen, its images
            are shown as well.
    """
    known = len(answers.classes)
    if choice.foreign:
        st.warning(
            f"The address asks for {escaped(', '.join(choice.foreign))} in the matrix, but there "
            f"are only {known} classes, counted from 0. It is left out.",
            icon="⚠️",
        )
    nothing = _nothing(viewed, answers, answered, choice)
    images = None
    if other is not None and not choice.is_empty:
        images = _moved(viewed, answers, answered.threshold, choice, other, nothing)
    images = images or Images(
        title=cells.title(choice, answers.classes),
        rows=cells.images_of(answers.examples, choice, answered.threshold, known),
        ranking="Surest errors",
        empty=nothing,
        outcome="wrong" if choice.is_empty else None,
    )
    review_gallery(viewed, images, "gallery", height_for(known) + _MORE)


def _moved(
    viewed: Viewed,
    answers: answer_loaders.Answers,
    threshold: float,
    choice: Choice,
    other: Compared,
    nothing: str,
) -> Images | None:
    """What has come into the chosen cells, what has left them and what has stayed."""
    classes = answers.classes
    try:
        rows = matrix_loaders.moved(
            answers, other.run, other.epoch, viewed.split, choice, threshold
        )
    except UserError as error:
        st.warning(sentence(str(error)), icon="⚠️")
        return None
    counts = move_counts(rows)
    told = ", ".join(f"{number:,} {move}" for move, number in counts.items() if number)
    return Images(
        title=cells.title(choice, classes) + (f" · {told}" if told else ""),
        rows=rows,
        ranking="New and gone first",
        empty=nothing,
        caption=lambda shown: _captions(shown, classes),
        badges=_badges,
        remark=lambda row: other_answer(escaped(other.title), row, classes),
    )


def _captions(shown: pd.DataFrame, classes: tuple[str, ...]) -> list[tuple[str, str]]:
    return [
        (
            f"{classes[true]} → {classes[now]}",
            percent(confidence, 1) if now == was else f"was {classes[was]}",
        )
        for true, now, was, confidence in zip(
            shown["true"], shown["predicted"], shown["before"], shown["confidence"], strict=True
        )
    ]


def _badges(shown: pd.DataFrame) -> list[Badge]:
    """Blue where an error has become a right answer, orange where it is the other way round."""
    was, now = (shown["true"] == shown[name] for name in ("before", "predicted"))
    tones: list[Tone] = [
        "plain" if old == new else "good" if new else "bad"
        for old, new in zip(was, now, strict=True)
    ]
    return list(zip(shown["move"], tones, strict=True))


def _nothing(
    viewed: Viewed, answers: answer_loaders.Answers, answered: Answered, choice: Choice
) -> str:
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
