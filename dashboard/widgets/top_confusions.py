"""The most frequent confusions in words, and those that the run has unlearnt."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard import cells, selection
from dashboard.matrix_loaders import Confusion, History
from dashboard.text import counted, percent
from dashboard.widgets.run_bar import Viewed

_MOST = 8  # in either list


def top_confusions(
    viewed: Viewed,
    classes: tuple[str, ...],
    history: History,
    left: DeltaGenerator,
    right: DeltaGenerator,
    *,
    answers_all: bool,
) -> None:
    """Two lists; each line opens its images, an unlearnt one at the epoch of its peak.

    Args:
        viewed: run, epoch and split.
        classes: names by class index.
        history: the matrices up to the epoch, at least.
        left: where the first list goes.
        right: where the second one goes.
        answers_all: whether shares are of all images, not only of those answered.
    """
    assert viewed.epoch is not None
    now, unlearnt = history.top(viewed.epoch, _MOST)
    with left, st.container(gap="xxsmall", key="top_confusions"):
        st.markdown(f"**Top confusions** :gray[· {viewed.split}, epoch {viewed.epoch}]")
        if not now:
            st.caption("No two classes are confused.")
        for confusion in now:
            _line(_now(classes, confusion, answers_all), confusion, "confusion")
    with right, st.container(gap="xxsmall", key="unlearnt_confusions"):
        st.markdown("**Unlearnt** :gray[· at most a tenth of the peak is left]")
        if not unlearnt:
            st.caption("No confusion has been unlearnt since the first epoch.")
        for confusion in unlearnt:
            _line(_gone(classes, confusion), confusion, "unlearnt", confusion.peak_epoch)


def _now(classes: tuple[str, ...], told: Confusion, answers_all: bool) -> str:
    true, predicted = _names(classes, told)
    whole = f"all {_plural(true)}" if answers_all else f"the {_plural(true)} answered"
    course = f"{told.peak:,} after epoch {told.peak_epoch}, still {told.count:,}"
    return (
        f"{true} read as {predicted}: **{counted(told.count, 'image')}** "
        f":gray[· {percent(told.share, 1)} of {whole}"
        f"{' · ' + course if told.peak > told.count else ''}]"
    )


def _gone(classes: tuple[str, ...], told: Confusion) -> str:
    true, predicted = _names(classes, told)
    left = f"{told.count:,} left" if told.count else "none"
    return (
        f"{true} read as {predicted}: **{counted(told.peak, 'image')}** "
        f":gray[after epoch {told.peak_epoch} · {left} since epoch {told.unlearnt_since}]"
    )


def _names(classes: tuple[str, ...], told: Confusion) -> tuple[str, str]:
    return cells.name(classes, told.true), cells.name(classes, told.predicted)


def _plural(name: str) -> str:
    """``4s``; names that are words stay as they are."""
    return f"{name}s" if len(name) == 1 else name


def _line(text: str, told: Confusion, key: str, epoch: int | None = None) -> None:
    cell = (told.true, told.predicted)
    changes = {} if epoch is None else {"epoch": epoch}
    st.button(
        text,
        key=f"{key}_{told.true}_{told.predicted}",
        type="tertiary",
        on_click=lambda: selection.update(cells=(cell,), group=None, example=None, **changes),
    )
