"""How every page that looks at a run begins: the bar, the heading, and what is awaited."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st

from core import jobs
from core.errors import UserError
from dashboard import loaders, selection
from dashboard.text import escaped, sentence
from dashboard.widgets.run_bar import Viewed, follow, label, run_bar
from dashboard.widgets.run_heading import heading

_ENDED = {
    "stopped": "was stopped",
    "failed": "has failed",
    "crashed": "has crashed",
    "completed": "is completed",
}


@dataclass(frozen=True)
class Measured(Viewed):
    """A view of a run that has finished an epoch."""

    epoch: int


def viewed_run(awaited: str, *, splits: bool = True, titled: bool = True) -> Measured | None:
    """The run, epoch and split that the bar has settled on; None while there is nothing to show.

    Args:
        awaited: what to say while no epoch is finished, in a sentence or two.
        splits: whether the page looks at a split, and so has one to choose.
        titled: whether the run's name, state and facts stand below the bar.
    """
    viewed = run_bar(splits)
    if viewed is None:
        return None
    if titled:
        heading(viewed)
    follow(viewed)
    if viewed.epoch is None:
        if viewed.summary.state in loaders.ACTIVE:
            st.info(awaited)
        else:
            _ended_early(viewed, "" if titled else viewed.summary.message)
        return None
    return Measured(**vars(viewed))


def _ended_early(viewed: Viewed, message: str) -> None:
    """Says that no result will come of itself, and what leads to some."""
    resumable = viewed.summary.state != "completed"
    st.info(
        f"{sentence(message)} This run {_ENDED[viewed.summary.state]} and has no results, not even "
        "those of the untrained network, epoch 0. None will come by themselves"
        f"{': resume it, or look at another run' if resumable else ''}."
    )
    known = [summary for summary in loaders.summaries() if summary.state != "unreadable"]
    other = loaders.newest_with_results(known)
    with st.container(horizontal=True):
        if resumable:
            st.button(
                "Resume", key="resume_ended", icon=":material/resume:", type="primary",
                on_click=_resume, args=(viewed,),
            )  # fmt: skip
        if other is not None:
            st.button(
                f"Show the run {escaped(label(other))}", key="show_results",
                icon=":material/analytics:", on_click=_show, args=(other.id,),
            )  # fmt: skip


def _resume(viewed: Viewed) -> None:
    try:
        jobs.resume(viewed.run)
    except UserError as error:
        st.toast(sentence(str(error)), icon="⚠️", duration="long")


def _show(run_id: str) -> None:
    selection.update(run=run_id, epoch=None, compare=None, cells=(), group=None, example=None)


def leave_if_gone(viewed: Viewed) -> None:
    """Draws the whole page anew, which says so, where the run has been deleted meanwhile.

    For a fragment to begin with: its caches would go on answering.
    """
    if not viewed.run.path.is_dir():
        st.rerun()


def apart(draw: Callable[[], None]) -> None:
    """Draws a part of the page that its own controls draw anew alone: a third less to paint.

    Where one of them leads to another run, epoch or split, or the run has been deleted meanwhile,
    the whole page is drawn anew.

    Args:
        draw: asks `selection.current` for whatever its controls change.
    """
    above = _above()

    def part() -> None:
        if _above() != above:
            st.rerun()
        draw()

    st.fragment(part)()


def _above() -> tuple[Any, ...]:
    """What the bar and the lines below it are drawn for."""
    now = selection.current()
    return now.run, loaders.is_there(now.run), now.epoch, now.split, selection.problems()
