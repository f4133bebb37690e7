"""Answering only when sure enough: the threshold, what it leaves, and what still goes wrong."""

from typing import Any

import pandas as pd
import streamlit as st

from core.review.coverage import at_accuracy, at_coverage, at_threshold, named, rounded_down
from dashboard import selection
from dashboard.charts.coverage import coverage as chart
from dashboard.components.plot import plot
from dashboard.text import counted, percent, plain_number
from dashboard.widgets.run_bar import Viewed

WRONG, UNANSWERED = "coverage:wrong", "unsure:all"  # the latter as on the Results page
_GOALS = (0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9999)
_THRESHOLD, _COVERAGE = "coverage_threshold", "coverage_share"


def coverage_panel(viewed: Viewed, curve: pd.DataFrame, height: int) -> None:
    """The curve with the threshold on it, two ways to move it, and what it means in words."""
    threshold = selection.current().threshold
    st.markdown(f"**Coverage and accuracy** · {viewed.split}, epoch {viewed.epoch}")
    now = at_threshold(curve, threshold)
    _choose(curve, threshold, now)

    def clicked(point: dict[str, Any]) -> None:
        wanted = (point.get("customdata") or [None])[0]
        if isinstance(wanted, int | float) and 0 <= wanted <= 1:
            _move(wanted)

    plot(
        chart(curve, now),
        key="coverage",
        on_click=clicked,
        height=height,
        label="Accuracy of the answered images against the share of images answered",
    )
    _words(curve, threshold, now)


def _choose(curve: pd.DataFrame, threshold: float, now: pd.Series | None) -> None:
    """By confidence, or by the share of images: the risk at a chosen coverage."""
    share = 0.0 if now is None else float(now["coverage"])
    st.session_state[_THRESHOLD] = threshold
    st.session_state[_COVERAGE] = round(100 * share, 2)

    def by_share() -> None:
        found = at_coverage(named(curve), st.session_state[_COVERAGE] / 100)
        if found is not None:
            everything = found["coverage"] == 1
            _move(0.0 if everything else float(found["threshold"]))

    by_confidence, by_coverage = st.columns(2)
    by_confidence.number_input(
        "Answer only from this confidence", 0.0, 1.0, step=0.01, format="%.4g", key=_THRESHOLD,
        on_change=lambda: _move(st.session_state[_THRESHOLD]),
        help="Below it the network says “don't know”. Zero answers every image.",
    )  # fmt: skip
    by_coverage.number_input(
        "Answer this share of the images, in %", 0.0, 100.0, step=1.0, format="%.2f",
        key=_COVERAGE, on_change=by_share,
        help="Sets the strictest confidence that answers at least so many, the surest first. "
        "Equal confidences are answered together.",
    )  # fmt: skip


def _move(threshold: float) -> None:
    # The address keeps four digits; rounded up, the image it came from would go unanswered.
    selection.update(threshold=rounded_down(threshold))


def _words(curve: pd.DataFrame, threshold: float, row: pd.Series | None) -> None:
    total = int(curve["answered"].iloc[-1])
    answered = 0 if row is None else int(row["answered"])
    errors = 0 if row is None else int(row["errors"])
    left = total - answered
    saved = int(curve["errors"].iloc[-1]) - errors
    right = ""
    if row is not None:
        right = f": **{percent(row['accuracy'])}** right, risk {percent(row['risk'])}"
    said = f"It answers all **{total:,}** images"
    if left:
        said = (
            f"From confidence {plain_number(threshold)} on it answers **{answered:,}** of "
            f"{counted(total, 'image')} ({percent(answered / total)})"
        )
    st.markdown(f"{said}{right}. {goal_sentence(curve, row)}")
    with st.container(horizontal=True):
        _open(WRONG, counted(errors, "wrong answer"), errors)
        if left:
            _open(UNANSWERED, f"{left:,} unanswered, {saved:,} of them would be wrong", left)


def goal_sentence(curve: pd.DataFrame, now: pd.Series | None) -> str:
    """How many can be answered where the next better accuracy is asked for."""
    reached, steps = 1.0 if now is None else float(now["accuracy"]), named(curve)
    for goal in _GOALS:
        row = at_accuracy(steps, goal)
        if goal > reached and row is not None:
            return (
                f"For {percent(goal)} right it can answer {percent(row['coverage'])}, from "
                f"confidence {plain_number(row['threshold'])} on."
            )
    return ""


def _open(group: str, words: str, number: int) -> None:
    chosen = selection.current().group == group

    def clicked() -> None:
        selection.update(group=None if chosen else group, example=None)

    st.button(
        words, key=group, on_click=clicked, disabled=not number,
        type="primary" if chosen else "secondary", icon=":material/photo_library:",
    )  # fmt: skip
