"""What can be done with one run, or with several: open, name, note, star, go on, delete."""

import zlib
from collections.abc import Callable, Sequence
from datetime import datetime

import streamlit as st

from core import jobs
from core.errors import UserError
from core.runs import Run, RunSummary
from dashboard import loaders, selection
from dashboard.compare_groups import RunsGroup, tail_of
from dashboard.history_loaders import MOST_RUNS
from dashboard.text import (
    clean,
    counted,
    duration,
    escaped,
    file_size,
    percent,
    sentence,
    short_count,
)
from dashboard.widgets.run_heading import STATE_COLORS

_TEXTS = ("name", "note")
_MOST_TOLD = 8  # of the runs that are about to be deleted
_NEEDS_RESUME = ("stopped", "failed", "crashed")


def run_card(summary: RunSummary, queue: Sequence[str]) -> None:
    """Facts, label and actions of one run."""
    with st.container(border=True, key="run_card"):
        if summary.state == "unreadable":
            _unreadable(summary)
            return
        _facts(summary, queue)
        _open_and_control(summary, waits=summary.id in queue)
        _label(summary)
        _delete([summary])


def several_card(summaries: Sequence[RunSummary]) -> None:
    """Actions on all ticked runs."""
    with st.container(border=True, key="run_card"):
        st.markdown(f"**{counted(len(summaries), 'run')} ticked**")
        starred = all(summary.starred for summary in summaries)
        st.button(
            "Remove the stars" if starred else "Star them",
            icon=":material/star:",
            width="stretch",
            on_click=_all,
            args=(summaries, lambda run: run.set_label(starred=not starred)),
        )
        _compare([summary for summary in summaries if summary.state != "unreadable"])
        _delete(summaries)


def _compare(summaries: Sequence[RunSummary]) -> None:
    """Two runs image by image, or what many of them read wrong; the newest is the one looked at."""
    if len(summaries) < 2:
        return
    runs = sorted(summaries, key=lambda summary: summary.created, reverse=True)
    newest, others = runs[0].id, [summary.id for summary in runs[1:MOST_RUNS]]
    group = RunsGroup(tails=tuple(map(tail_of, others))).written()
    asked = {"compare": others[0]} if len(others) == 1 else {"group": group}
    same_data = len({summary.dataset for summary in runs}) == 1
    if st.button(
        "Compare them",
        key="compare_runs",
        icon=":material/compare_arrows:",
        width="stretch",
        disabled=not same_data,
        help=None if same_data else "Only runs on the same data set can be compared.",
    ):
        st.switch_page("views/compare.py", query_params={"run": newest, **asked})


def _facts(summary: RunSummary, queue: Sequence[str]) -> None:
    star = "★ " if summary.starred else ""
    badge = f":{STATE_COLORS[summary.state]}-badge[{summary.state}]"
    st.markdown(f"**{star}{escaped(summary.name) or summary.id}** &ensp;{badge}")
    if summary.id in queue:
        st.caption(f"Number {queue.index(summary.id) + 1} of {len(queue)} in the queue.")
    if not summary.responding:
        st.warning("The training process is alive but has not reported for ten seconds.", icon="⚠️")
    if summary.message:
        st.caption(sentence(summary.message))
    st.table(
        {
            "Train accuracy": percent(summary.train_accuracy),
            "Validation accuracy": percent(summary.validation_accuracy),
            "Test accuracy": percent(summary.test_accuracy),
            "Epochs": f"{summary.epoch} of {summary.epochs}",
            "Training time": duration(summary.train_seconds),
            "Network": f"{escaped(summary.preset)}, {_parameters(summary)}",
            "Data set": escaped(summary.dataset),
            "Created": _created(summary),
        },
        border="horizontal",
    )


def _parameters(summary: RunSummary) -> str:
    number = summary.parameters
    return "parameters unknown" if number is None else f"{short_count(number)} parameters"


def _open_and_control(summary: RunSummary, waits: bool) -> None:
    link = {"run": summary.id}
    with st.container(horizontal=True):
        if st.button(
            "Open results", key="open_results", type="primary", icon=":material/analytics:"
        ):
            st.switch_page("views/results.py", query_params=link)
        if st.button("Show on Train", icon=":material/model_training:"):
            st.switch_page("views/train.py", query_params=link)
        if summary.state == "queued" and not waits:
            _action("Start", ":material/play_arrow:", summary, jobs.start)
        if summary.state in _NEEDS_RESUME or summary.state == "paused":
            _action("Resume", ":material/play_arrow:", summary, jobs.resume)
        if summary.state == "running":
            _action("Pause", ":material/pause:", summary, jobs.pause)
        if waits or summary.state in ("running", "paused"):
            _action("Stop", ":material/stop:", summary, jobs.stop)


