"""The chosen filter: its kernels, what excites it, whom it answers to, and who is like it."""

import pandas as pd
import streamlit as st

from core.errors import UserError
from dashboard import filter_loaders, filter_measures, loaders, selection
from dashboard.charts.filters import class_spread
from dashboard.components.gallery import gallery
from dashboard.components.maps import Maps, Place, maps, ranges
from dashboard.components.plot import plot
from dashboard.text import count, counted, percent, points, sentence
from dashboard.widgets import filter_state as state
from dashboard.widgets.example_pane import example_pane
from dashboard.widgets.filter_grid import Scale
from dashboard.widgets.maximised_image import maximised_image

_MOST_MAPS = 64  # kernels drawn large
NUM_TWINS = 3
NUM_ROW = 11  # images in a row of the panel on a screen of 1,440 pixels
_SPREAD_KEY = "filters_bar"  # the bar of the histogram whose images are shown


def filter_panel(looked: state.Looked, scale: Scale) -> None:
    """Everything about the chosen filter; what is being measured says so."""
    seen, answered, problem = _measured(looked)
    kernels, image, twins = st.columns([21, 17, 29], gap="small")
    with kernels:
        _kernels(looked, scale)
    with image:
        maximised_image(looked)
    with twins:
        _twins(looked)
    _facts(looked, seen)
    if answered is not None:
        _images(looked, answered)
    example = selection.current().example
    if example is not None:  # below the patches: what was clicked stays where it is
        example_pane(looked.viewed, example)
    if problem:
        st.error(sentence(problem), icon="⚠️")
    elif answered is None:
        st.caption(f"Asking the filter about all {looked.viewed.split} images …")
    else:
        _spread(looked, answered)


def _measured(
    looked: state.Looked,
) -> tuple[filter_measures.Activity | None, filter_measures.Responses | None, str]:
    run, split = looked.viewed.run, looked.viewed.split
    try:
        seen = filter_measures.activity(run, looked.epoch, looked.layer.name)
        return seen, filter_measures.responses(run, looked.epoch, looked.layer.name, split), ""
    except UserError as error:
        return None, None, str(error)


def _kernels(looked: state.Looked, scale: Scale) -> None:
    kernels = looked.layer.kernels[looked.unit]
    inputs = len(kernels)
    group = Maps(
        name="kernels",
        title=f"Filter {looked.unit} of {looked.layer.name}",
        values=kernels[:_MOST_MAPS],
        captions=[f"input {index}" for index in range(inputs)] if inputs <= 6 else [],
        tile=132 if inputs == 1 else 56 if inputs <= 6 else 18,
        columns=inputs if inputs <= 3 else 3 if inputs <= 6 else 8,
        total=inputs if inputs > _MOST_MAPS else None,
    )
    shared = {"layer": looked.layer.largest, "network": looked.layer.largest_anywhere}
    if scale in shared:
        limit = group.values[:, 0, 0] * 0 + shared[scale]
        group = Maps(**{**vars(group), "limits": limit})
    else:
        (group,) = ranges([group], "map" if scale == "kernel" else "layer")
    maps([group], key="chosen_kernels", flow="rows", label=group.title)


def _facts(looked: state.Looked, seen: filter_measures.Activity | None) -> None:
    layer, unit = looked.layer, looked.unit
    facts = [f"Norm {layer.norms[unit]:.3f}"]
    if seen is not None:
        facts.append(f"active in {percent(float(seen.active_share[unit]), 1)} of places")
        if unit in seen.dead:
            facts.append("**dead** on validation")
    if unit in layer.twins:
        facts.append(f"**near-duplicate** of filter {layer.twins[unit]}")
    lost = state.importance_of(looked)
    if lost is not None:
        facts.append(f"{points(-lost[unit], 2)} points of accuracy without it")
    st.caption(" · ".join(facts))


