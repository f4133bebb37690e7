"""Which image is looked at: by index, along a class or the errors, or by chance."""

import random
from functools import partial

import streamlit as st

from core.errors import UserError
from dashboard import loaders, map_loaders, selection
from dashboard.map_loaders import Picture
from dashboard.text import sentence
from dashboard.widgets.run_bar import Viewed

_POOL = "image_choice_pool"


def image_choice(viewed: Viewed) -> Picture | None:
    """Draws the choice and returns the image; None, after a sentence, where there is none."""
    assert viewed.epoch is not None
    try:
        names = loaders.dataset(viewed.run.config.data.name).classes
    except UserError as error:
        st.error(sentence(str(error)), icon="⚠️")
        return None
    kinds: dict[int | str, str] = {"all": "All images", "errors": "Errors"}
    kinds |= {index: f"Class {name}" for index, name in enumerate(names)}
    with st.container(horizontal=True, vertical_alignment="bottom", key="image_choice"):
        kind = st.selectbox(
            "Images", list(kinds), format_func=lambda k: kinds.get(k, "All images"), key=_POOL,
            persist_state="session", width=150,
        )  # fmt: skip
        known = _known(viewed, kind)
        index = selection.current().example
        if index is None:
            index = known[0]
        _index(index)
        _steps(known, index)
    try:
        return map_loaders.picture(viewed.run, viewed.split, index)
    except UserError as error:
        st.warning(f"{sentence(str(error))} Image {known[0]} is shown instead.", icon="⚠️")
        return map_loaders.picture(viewed.run, viewed.split, known[0])


def _known(viewed: Viewed, kind: int | str) -> list[int]:
    """The images of the choice; all of them where it cannot be had or is empty."""
    assert viewed.epoch is not None
    try:
        found = map_loaders.pool(viewed.run, viewed.epoch, viewed.split, kind)
    except UserError as error:
        st.warning(f"{sentence(str(error))} All images are offered instead.", icon="⚠️")
        found = []
    return found or map_loaders.pool(viewed.run, viewed.epoch, viewed.split, "all")


def _index(index: int) -> None:
    key = "image_choice_index"

    def changed() -> None:
        wanted = st.session_state[key]
        if wanted is not None:
            selection.update(example=int(wanted))

    st.session_state[key] = index
    st.number_input("Index", min_value=0, step=1, key=key, on_change=changed, width=130)


def _steps(known: list[int], index: int) -> None:
    """Previous, next and any image of those offered."""
    at = known.index(index) if index in known else -1
    last = len(known) - 1
    targets = (
        (":material/chevron_left:", "Previous image of these", known[max(at - 1, 0)], at <= 0),
        (":material/chevron_right:", "Next image of these", known[min(at + 1, last)], at == last),
    )
    for icon, help_text, target, off in targets:
        st.button(
            "", icon=icon, help=help_text, key=help_text, disabled=off,
            on_click=partial(selection.update, example=target),
        )  # fmt: skip
    st.button(
        "Random",
        icon=":material/shuffle:",
        key="image_choice_random",
        on_click=lambda: selection.update(example=random.choice(known)),
    )
    place = f"{at + 1:,} of {len(known):,}" if at >= 0 else f"one of {len(known):,}"
    st.caption(place if at >= 0 else f"not among these {len(known):,}")
