"""The way back from what was said about images: step by step, within a session.

The last step is undone first. What others, as another tab, have changed since stays as it is, and
is told.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import streamlit as st

from core.errors import UserError
from core.review import annotations as annotating
from core.review.annotations import Change
from core.runs import Run
from dashboard import review_loaders, selection
from dashboard.change_words import told
from dashboard.text import counted, escaped, sentence

MOST = 50  # steps that are kept
_STEPS = "said_steps"
_Result = TypeVar("_Result")


@dataclass(frozen=True)
class _Step:
    """One change.

    Attributes:
        change: what it did.
        opened: the open image, where the change was about that one alone.
    """

    change: Change
    opened: int | None


def say(change: Callable[..., _Result], *args: Any) -> _Result:
    """Changes what is said about images, and keeps the way back.

    Args:
        change: a function of `core.review.annotations`.
        args: what it is called with.

    Raises:
        UserError: as the function does.
    """
    opened = selection.current().example
    with annotating.noticed() as changes:
        result = change(*args)
    for one in changes:
        about = [index for found in one.images.values() for index in found]
        step = _Step(one, opened if about == [opened] else None)
        st.session_state[_STEPS] = [*st.session_state.get(_STEPS, []), step][-MOST:]
    return result


def last_words(of: Run) -> str:
    """What was said last in this session about the images of a run's data; empty for nothing.

    Plain text.
    """
    step = _last(of)
    if step is None:
        return ""
    words = told(step.change, review_loaders.dataset_of(of).classes)
    opened = selection.current().example
    if not step.change.decisions or None in (step.opened, opened) or opened == step.opened:
        return words
    # A decision may have its image leave the list: the next one has opened in its place.
    return f"{words}; image {opened:,} is open now"


def undo(of: Run, file: str) -> None:
    """Undoes what was said last about the images of a run's data, where it still stands.

    Args:
        of: a run on the data set.
        file: that the images on the page are in: the one that it was about is opened again.
    """
    step, data = _last(of), review_loaders.dataset_of(of)
    if step is None:
        return
    words = escaped(told(step.change, data.classes))
    try:
        counts = annotating.undo(data, step.change)
    except UserError as error:
        st.toast(sentence(str(error)), icon="⚠️")
        return
    st.session_state[_STEPS] = [one for one in st.session_state[_STEPS] if one is not step]
    if not counts.restored:
        st.toast(f"{words}: changed since by others. Nothing is undone.", icon="⚠️")
        return
    if counts.left:
        marks = counted(counts.left, "mark")
        st.toast(f"Undone: {words}, but for {marks} that others have changed since.", icon="⚠️")
    else:
        st.toast(f"Undone: {words}", icon=":material/undo:")
    if step.opened is not None and list(step.change.images) == [file]:
        selection.update(example=step.opened)


def undo_row(of: Run, file: str, key: str) -> None:
    """What was said last, and a button that undoes it, where no gallery has them.

    Args:
        of: a run on the data set.
        file: as `undo` takes it.
        key: names the button.
    """
    words = last_words(of)
    if not words:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(escaped(words), width="content")
        st.button(
            "Undo", key=f"{key}_undo", type="tertiary", icon=":material/undo:", shortcut="Z",
            on_click=undo, args=(of, file),
        )  # fmt: skip


def _last(of: Run) -> _Step | None:
    steps: list[_Step] = st.session_state.get(_STEPS, [])
    name = of.config.data.name
    return next((step for step in reversed(steps) if step.change.dataset == name), None)
