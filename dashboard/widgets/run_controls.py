"""Start, pause, resume, stop and more epochs: what can be asked of a run, and when."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from core import jobs
from core.config import RunConfig
from core.errors import UserError
from core.runs import Run, Status
from dashboard import live_changes, loaders, selection
from dashboard.text import counted, escaped

ENDED = ("stopped", "completed", "failed", "crashed")
_DOUBLE_SECONDS = 1.5  # between a run's first drawing and a click that was meant for Start
_PATIENCE_SECONDS = 10.0  # a page takes no longer to be drawn, however busy the machine


@dataclass
class _Started:
    """What this tab started last, and until when a click that starts it again is the same click.

    A double click comes while the page is being drawn anew. Changed in place: a script can be
    interrupted by the second click wherever it asks for the session's state.
    """

    config: RunConfig | None = None
    run_id: str = ""
    until: float = 0.0

    def note(self, run: Run) -> None:
        """A run has just been started."""
        self.config, self.run_id = run.config, run.id
        self.until = time.monotonic() + _PATIENCE_SECONDS

    def drawn(self, run_id: str) -> None:
        """A run has been drawn: who clicks now, will soon see it."""
        if run_id == self.run_id:
            self.until = min(self.until, time.monotonic() + _DOUBLE_SECONDS)

    def has_just(self, config: RunConfig) -> bool:
        """Whether a run of these settings was started by the click before."""
        return config == self.config and time.monotonic() < self.until


def _started() -> _Started:
    started: _Started = st.session_state.setdefault("started", _Started())
    return started


def start_new(config: RunConfig) -> None:
    """Creates a run, puts it into the queue and shows it; tells why if that is not possible.

    The second click of a double click shows the run of the first one.
    """
    started = _started()
    if started.has_just(config):
        st.toast("Started once. For another run of these settings, press Start new again.")
    else:
        try:
            run = loaders.store().create(config)
            jobs.start(run)
        except UserError as error:
            st.error(escaped(str(error)), icon="⚠️")
            return
        started.note(run)
    selection.update(run=started.run_id, epoch=None, cells=(), group=None, example=None)
    st.rerun()


def controls(run: Run | None, status: Status | None, config: RunConfig, startable: bool) -> None:
    """One row of buttons; each works only when it makes sense.

    Args:
        run, status: what is shown, if anything is.
        config: what Start starts.
        startable: whether that network can exist.
    """
    state = status.state if status is not None else ""
    wanted = run.control().want if run is not None and state in ("running", "paused") else ""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="controls"):
        fresh = run is None
        if st.button(
            "Start" if fresh else "Start new",
            key="start",
            type="primary" if fresh else "secondary",
            icon=":material/play_arrow:",
            disabled=not startable,
            help="Trains a new network with the settings on the left."
            if startable
            else "This network cannot exist: see the settings on the left.",
        ):
            start_new(config)
        if run is None or status is None:
            return
        _started().drawn(run.id)
        _ask("Pause", ":material/pause:", jobs.pause, run, state == "running" and wanted == "run")
        resumable = state == "paused" or (state in ENDED and status.epoch_fraction < status.epochs)
        _ask("Resume", ":material/resume:", jobs.resume, run, resumable)
        stoppable = state in ("queued", "running", "paused") and wanted != "stop"
        _ask("Stop", ":material/stop:", jobs.stop, run, stoppable)
        _more_epochs(run, state in (*ENDED, "queued", "running", "paused"))
        if st.button(
            "Close", key="close", type="tertiary", icon=":material/close:",
            help="Shows what a new run would do; this one goes on and stays on the Runs page.",
        ):  # fmt: skip
            selection.update(run=None, epoch=None, cells=(), group=None, example=None)
            st.rerun()
    if note := live_changes.added_epochs_note(run.config, status.epochs, status.epoch_fraction):
        st.caption(note)
    if run.overlay_digest is not None:
        st.caption(
            "This run learns with review decisions. **Start new** learns the labels as they are "
            "given; **Train again** on the Labels page keeps the decisions."
        )


def _ask(label: str, icon: str, action: Callable[[Run], object], run: Run, enabled: bool) -> None:
    prominent = label == "Resume" and enabled
    if st.button(
        label,
        key=label.lower(),
        icon=icon,
        disabled=not enabled,
        type="primary" if prominent else "secondary",
    ):
        _do(lambda: action(run))


def _more_epochs(run: Run, enabled: bool) -> None:
    if st.button("+1 epoch", key="one more", disabled=not enabled, help="Trains one epoch more."):
        _do(lambda: jobs.extend(run, 1))
    with st.popover("More epochs", disabled=not enabled):
        number = st.number_input(
            "How many more", min_value=1, max_value=999, value=5, step=1, key="how many more"
        )
        if st.button(f"Train {counted(number, 'epoch')} more", key="many more"):
            _do(lambda: jobs.extend(run, number))


def _do(action: Callable[[], object]) -> None:
    """Asks, then draws the page anew: the timer and the form depend on the state."""
    try:
        action()
    except UserError as error:
        st.error(escaped(str(error)), icon="⚠️")
        return
    st.rerun()
