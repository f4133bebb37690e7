"""How every page that looks at a run begins: the bar, the heading, and what is awaited."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st

from dashboard import selection
from dashboard.widgets.run_bar import Viewed, follow, run_bar
from dashboard.widgets.run_heading import heading


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
        st.info(awaited)
        return None
    return Measured(**vars(viewed))


def apart(draw: Callable[[], None]) -> None:
    """Draws a part of the page that its own controls draw anew alone: a third less to paint.

    Where one of them leads to another run, epoch or split, the whole page is drawn anew.

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
    return now.run, now.epoch, now.split, selection.problems()
