"""How one map, and one value of it, came to be: from the maps that were read to the number."""

import html

import streamlit as st

from core.errors import UserError
from core.inspection.feature_maps import LayerMaps
from core.inspection.lookup import INPUT, PROBABILITIES
from core.inspection.steps import Step, WeightedSum
from dashboard import map_groups, map_loaders, selection
from dashboard.components.gallery import gallery
from dashboard.components.maps import Maps, Outline, Place, maps, ranges
from dashboard.map_loaders import Look, Network, Story
from dashboard.text import counted, escaped, plain_number, sentence

_INPUT_TILE = 168  # pixels


def value_story(look: Look, network: Network, key: str = "story") -> None:
    """The panel of the chosen layer, map and value; how to open it where none is chosen.

    Args:
        look: the image and the network.
        network: the same, opened.
        key: tells the panels of a page apart.
    """
    chosen = selection.current()
    layer = None if chosen.layer is None else network.layer(chosen.layer)
    if chosen.layer is None:
        st.caption(
            "Click a map to see how it was made, value by value. Arrows, Enter and Esc work."
        )
        return
    if layer is None:
        names = ", ".join(found.name for found in network.layers)
        st.warning(
            sentence(f"there is no layer {chosen.layer!r} in this network; it has {names}"),
            icon="⚠️",
        )
        return
    if layer.name == INPUT:
        st.caption("The input is what the network is given: no arithmetic lies behind it.")
        return
    unit, at = chosen.unit or 0, chosen.at or (0, 0)
    with st.container(border=True, key=key):
        _heading(look, layer, unit, key)
        try:
            story = map_loaders.story(look, layer.name, unit, at)
        except UserError as error:
            st.warning(sentence(str(error)), icon="⚠️")
            return
        _making(look, network, story, unit, key)
        arithmetic, field, excites = st.columns([7, 3, 5], gap="medium")
        with arithmetic:
            _steps(story)
        with field:
            _field(network, story, key)
        with excites:
            _patches(look, layer.name, unit, key)


def _heading(look: Look, layer: LayerMaps, unit: int, key: str) -> None:
    number, count = f"{key}_unit", len(layer.values)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"**How {escaped(layer.name)} was made** &ensp;:gray[{escaped(layer.detail)}, "
            f"epoch {look.epoch}] &ensp;{_counted_in(layer)}"
        )
        st.session_state[number] = min(unit, count - 1)
        st.number_input(
            "Map", 0, count - 1, key=number, width=130, label_visibility="collapsed",
            help="The number of the map or unit",
            on_change=lambda: selection.update(unit=st.session_state[number]),
        )  # fmt: skip
        st.button(
            "Close", icon=":material/close:", key=f"{key}_close",
            on_click=lambda: selection.update(layer=None, unit=None, at=None),
        )  # fmt: skip


def _counted_in(layer: LayerMaps) -> str:
    if layer.name in ("output", PROBABILITIES):
        return "class"
    return "map" if layer.values.ndim == 3 else "unit"


def _making(look: Look, network: Network, story: Story, unit: int, key: str) -> None:
    """Maps × kernels → results → sum + bias → what follows; or a dense unit's products."""
    first, last = story.steps[0], story.steps[-1]
    block = map_groups.block_of(network, last.name)
    if not block:
        if isinstance(first, WeightedSum):
            groups = map_groups.dense_making(first)
            maps(
                ranges(groups, "layer"),
                key=f"{key}_making",
                spread=False,
                label="What the unit reads",
            )
        return
    made = map_loaders.making(look, block[0], unit)
    groups = map_groups.conv_making(made, network, block, unit)

    def clicked(place: Place | None) -> None:
        if place is None:
            selection.update(layer=None, unit=None, at=None)
        elif place.group in block:
            selection.update(layer=place.group, at=(place.row, place.column))
        elif place.group == map_groups.RESULTS:
            selection.update(layer=block[0], at=(place.row, place.column))
        elif place.group == map_groups.INPUTS and made.source != INPUT:
            selection.update(layer=made.source, unit=place.map, at=(place.row, place.column))

    row, column = selection.current().at or (0, 0)
    maps(
        ranges(groups, "layer"),
        key=f"{key}_making",
        selected=Place(last.name, 0, row, column),
        cells=True,
        links=map_groups.conv_links(block, network, look.run.config.model),
        lens=map_groups.conv_lens(made, block, network, look.run.config.model, _place(first)),
        spread=False,
        label=f"How map {unit} of {block[0]} was made",
        on_open=clicked,
    )


