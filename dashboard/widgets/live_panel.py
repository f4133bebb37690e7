"""A run as it trains: state, progress, curves, first filters and confusion matrix.

Twice a second while the run is active, what moves is drawn anew; filters and matrix change with an
epoch, and are sent then. Nothing is drawn when nothing can change.
"""

import html
import time

import streamlit as st

from core import jobs
from core.config import RunConfig
from core.datasets.catalog import CATALOG
from core.errors import UserError
from core.runs import Run, Status
from dashboard import answer_loaders, live_changes, loaders, palette, pictures, wording
from dashboard.charts import curves
from dashboard.charts.confusion import confusion
from dashboard.components.plot import plot
from dashboard.text import count, duration, escaped, percent, plain_number
from dashboard.widgets.run_controls import controls
from dashboard.widgets.run_heading import STATE_COLORS

_TICK_SECONDS = {"queued": 0.5, "running": 0.5, "paused": 2.0}
_REDRAW_SECONDS = 2.0  # at least between two drawings of the whole page, however short an epoch
_CURVE_HEIGHT, _MATRIX_HEIGHT = 270, 300
_REMEDIES = {
    "failed": "When the cause is out of the way, Resume goes on; or start with other settings.",
    "crashed": "Nothing that was finished is lost.",
}


def live_panel(run: Run, config: RunConfig, startable: bool) -> None:
    """The panel of a run, with a timer while the run is active.

    Args:
        run: what is shown.
        config: what the Start button starts.
        startable: whether that network can exist.
    """
    state, epochs, drawn = run.status().state, run.epochs(), time.monotonic()
    asked = run.control().revision

    def tick() -> None:
        status = _status(run)
        if status is None:
            st.rerun()
        _heading(run, status)
        controls(run, status, config, startable)
        _progress(run, status)
        _troubles(run, status)
        if state in _TICK_SECONDS or status.epoch_fraction > 0 or epochs:
            _curves(run, status)
            _requests(run, status)
        # The form and the timer depend on the state and on what is asked, be it by another tab;
        # filters and matrix on the epoch. Only now: a click that came with this tick has been
        # carried out above.
        is_due = time.monotonic() - drawn > _REDRAW_SECONDS and run.epochs() != epochs
        if status.state != state or run.control().revision != asked or is_due:
            st.rerun()

    st.fragment(tick, run_every=_TICK_SECONDS.get(state))()
    _inside(run, epochs)


def _status(run: Run) -> Status | None:
    """Where the run stands; None if its folder is gone, which the page drawn anew tells."""
    try:
        return run.status()
    except UserError:
        return None


def _heading(run: Run, status: Status) -> None:
    label = run.label()
    data = CATALOG[status.dataset].title if status.dataset in CATALOG else status.dataset
    kind = wording.option_title(status.preset or "custom")
    name = escaped(label.name) or f"{kind} on {escaped(data)}"
    state = status.state if status.responding else "not responding"
    color = STATE_COLORS.get(state, "red")
    parameters = f"{count(status.parameters)} parameters · " if status.parameters else ""
    st.markdown(
        f"#### {name} &nbsp;:{color}-badge[{state}]&nbsp; :small[:gray[{parameters}{run.id}]]"
    )


def _progress(run: Run, status: Status) -> None:
    planned = max(status.epochs, 1)
    st.progress(min(1.0, status.epoch_fraction / planned), text=_progress_text(run, status))
    steps = loaders.curve(run).steps
    rate = plain_number(float(f"{steps[-1].learning_rate:.2g}")) if steps else "—"
    tiles = {
        "Train loss, last steps": f"{steps[-1].loss:.4f}" if steps else "—",
        "Validation accuracy": percent(status.validation_accuracy),
        "Test accuracy": percent(status.test_accuracy),
        "Images per second": f"{status.images_per_second:,.0f}" if steps else "—",
        "Learning rate now": rate,
        "Training time": duration(status.train_seconds) if steps else "—",
    }
    cells = "".join(
        f'<div class="cs-tile"><span>{name}</span><b>{html.escape(value)}</b></div>'
        for name, value in tiles.items()
    )
    st.html(f'<div class="cs-tiles">{cells}</div>')