def _action(name: str, icon: str, summary: RunSummary, act: Callable[[Run], object]) -> None:
    st.button(
        name, icon=icon, key=f"{name}_{summary.id}", on_click=_all, args=([summary], act)
    )  # fmt: skip


def _label(summary: RunSummary) -> None:
    """Name, note and star; each is saved as soon as it is changed."""
    # What is saved is in the key: a change made elsewhere shows up as a new field. Seeding the
    # session's state instead can be lost on the way to the browser, which then sends "" back.
    name, note = (f"{kind}_{summary.id}_{_stamp(getattr(summary, kind))}" for kind in _TEXTS)
    st.text_input(
        "Name",
        summary.name,
        key=name,
        max_chars=120,
        on_change=_all,
        args=([summary], lambda run: run.set_label(name=st.session_state[name])),
    )
    st.text_area(
        "Note",
        summary.note,
        key=note,
        max_chars=20_000,
        height=92,
        placeholder="What was tried, what came of it",
        on_change=_all,
        args=([summary], lambda run: run.set_label(note=st.session_state[note])),
    )
    star = f"star_{summary.id}"
    st.session_state[star] = summary.starred
    st.toggle(
        "Star",
        key=star,
        on_change=_all,
        args=([summary], lambda run: run.set_label(starred=st.session_state[star])),
    )


def _stamp(text: str) -> str:
    return f"{zlib.crc32(text.encode()):08x}"


def _delete(summaries: Sequence[RunSummary]) -> None:
    """Asks once, and says how much disk is freed."""
    active = [s for s in summaries if s.state in ("running", "paused")]
    one = len(summaries) == 1
    title = "Delete" if one else f"Delete {len(summaries)} runs"
    with st.popover(title, icon=":material/delete:", disabled=bool(active), width="stretch"):
        freed = file_size(sum(loaders.disk_size(summary.id) for summary in summaries))
        st.markdown(_question(summaries))
        st.markdown(f"It frees {freed}. No way back.")
        st.button(
            "Delete for good",
            key="delete_" + "_".join(summary.id for summary in summaries)[:200],
            type="primary",
            on_click=_remove,
            args=(summaries,),
        )
    if active:
        st.caption("A run that trains must be stopped before it can be deleted.")


def _question(summaries: Sequence[RunSummary]) -> str:
    """Which runs, each told from its namesakes; Markdown."""
    if len(summaries) == 1:
        what, *about = _told(summaries[0])
        first = f"Delete {what} with its checkpoints, curves and note?"
        return f"{first}\n\nIt was {', '.join(about)}." if about else first
    lines = [f"- {', '.join(_told(summary))}" for summary in summaries[:_MOST_TOLD]]
    if len(summaries) > _MOST_TOLD:
        lines.append(f"- and {len(summaries) - _MOST_TOLD:,} more")
    return "\n".join(["Delete these runs, with their checkpoints, curves and notes?", "", *lines])


def _told(summary: RunSummary) -> list[str]:
    """Name, time and id of a run; of an unreadable one the id. Markdown."""
    if not summary.name:
        return [f"the run **{escaped(summary.id)}**"]
    created = f"created on {_created(summary)}"
    return [f"**{escaped(summary.name)}**", created, f"id {escaped(summary.id)}"]


def _created(summary: RunSummary) -> str:
    return f"{datetime.fromtimestamp(summary.created):%-d %b %Y, %H:%M:%S}"


def _unreadable(summary: RunSummary) -> None:
    st.markdown(f"**{escaped(summary.id)}** &ensp;:red-badge[unreadable]")
    st.markdown(sentence(summary.problem))
    if loaders.store_owns(summary.id):
        st.caption("Nothing else is harmed by it. Repair the file, or delete the folder.")
        _delete([summary])
    else:
        st.caption(
            "Nothing else is harmed by it. ConvScope did not make this folder and leaves it alone; "
            "move it out of the folder of runs by hand."
        )


def _all(summaries: Sequence[RunSummary], act: Callable[[Run], object]) -> None:
    """Does something with every run; what does not work is said, and the rest is still done."""
    for summary in summaries:
        try:
            act(loaders.run(summary.id))
        except UserError as error:
            st.toast(sentence(str(error)), icon="⚠️", duration="long")


def _remove(summaries: Sequence[RunSummary]) -> None:
    freed, names = 0, []
    for summary in summaries:
        try:
            size = loaders.disk_size(summary.id)
            loaders.store().delete(summary.id)
        except UserError as error:
            st.toast(sentence(str(error)), icon="⚠️", duration="long")
            continue
        freed += size
        names.append(escaped(clean(summary.name, 40)) or summary.id)
        if selection.current().run == summary.id:
            selection.update(run=None, epoch=None, cells=(), group=None, example=None)
    if names:
        what = names[0] if len(names) == 1 else counted(len(names), "run")
        st.toast(f"Deleted {what}. {file_size(freed)} are free again.", icon="🗑️")
