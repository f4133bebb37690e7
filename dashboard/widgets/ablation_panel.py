"""What the network answers without some of its filters, on the validation split."""

import pandas as pd
import streamlit as st

from core.errors import UserError
from dashboard import ablation_loaders, images, selection
from dashboard.charts.confusion_difference import difference
from dashboard.charts.filters import class_change
from dashboard.components.gallery import gallery
from dashboard.components.plot import plot
from dashboard.text import count, counted, escaped, percent, sentence
from dashboard.widgets import filter_state as state
from dashboard.widgets.example_pane import example_pane

_CELL = "filters_ablation_cell"
_CHART = 292  # pixels
_WORDS = {"broken": "broken", "fixed": "fixed", "moved": "still wrong"}


def ablation_panel(looked: state.Looked) -> None:
    """Accuracy without the silenced filters, by class and cell, and the images that flip."""
    run = looked.viewed.run
    silenced = state.silenced(run)
    try:
        with st.spinner("Asking the network without them …", show_time=False):
            effect = ablation_loaders.effect(run, looked.epoch, silenced)
    except UserError as error:
        st.error(sentence(str(error)), icon="⚠️")
        if silenced:
            _restore()
        return
    _summary(looked, effect, silenced)
    if not silenced:
        return
    cell = _cell(looked, effect)
    if (example := _open_flip(effect)) is not None:
        # In the charts' place: the image that was clicked stays about where it is.
        example_pane(looked.viewed, example)
    else:
        _charts(looked, effect, cell)
    _flips(looked, effect, cell)


def _open_flip(effect: ablation_loaders.Effect) -> int | None:
    """The open image, if it is one of those that flip."""
    chosen = selection.current()
    is_flip = chosen.split == ablation_loaders.SPLIT and chosen.example in set(
        effect.flips["index"]
    )
    return chosen.example if is_flip else None


def _charts(
    looked: state.Looked, effect: ablation_loaders.Effect, cell: tuple[int, int] | None
) -> None:
    classes, matrix = st.columns([4, 6], gap="medium")
    with classes:
        st.markdown("**Accuracy by class** · percentage points")
        plot(
            class_change(effect.per_class),
            key="ablation_classes",
            height=max(_CHART, 17 * len(effect.classes)),
            label="Change of each class's accuracy",
        )
    with matrix:
        _matrix(looked, effect, cell)


def _summary(
    looked: state.Looked, effect: ablation_loaders.Effect, silenced: ablation_loaders.Silenced
) -> None:
    before, after = effect.accuracy
    if not silenced:
        st.markdown(
            f"Every filter speaks: validation accuracy **{percent(before)}**, "
            f"{count(effect.correct[0])} of {count(effect.num_images)} images."
        )
        st.info(
            "Switch filters off with the :material/power_settings_new: on their cards, or with "
            "Space, in any layer, and see which classes suffer and which images flip. It is always "
            "measured on validation: test is kept for the end.",
            icon=":material/lightbulb:",
        )
        return
    lost = effect.correct[1] - effect.correct[0]
    words = "none lost or won" if lost == 0 else f"{counted(abs(lost), 'image')} " + (
        "lost" if lost < 0 else "won"
    )  # fmt: skip
    names = " and ".join(
        f"{layer}: {', '.join(map(str, filters))}" for layer, filters in sorted(silenced.items())
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.metric(
            f"Validation accuracy, epoch {looked.epoch}", percent(after),
            # The metric takes the sign from a hyphen only.
            f"{(after - before) * 100:.2f} points: {words}",
            width="content",
            delta_color="off" if lost == 0 else "normal",
            delta_arrow="off" if lost == 0 else "auto",
        )  # fmt: skip
        st.markdown(f"Silenced: **{names}**  \nAs it is: {percent(before)}")
        st.space("stretch")
        _restore()


def _restore() -> None:
    st.button("Restore all", key="restore", icon=":material/undo:", on_click=state.restore)


def _cell(looked: state.Looked, effect: ablation_loaders.Effect) -> tuple[int, int] | None:
    run_id, cell = st.session_state.get(_CELL, (None, None))
    known = cell is not None and max(cell) < len(effect.classes)
    return cell if run_id == looked.viewed.run.id and known else None


def _matrix(
    looked: state.Looked, effect: ablation_loaders.Effect, cell: tuple[int, int] | None
) -> None:
    run_id = looked.viewed.run.id

    def clicked(point: dict) -> None:
        try:
            true, predicted = (int(index) for index in point["customdata"])
        except (TypeError, ValueError):
            return
        chosen = (true, predicted)
        st.session_state[_CELL] = (run_id, None if chosen == cell else chosen)

    st.markdown("**Confusion matrix** · images more or fewer")
    plot(
        difference(
            effect.confusion, effect.classes, selected=() if cell is None else (cell,),
            headers=False,
        ),
        key="ablation_matrix", on_click=clicked, height=max(_CHART, 14 * len(effect.classes)),
        label="Change of the confusion matrix: rows are true classes, columns predicted ones",
    )  # fmt: skip


def _flips(
    looked: state.Looked, effect: ablation_loaders.Effect, cell: tuple[int, int] | None
) -> None:
    """The images whose prediction changed; where a cell is chosen, those that came or left."""
    rows = effect.flips_of(cell)
    _flips_title(effect, rows, cell)
    if rows.empty:
        st.info("No image is answered otherwise than before." if cell is None else
                "No image came into this cell or left it.")  # fmt: skip
        return
    run = looked.viewed.run
    pages = -(-len(rows) // images.PAGE_SIZE)
    scope = ("flips", run.id)
    page = state.page_of_cards(scope, pages)
    shown = rows[page * images.PAGE_SIZE : (page + 1) * images.PAGE_SIZE]
    sheet = images.sheet(run, ablation_loaders.SPLIT, shown["index"])
    opened = selection.current()
    gallery(
        sheet,
        ids=[int(index) for index in shown["index"]],
        captions=_captions(shown, effect.classes),
        key="ablation_flips",
        selected=opened.example if opened.split == ablation_loaders.SPLIT else None,
        page=page,
        pages=pages,
        height=208,
        zoom=max(1, round(48 / sheet.width)),
        label="Images whose prediction changed, the formerly most confident one first",
        on_open=lambda index: selection.update(split=ablation_loaders.SPLIT, example=index),
        on_page=lambda number: state.turn_cards(scope, number),
    )


def _flips_title(
    effect: ablation_loaders.Effect, rows: pd.DataFrame, cell: tuple[int, int] | None
) -> None:
    outcomes = rows["outcome"].value_counts()
    parts = [f"{count(int(outcomes[name]))} {word}" for name, word in _WORDS.items()
             if name in outcomes]  # fmt: skip
    title = f"{counted(len(rows), 'image')} flipped"
    if cell is not None:
        true, predicted = (escaped(effect.classes[index]) for index in cell)
        title = f"Class {true}, into or out of {predicted}: {counted(len(rows), 'image')}"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{title}**" + (f" · {', '.join(parts)}" if parts else ""))
        if cell is not None:
            st.button(
                "All flips", key="all_flips", type="tertiary", icon=":material/undo:",
                on_click=lambda: st.session_state.pop(_CELL, None),
            )  # fmt: skip


def _captions(shown: pd.DataFrame, classes: tuple[str, ...]) -> list[tuple[str, str]]:
    return [
        (f"{classes[before]} → {classes[after]}", f"{_WORDS[outcome]}, {classes[true]}")
        for before, after, true, outcome in zip(
            shown["before"], shown["after"], shown["true"], shown["outcome"], strict=True
        )
    ]