def _progress_text(run: Run, status: Status) -> str:
    if status.state == "queued":
        return _queue_text(run)
    wanted = run.control().want
    place = f"Epoch {min(status.epochs, int(status.epoch_fraction) + 1)} of {status.epochs}"
    if status.state == "running":
        if wanted != "run":
            return f"{place} · {'pausing' if wanted == 'pause' else 'stopping'} …"
        if status.epoch_fraction == 0:
            return f"{place} · {escaped(status.message) or 'getting ready'}"
        return f"{place} · {duration(status.eta_seconds)} left"
    if status.state == "paused":
        return f"{place} · paused" if wanted == "pause" else f"{place} · going on …"
    done = f"{status.epoch} of {status.epochs} epochs done"
    shown = status.message and status.state not in _REMEDIES
    return f"{done} · {escaped(status.message)}" if shown else done


def _queue_text(run: Run) -> str:
    waiting = loaders.queue()
    place = waiting.index(run.id) + 1 if run.id in waiting else 1
    text = f"Waiting for its turn: number {place} of {max(len(waiting), place)} in the queue"
    holders = [other for other in loaders.summaries() if other.state in ("running", "paused")]
    if holders:
        names = ", ".join(
            f"{escaped(other.name or other.id)} is {other.state}" for other in holders
        )
        text += f" · {names}"
    return text


def _troubles(run: Run, status: Status) -> None:
    if status.state in _REMEDIES:
        reason = escaped((status.message or "The training process ended").rstrip("."))
        st.error(f"{reason}.\n\n{_REMEDIES[status.state]}", icon="⚠️")
        if tail := run.log_tail(12).strip():
            with st.expander("What the training process printed last"):
                st.code(tail, language=None)
    elif not status.responding:
        st.warning(
            "The training process has given no sign of life for ten seconds. A machine under heavy "
            "load does that. If it stays so, end the process: Resume then goes on from the last "
            "checkpoint.",
            icon="⚠️",
        )
        if st.button("End the process", key="end process"):
            jobs.kill(run)
            st.rerun()


def _curves(run: Run, status: Status) -> None:
    curve, planned = loaders.curve(run), max(status.epochs, 1)
    left, right = st.columns(2, gap="small")
    with left:
        plot(
            curves.loss_curves(curve, planned, run.id),
            key=f"loss {run.id}",
            height=_CURVE_HEIGHT,
            label="Loss: train by step, validation by epoch",
        )
    with right:
        plot(
            curves.accuracy_curves(curve, planned, run.id),
            key=f"accuracy {run.id}",
            height=_CURVE_HEIGHT,
            label="Accuracy by epoch: train and validation",
        )


def _requests(run: Run, status: Status) -> None:
    """What was changed while training: what is asked for beside what is in force."""
    rows = live_changes.requests(
        run.config, run.control().changes, status.applied, status.epoch_fraction
    )
    if not rows:
        return
    body = "".join(
        f"<tr><td>{html.escape(row.title)}</td><td class='cs-n'>{html.escape(row.requested)}</td>"
        f"<td class='cs-n'>{html.escape(row.in_force)}</td>"
        f"<td>{html.escape(row.state)}</td></tr>"
        for row in rows
    )
    st.html(
        "<table class='cs-table'><thead><tr><th>Changed while training</th>"
        "<th class='cs-n'>Requested</th><th class='cs-n'>In force</th><th></th></tr></thead>"
        f"<tbody>{body}</tbody></table>"
    )


def _inside(run: Run, epochs: list[int]) -> None:
    """The first layer's filters and the confusion matrix of the last finished epoch."""
    if not epochs:
        if run.status().state in _TICK_SECONDS:
            st.caption("Filters and confusion matrix appear with the untrained network.")
        return
    left, right = st.columns(2, gap="medium")
    try:
        with left:
            _filters(run, epochs[-1])
        with right:
            st.markdown(f"**Confusion matrix** :gray[· validation, epoch {epochs[-1]}]")
            answers = answer_loaders.answers(run, epochs[-1], "validation")
            plot(
                confusion(answers.matrix, answers.classes),
                key=f"small matrix {run.id}",
                height=_MATRIX_HEIGHT,
                label="Confusion matrix on validation: rows true, columns predicted",
            )
    except UserError as error:
        st.caption(f"⚠ {escaped(str(error))}")


def _filters(run: Run, epoch: int) -> None:
    info = run.dataset_info()
    if info is None:
        st.caption("⚠ The run's dataset.json is missing or damaged: its filters cannot be drawn.")
        return
    shape = info.shape
    maps = pictures.first_filters(loaders.weights(run.id, epoch), shape)
    st.markdown(f"**First layer's filters** :gray[· epoch {epoch}]")
    if maps is None:
        st.caption("The first layer's weights are no images here.")
        return
    picture = pictures.filter_picture(maps, palette.current())
    st.html(pictures.image_tag(picture, f"{len(maps)} filters of the first layer"))
    st.caption("Blue is positive, orange negative, all on one scale.")
