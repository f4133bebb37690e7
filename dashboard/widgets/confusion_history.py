"""When each confusion was unlearnt: small matrices over the epochs, and one count over them."""

import streamlit as st

from core.errors import UserError
from dashboard import cells, matrix_loaders, selection
from dashboard.cells import Choice
from dashboard.charts.confusion_strip import counts_line, strip
from dashboard.charts.matrix_frame import Look
from dashboard.components.plot import plot
from dashboard.matrix_loaders import History
from dashboard.text import sentence
from dashboard.widgets.run_bar import Viewed
from dashboard.widgets.top_confusions import top_confusions

_STRIP, _LINE = 136, 240  # pixels


def confusion_history(
    viewed: Viewed, classes: tuple[str, ...], choice: Choice, look: Look, threshold: float
) -> None:
    """The strip, and below it the confusions in words and the count of what is chosen."""
    assert viewed.epoch is not None
    try:
        history = matrix_loaders.history(
            viewed.run, viewed.split, viewed.epochs, threshold, viewed.epoch
        )
    except UserError as error:
        st.warning(sentence(str(error)), icon="⚠️")
        return
    _strip(viewed, history.strip(), classes, choice, look)
    now, unlearnt, count = st.columns([4, 4, 4], gap="large")
    top_confusions(viewed, classes, history, now, unlearnt, answers_all=threshold == 0)
    with count:
        _count(viewed, history, classes, choice)


def _strip(
    viewed: Viewed, history: History, classes: tuple[str, ...], choice: Choice, look: Look
) -> None:
    st.markdown(
        f"**Errors over the epochs** :gray[· {viewed.split}, one scale · a click goes to the epoch]"
    )
    plot(
        strip(
            history.matrices, history.epochs, classes, look,
            epoch=viewed.epoch, selected=choice.cells,
        ),
        key="confusions_strip",
        on_click=lambda point: _go_to(viewed, (point.get("customdata") or [None])[0]),
        height=_STRIP,
        label="The errors of the confusion matrix after each epoch",
    )  # fmt: skip


def _count(viewed: Viewed, history: History, classes: tuple[str, ...], choice: Choice) -> None:
    what = cells.title(choice, classes, 1) if choice.cells else "All errors"
    st.markdown(f"**{what}** :gray[· images after each epoch]")
    plot(
        counts_line(history.counts(choice.cells), history.epochs, viewed.epoch),
        key="confusions_count",
        on_click=lambda point: _go_to(viewed, point.get("x")),
        height=_LINE,
        label="How many images the chosen cells hold after each epoch",
    )


def _go_to(viewed: Viewed, epoch: object) -> None:
    """The click of a browser may carry anything."""
    if isinstance(epoch, int) and epoch in viewed.epochs:
        selection.update(epoch=None if epoch == viewed.epochs[-1] else epoch)
