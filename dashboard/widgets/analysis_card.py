"""Something that is worked out on demand in the background: a button, its progress, its result."""

from collections.abc import Callable
from typing import Literal

import streamlit as st

from core.errors import UserError
from core.jobs.analysis import AnalysisState
from dashboard.text import count, sentence

_POLL_SECONDS = 0.4


def analysis_card(
    look: Callable[[bool], AnalysisState],
    show: Callable[[AnalysisState], None],
    *,
    about: str,
    button: str,
    key: str,
    icon: str,
    parts: str,
    kind: Literal["primary", "secondary"] = "secondary",
) -> None:
    """The result, the progress towards it, or the button that has it worked out.

    Args:
        look: how far it is; called with True it is started. It may raise a `UserError`.
        show: draws the result.
        about: what would be worked out, in a sentence or two.
        button: what the button says.
        key: names the button.
        icon: of the button.
        parts: what the progress counts, as in ``images``.
        kind: of the button.
    """
    found = _look(look)
    if found is None:
        return
    if found.state == "done":
        show(found)
    elif found.state == "working":
        _progress(look, parts)
    else:
        if found.state == "failed":
            st.error(sentence(found.message), icon="⚠️")
        st.caption(about)
        st.button(button, key=key, type=kind, icon=icon, on_click=_start, args=(look,))


def _look(look: Callable[[bool], AnalysisState], start: bool = False) -> AnalysisState | None:
    try:
        return look(start)
    except UserError as error:
        st.error(sentence(str(error)), icon="⚠️")
        return None


def _start(look: Callable[[bool], AnalysisState]) -> None:
    _look(look, start=True)


def _progress(look: Callable[[bool], AnalysisState], parts: str) -> None:
    """A bar that follows the work; the page is drawn anew once it ends."""

    def check() -> None:
        found = _look(look)
        if found is None or found.state != "working":
            st.rerun()
        share = found.done / found.total if found.total else 0.0
        text = f"{count(found.done)} of {count(found.total)} {parts}"
        st.progress(min(share, 1.0), text=text if found.total else "starting …")

    st.fragment(check, run_every=_POLL_SECONDS)()
