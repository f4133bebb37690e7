"""Playing a run: walks through the epochs one after the other, as fast as they can be drawn."""

import streamlit as st

from dashboard import selection
from dashboard.widgets.run_bar import Viewed

STEP_SECONDS = 0.6
_PLAYING = "playing"


def play_button(viewed: Viewed) -> None:
    """Starts and stops; at the last epoch it begins again from the untrained network."""
    playing = is_playing(viewed)
    if len(viewed.epochs) < 2:
        return
    st.button(
        "Pause" if playing else "Play",
        key="play_epochs",
        icon=":material/pause:" if playing else ":material/play_arrow:",
        help=None if playing else "Walks through the epochs",
        on_click=lambda: _toggle(viewed),
    )


def is_playing(viewed: Viewed) -> bool:
    """Whether this tab is walking through the epochs of this run."""
    return bool(st.session_state.get(_PLAYING) == viewed.run.id)


def keep_playing(viewed: Viewed) -> None:
    """Goes on to the next epoch after a moment; to be called where all else is drawn."""
    if not is_playing(viewed):
        return
    drawn = {"first": True}

    def tick() -> None:
        # The fragment runs once with the page itself: the epoch has only just been drawn.
        if drawn.pop("first", False):
            return
        _step(viewed)
        st.rerun()

    st.fragment(tick, run_every=STEP_SECONDS)()


def _toggle(viewed: Viewed) -> None:
    if is_playing(viewed):
        st.session_state.pop(_PLAYING)
        return
    st.session_state[_PLAYING] = viewed.run.id
    if viewed.epoch == viewed.epochs[-1]:
        selection.update(epoch=viewed.epochs[0])


def _step(viewed: Viewed) -> None:
    later = [epoch for epoch in viewed.epochs if viewed.epoch is not None and epoch > viewed.epoch]
    if len(later) <= 1:
        st.session_state.pop(_PLAYING, None)
    # At the right end the page follows the run to its next epochs.
    selection.update(epoch=later[0] if len(later) > 1 else None)
