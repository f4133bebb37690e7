"""The whole network as columns of maps for one image; of two networks where they are compared."""

from typing import Any

import streamlit as st

from core.errors import UserError
from dashboard import map_groups, map_loaders, selection
from dashboard.components.maps import Place, Scale, maps, ranges
from dashboard.map_loaders import Look, Network
from dashboard.text import escaped, percent, sentence

_SCALES: dict[Scale, str] = {"map": "Per map", "layer": "Per layer", "global": "Global"}


def scale_choice() -> Scale:
    """The range of colours."""
    chosen: Scale = st.segmented_control(
        "Colour range", list(_SCALES), default="layer", required=True, key="maps_scale",
        format_func=lambda scale: _SCALES[scale], persist_state="session",
        help="The largest magnitude of a map, of its layer or of the whole network gets the "
        "strongest colour. Blue is positive, orange negative.",
    )  # fmt: skip
    return chosen


def network_maps(looks: list[Look], scale: Scale) -> list[tuple[Look, Network]]:
    """Draws the networks, one below the other with common limits; returns those that open."""
    networks = [_opened(look) for look in looks]
    groups = [[] if found is None else map_groups.overview(found) for found in networks]
    flat = ranges([group for part in groups for group in part], scale)
    if scale == "layer" and len(looks) > 1:
        flat = _per_layer(flat)
    chosen = selection.current()
    for number, (look, found, part) in enumerate(zip(looks, networks, groups, strict=True)):
        if found is None:
            continue
        limited, flat = flat[: len(part)], flat[len(part) :]
        st.markdown(_heading(look, found))
        place = None
        if chosen.layer is not None and chosen.unit is not None:
            place = Place(chosen.layer, chosen.unit, *(chosen.at or (0, 0)))
        maps(
            limited,
            key=f"network_maps_{number}",
            selected=place,
            label=f"Feature maps of run {look.run.id} at epoch {look.epoch}",
            spread=len(limited) > 4,  # a network without conv layers is a few columns only
            height=430 if len(looks) == 1 else 300,
            reveal=f"story_{number}_making",
            on_open=opened,
        )
    return [(look, found) for look, found in zip(looks, networks, strict=True) if found is not None]


def opened(place: Place | None) -> None:
    """Puts what was clicked into the address."""
    if place is None:
        selection.update(layer=None, unit=None, at=None)
    else:
        selection.update(layer=place.group, unit=place.map, at=(place.row, place.column))


def _opened(look: Look) -> Network | None:
    try:
        return map_loaders.through(look)
    except UserError as error:
        st.error(
            f"{sentence(str(error))} Choose another epoch or run; the statistics below are not "
            "affected.",
            icon="⚠️",
        )
        return None


def _per_layer(groups: list[Any]) -> list[Any]:
    """The layers of one name share the larger limit, so that two epochs can be compared."""
    most: dict[str, float] = {}
    for group in groups:
        most[group.name] = max(most.get(group.name, 0.0), float(group.limits.max(initial=0)))
    return [group.with_limit(most[group.name]) for group in groups]


def _heading(look: Look, found: Network) -> str:
    shares = found.layers[-1].values
    best = int(shares.argmax())
    answer = f"answers **{escaped(found.classes[best])}** with {percent(float(shares[best]), 1)}"
    true = look.picture.true
    verdict = ""
    if true is not None:
        right = "right" if true == best else f"wrong: the label is {escaped(found.classes[true])}"
        verdict = f", {right}"
    name = escaped(look.run.label().name) or look.run.id
    return f"**{name}, epoch {look.epoch}** &ensp;:gray[{look.picture.title} ·] {answer}{verdict}"
