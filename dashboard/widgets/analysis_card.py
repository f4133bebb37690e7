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
    stop: Callable[[], None] | None = None,
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
        stop: asks for its end; None where it cannot be stopped. It may raise a `UserError`.
    """
    found = _look(look)
    if found is None:
        return
    if found.state == "done":
        show(found)
    elif found.state == "working":
        progress(look, parts, f"stop_{key}", stop)
    else:
        if found.state == "failed":
            st.error(sentence(found.message), icon="⚠️")
        elif found.state == "stopped":
            st.info(f"Stopped after {_told(found, parts)}.", icon=":material/stop_circle:")
        elif found.state == "crashed":
            after = f" after {_told(found, parts)}" if found.total else ""
            st.warning(f"It ended unexpectedly{after}, as when its process is killed.", icon="⚠️")
        st.caption(about)
        label = "Go on" if found.state in ("stopped", "crashed") else button
        st.button(label, key=key, type=kind, icon=icon, on_click=_start, args=(look,))


def _look(look: Callable[[bool], AnalysisState], start: bool = False) -> AnalysisState | None:
    try:
        return look(start)
    except UserError as error:
        st.error(sentence(str(error)), icon="⚠️")
        return None


def _start(look: Callable[[bool], AnalysisState]) -> None:
    _look(look, start=True)


def progress(
    look: Callable[[bool], AnalysisState],
    parts: str,
    key: str,
    stop: Callable[[], None] | None,
) -> None:
    """A bar that follows something at work; the page is drawn anew once it ends.

    Args:
        look: how far it is; never called with True.
        parts: what the bar counts, as in ``images``.
        key: of the button that stops it.
        stop: as `analysis_card` takes it.
    """

    def check() -> None:
        found = _look(look)
        if found is None or found.state != "working":
            st.rerun()
        share = found.done / found.total if found.total else 0.0
        bar, button = st.columns([6, 1], vertical_alignment="center") if stop else (st, None)
        bar.progress(min(share, 1.0), text=_told(found, parts) if found.total else "starting …")
        if stop is not None and button is not None:
            button.button(
                "Stopping …" if found.stopping else "Stop", key=key, icon=":material/stop:",
                disabled=found.stopping, on_click=_stop, args=(stop,),
            )  # fmt: skip

    st.fragment(check, run_every=_POLL_SECONDS)()


def _told(found: AnalysisState, parts: str) -> str:
    return f"{count(found.done)} of {count(found.total)} {parts}"


def _stop(stop: Callable[[], None]) -> None:
    try:
        stop()
    except UserError as error:
        st.error(sentence(str(error)), icon="⚠️")