def _images(looked: state.Looked, answered: filter_measures.Responses) -> None:
    """The top patches, or the images of the bar of the histogram that was clicked."""
    run, split, unit = looked.viewed.run, looked.viewed.split, looked.unit
    bar = _chosen_bar(looked)
    classes = answered.predictor.classes
    if bar is None:
        shown = filter_measures.patches(run, split, answered, unit)
        st.markdown(f"**Top patches** · what in the {split} images excites it most: label, answer")
    else:
        label, place = bar
        shown = filter_measures.images_in_bar(run, split, answered, unit, place, label)
        _bar_title(looked, answered, bar, shown)
    if shown.table.empty:
        st.info("No image falls into this bar. Click another one.")
        return
    opened = selection.current().example
    indices = [int(index) for index in shown.table["index"]]
    zoom = max(1, round(48 / shown.sheet.width))
    rows = 1 if len(indices) <= NUM_ROW else 2
    gallery(
        shown.sheet,
        ids=indices,
        captions=_captions(shown.table, classes),
        key="filter_images",
        selected=opened if opened in indices else None,
        height=rows * (shown.sheet.height * zoom + 50) + 4,
        zoom=zoom,
        label="Images that the filter answers, the strongest answer first",
        on_open=lambda index: selection.update(example=index),
    )


def _bar_title(
    looked: state.Looked,
    answered: filter_measures.Responses,
    bar: tuple[int, int],
    shown: filter_measures.Shown,
) -> None:
    label, place = bar
    spread = filter_measures.histogram(
        looked.viewed.run, looked.viewed.split, answered, looked.unit
    )
    low, high = spread.edges[place], spread.edges[place + 1]
    with st.container(horizontal=True, vertical_alignment="center"):
        first = f", the first {len(shown.table)}" if len(shown.table) < shown.total else ""
        st.markdown(
            f"**Class {answered.predictor.classes[label]}, {low:.2f} to {high:.2f}** · "
            f"{counted(shown.total, 'image')}{first}"
        )
        st.button(
            "Top patches", key="back_to_patches", type="tertiary", icon=":material/undo:",
            on_click=lambda: st.session_state.pop(_SPREAD_KEY, None),
        )  # fmt: skip


def _captions(table: pd.DataFrame, classes: tuple[str, ...]) -> list[tuple[str, str]]:
    return [
        (classes[true], f"{value:.2f}")
        for true, value in zip(table["true"], table["value"], strict=True)
    ]


def _scope(looked: state.Looked) -> tuple[object, ...]:
    viewed = looked.viewed
    return viewed.run.id, looked.epoch, viewed.split, looked.layer.name, looked.unit


def _chosen_bar(looked: state.Looked) -> tuple[int, int] | None:
    scope, bar = st.session_state.get(_SPREAD_KEY, (None, None))
    return bar if scope == _scope(looked) else None


def _spread(looked: state.Looked, answered: filter_measures.Responses) -> None:
    viewed, bar = looked.viewed, _chosen_bar(looked)
    spread = filter_measures.histogram(viewed.run, viewed.split, answered, looked.unit)
    classes = answered.predictor.classes

    def clicked(point: dict) -> None:
        try:
            label, place = (int(index) for index in point["customdata"])
        except (TypeError, ValueError):
            return
        chosen = (label, place)
        if chosen == bar:
            st.session_state.pop(_SPREAD_KEY, None)
        else:
            st.session_state[_SPREAD_KEY] = (_scope(looked), chosen)

    images = count(loaders.splits(viewed.run).sizes[viewed.split])
    st.markdown(
        f"**Answers by class** · {images} {viewed.split} images; the tick is a class's mean, "
        "a click shows the images"
    )
    plot(
        class_spread(spread, classes, bar),
        key="filter_spread",
        on_click=clicked,
        height=min(720, 60 + 17 * len(classes)),
        label="How strongly the filter answers the images of each class",
    )


def _twins(looked: state.Looked) -> None:
    """The filters most like this one; a click opens one."""
    nearest = filter_loaders.twins(looked.layer, looked.unit, NUM_TWINS)
    if nearest.empty:
        return
    st.markdown("**Nearest twins** · by cosine")
    inputs = looked.layer.kernels.shape[1]
    groups = [
        Maps(
            name=str(channel),
            title=f"Filter {channel}",
            detail=f"{alike:.2f}".replace("-", "−"),
            values=looked.layer.kernels[channel][:9],
            tile=66 if inputs == 1 else 23,
            columns=min(3, inputs),
            total=inputs if inputs > 9 else None,
        )
        for channel, alike in zip(nearest["channel"], nearest["similarity"], strict=True)
    ]

    def opened(place: Place | None) -> None:
        if place is not None:
            state.open_filter(int(place.group))

    maps(ranges(groups, "layer"), key="filter_twins", label="Nearest twins", on_open=opened)