def _place(first: Step) -> tuple[int, int]:
    """Where in the conv layer's map the value is followed back to."""
    return (first.position[1], first.position[2]) if len(first.position) == 3 else (0, 0)


def _steps(story: Story) -> None:
    """The chain in full precision, beside the network's own numbers."""
    st.markdown("**The arithmetic**")
    rows = "".join(_row(step) for step in story.steps)
    largest = max(abs(step.value - step.output) for step in story.steps)
    st.html(
        '<div class="cs-scroll"><table class="cs-table"><thead><tr><th>Layer</th>'
        '<th>Written out</th><th class="cs-n">Result</th><th class="cs-n">Network</th></tr>'
        f"</thead><tbody>{rows}</tbody></table></div>"
    )
    st.caption(
        f"Computed again in double precision from what each layer read. Largest difference from "
        f"the network's own output: {largest:.1e}.".replace("e-", "e\u2011")
    )


def _row(step: Step) -> str:
    place = ", ".join(map(str, step.position))
    return (
        f"<tr><td>{html.escape(step.name)}<br><span class='cs-faint'>[{place}]</span></td>"
        f"<td style='white-space:normal'>{html.escape(step.formula)}</td>"
        f"<td class='cs-n'>{step.value:.6g}</td><td class='cs-n'>{step.output:.6g}</td></tr>"
    )


def _field(network: Network, story: Story, key: str) -> None:
    """The input with a frame around the pixels that the value depends on."""
    st.markdown("**Receptive field**")
    pixels = network.layers[0].values
    top, bottom, left, right = story.box
    maps(
        [Maps(INPUT, "", pixels, colors="gray", tile=_INPUT_TILE if len(pixels) == 1 else 84)],
        key=f"{key}_field",
        outlines=[Outline(INPUT, top, bottom, left, right)],
        label="The input, and the pixels that the value depends on",
    )
    st.caption(f"Rows {top} to {bottom - 1}, columns {left} to {right - 1} of the input.")


def _patches(look: Look, layer: str, unit: int, key: str) -> None:
    """The images of the data set that excite the channel most; a click opens one."""
    if layer in (PROBABILITIES, "output"):
        st.markdown("**Images with the largest value**")
    else:
        st.markdown("**Top patches of this channel**")
    try:
        found = map_loaders.patches(look.run, look.epoch, _measured(layer), unit)
    except UserError as error:
        st.warning(sentence(str(error)), icon="⚠️")
        return
    numbers = [plain_number(float(f"{value:.3g}")) for value in found.value]
    gallery(
        found.sheet,
        ids=found.index,
        captions=list(zip(found.labels, numbers, strict=True)),
        key=f"{key}_patches",
        height=236,
        zoom=max(1, round(48 / found.sheet.width)),
        label="Patches that excite this channel most",
        on_open=lambda index: _show(found.split, index),
    )
    st.caption(
        f"Of all {found.split} images the {counted(len(found.index), 'patch', 'patches')} with "
        "the largest value: label and value. A click shows the image."
    )


def _show(split: str, index: int | None) -> None:
    if index is not None:
        selection.update(split=split, example=index)


def _measured(layer: str) -> str:
    """Where patches are looked for: a probability grows with its logit."""
    return "output" if layer == PROBABILITIES else layer
