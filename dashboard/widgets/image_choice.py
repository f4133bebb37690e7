"""Which image is looked at: by index, along a class or the errors, by chance, or a drawn one."""

import hashlib
import random
from functools import partial
from typing import Any

import streamlit as st

from core.errors import UserError
from dashboard import drawings, loaders, map_loaders, selection
from dashboard.map_loaders import Picture
from dashboard.text import sentence
from dashboard.widgets.run_bar import Viewed

IMAGE_POOL = "image_choice_pool"  # where the session keeps which images are offered
DRAWN = "drawn"  # the choice of what is on the Draw page


def image_choice(viewed: Viewed) -> list[str]:
    """Draws the choice; returns a sentence for each wish that cannot be met."""
    assert viewed.epoch is not None
    try:
        names = loaders.dataset(viewed.run.config.data.name).classes
    except UserError:  # `chosen_picture` says why
        return []
    kinds: dict[int | str, str] = {"all": "All images", "errors": "Errors"}
    kinds |= {index: f"Class {name}" for index, name in enumerate(names)}
    if _drawn(viewed) is not None:
        kinds[DRAWN] = "Your drawing"
    if st.session_state.get(IMAGE_POOL, "all") not in kinds:  # chosen on other data
        st.session_state[IMAGE_POOL] = "all"

    def changed() -> None:
        if st.session_state[IMAGE_POOL] == DRAWN:
            return
        known, _ = _known(viewed, st.session_state[IMAGE_POOL])
        selection.update(example=known[0])

    with st.container(horizontal=True, vertical_alignment="bottom", key="image_choice"):
        kind = st.selectbox(
            "Images", list(kinds), format_func=lambda k: kinds.get(k, "All images"), key=IMAGE_POOL,
            persist_state="session", on_change=changed, width=150,
        )  # fmt: skip
        if kind == DRAWN:
            st.page_link("views/draw.py", label="Draw on", icon=":material/draw:")
            return []
        known, problems = _known(viewed, kind)
        index = selection.current().example
        if index is None:
            index = map_loaders.pool(viewed.run, 0, viewed.split, "all")[0]
        _index(index)
        _steps(known, index)
    return problems


def chosen_picture(viewed: Viewed) -> Picture | None:
    """The image of the address; the first one, with a sentence, where there is no such image."""
    drawn = _drawn(viewed) if st.session_state.get(IMAGE_POOL) == DRAWN else None
    if drawn is not None:
        digest = hashlib.sha1(drawn.tobytes(), usedforsecurity=False).hexdigest()
        return Picture(digest, drawn, "Your drawing")
    index = selection.current().example
    try:
        first = map_loaders.pool(viewed.run, 0, viewed.split, "all")[0]
        if index is not None:
            try:
                return map_loaders.picture(viewed.run, viewed.split, index)
            except UserError as error:
                st.warning(f"{sentence(str(error))} Image {first} is shown instead.", icon="⚠️")
        return map_loaders.picture(viewed.run, viewed.split, first)
    except UserError as error:
        st.error(sentence(str(error)), icon="⚠️")
        return None


def _drawn(viewed: Viewed) -> Any | None:
    """What this tab has drawn for networks like the run's, (C, H, W) uint8."""
    try:
        return drawings.pixels(loaders.dataset(viewed.run.config.data.name).shape)
    except UserError:
        return None


def _known(viewed: Viewed, kind: int | str) -> tuple[list[int], list[str]]:
    """The images of the choice; all of them, and why, where it cannot be had or is empty."""
    assert viewed.epoch is not None
    everything = map_loaders.pool(viewed.run, viewed.epoch, viewed.split, "all")
    try:
        found = map_loaders.pool(viewed.run, viewed.epoch, viewed.split, kind)
    except UserError as error:
        return everything, [f"{sentence(str(error))} All images are offered instead."]
    if not found:
        return everything, ["There are no such images in this split. All images are offered."]
    return found, []


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
