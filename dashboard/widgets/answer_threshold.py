""" "Answer only from": how many images a careful network answers, and how well."""

import bisect

import streamlit as st

from core.review.matrix import Answered
from dashboard import selection
from dashboard.text import count, counted, percent, plain_number

# Networks are sure: half of what there is to decide lies above 0.99. The last stop is the largest
# that saved confidences, which have half precision, can tell from 1.
_STOPS = (
    0.0, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.92, 0.94, 0.95, 0.96, 0.97, 0.98, 0.985,
    0.99, 0.993, 0.995, 0.997, 0.998, 0.999, 0.9995,
)  # fmt: skip
_KEY = "answer_threshold"


def answer_threshold(answered: Answered) -> None:
    """The slider, and coverage, accuracy and errors where it stands."""
    _slider(answered.threshold)
    with st.container(horizontal=True, vertical_alignment="center", key="answer_numbers"):
        _numbers(answered)


def _slider(threshold: float) -> None:
    stops = list(_STOPS)
    if threshold not in stops:  # an address may name any
        bisect.insort(stops, threshold)

    def changed() -> None:
        wanted = st.session_state[_KEY]
        unsure = (selection.current().group or "").startswith("unsure:")
        # Without a threshold there is nobody left who does not answer.
        gone = {"group": None, "example": None} if unsure and not wanted else {}
        selection.update(threshold=wanted, **gone)

    st.session_state[_KEY] = threshold
    st.select_slider(
        "Answer only from a confidence of",
        stops,
        key=_KEY,
        on_change=changed,
        format_func=lambda stop: plain_number(stop) if stop else "0, always",
        help="Below it the network says “don't know”. Matrix, strip and images follow. "
        "Near 1 confidences are kept in steps of 0.0005.",
    )


def _numbers(answered: Answered) -> None:
    if answered.threshold == 0:
        st.markdown(
            f":gray[Every image is answered:] {counted(answered.num_errors, 'error')} "
            f":gray[in {count(answered.num_answered)}, accuracy] {percent(answered.accuracy)}"
        )
        return
    st.markdown(
        f":gray[Coverage] **{percent(answered.coverage)}** :gray[·] "
        f"{count(answered.num_answered)} :gray[answered, accuracy] "
        f"**{percent(answered.accuracy)}** :gray[·] {counted(answered.num_errors, 'error')}"
    )
    st.button(
        f"{count(answered.num_unanswered)} don't know",
        key="open_unsure",
        type="tertiary",
        icon=":material/help:",
        disabled=not answered.num_unanswered,
        on_click=lambda: selection.update(cells=(), group="unsure:all", example=None),
    )
