"""How every image fared over the epochs: always right, learnt late, forgotten, never right."""

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from core.errors import UserError
from core.review.biographies import (
    VERDICTS,
    forgotten_counts,
    learnt_counts,
    verdict_counts,
)
from dashboard import answer_loaders, history_loaders, selection
from dashboard.charts.counts import count_bars
from dashboard.compare_groups import StoryGroup
from dashboard.components.plot import plot
from dashboard.history_loaders import History
from dashboard.text import counted, sentence
from dashboard.widgets.review_gallery import Images, review_gallery
from dashboard.widgets.run_bar import Viewed

HEIGHT = 600  # of the images, in pixels


def story_panel(viewed: Viewed, epoch: int) -> None:
    """Histograms of the biographies, and the images of a bar."""
    try:
        history = history_loaders.history(viewed.run, viewed.split)
        answers = answer_loaders.answers(viewed.run, epoch, viewed.split)
    except UserError as error:
        st.error(f"{sentence(str(error))} Choose another epoch.", icon="⚠️")
        return
    if history.epochs[-1] == 0:
        st.info(
            "Only the untrained network has answered so far: the first biographies appear here "
            "when epoch 1 is finished."
        )
        return
    chosen = StoryGroup.read(selection.current().group)
    numbers, images = st.columns([4, 8], gap="medium")
    with numbers:
        st.markdown(_told(history))
        for problem in history.problems:
            st.caption(sentence(problem))
        _charts(history, chosen)
    with images:
        rows = history_loaders.story_rows(
            answers.examples, history.table,
            verdict=chosen.verdict, since=chosen.since, lost=chosen.lost,
        )  # fmt: skip
        shown = _images(rows, chosen, answers.classes)
        review_gallery(viewed, shown, key="stories", height=HEIGHT)


def _told(history: History) -> str:
    counts = verdict_counts(history.table)
    forgotten = counts["unsteady"] + counts["forgotten"]
    total = len(history.table)
    number = sum(epoch > 0 for epoch in history.epochs)
    return (
        f"After {counted(number, 'epoch')}, **{counts['always right']:,} of {total:,} images** "
        f"were right every time, {counts['learnt']:,} were learnt later and kept, "
        f"**{forgotten:,} were forgotten at least once** and {counts['never right']:,} were never "
        "right."
    )


def _charts(history: History, chosen: StoryGroup) -> None:
    """Three histograms; a second click on a bar undoes the first."""
    stories = verdict_counts(history.table)
    names = [verdict for verdict in VERDICTS if verdict != "untrained"]
    learnt = learnt_counts(history.table, history.epochs)
    forgotten = forgotten_counts(history.table)
    st.markdown("**Verdict** · a click on a bar shows its images")
    st.caption("The bars of all three charts are logarithmic.")
    for field, values, counts, title, key, label in (
        ("verdict", names, [stories[name] for name in names], "", "story_verdicts",
         "Images of each verdict"),
        ("since", learnt["epoch"].tolist(), learnt["images"].tolist(), "right for good since epoch",
         "story_learnt", "Images right for good since each epoch"),
        ("lost", forgotten["times"].tolist(), forgotten["images"].tolist(), "times forgotten",
         "story_forgotten", "Images forgotten so often"),
    ):  # fmt: skip
        upright = field != "verdict"  # names need more room than numbers
        figure = count_bars(
            values, counts, title, selected=getattr(chosen, field), horizontal=not upright
        )
        clicked = _listener(field, values, chosen)
        plot(figure, key=key, on_click=clicked, height=152 if upright else 136, label=label)


def _listener(
    field: str, values: Sequence[int | str], chosen: StoryGroup
) -> Callable[[dict[str, Any]], None]:
    """What a click on the bar of one of these values does."""

    def clicked(point: dict[str, Any]) -> None:
        value: Any = point.get("customdata")
        if type(value) in (int, str) and value in values:
            group = StoryGroup(**{field: value})
            shown = StoryGroup() if group == chosen else group
            selection.update(group=shown.written(), example=None)

    return clicked


def _images(rows: pd.DataFrame, chosen: StoryGroup, classes: tuple[str, ...]) -> Images:
    def caption(shown: pd.DataFrame) -> list[tuple[str, str]]:
        return [
            (f"{classes[true]} → {classes[predicted]}", _story(verdict, since, lost))
            for true, predicted, verdict, since, lost in zip(
                shown["true"], shown["predicted"], shown["verdict"], shown["learnt"],
                shown["times_forgotten"], strict=True,
            )
        ]  # fmt: skip

    return Images(
        title=_title(chosen),
        rows=rows,
        ranking="Most forgotten",
        empty="No image has such a history. Choose another bar.",
        caption=caption,
    )


def _title(chosen: StoryGroup) -> str:
    if chosen.verdict is not None:
        return chosen.verdict.capitalize()
    if chosen.since is not None:
        return f"Right for good since epoch {chosen.since}"
    if chosen.lost is not None:
        return f"Forgotten {counted(chosen.lost, 'time')}"
    return "Not always right"


def _story(verdict: str, since: Any, lost: int) -> str:
    """As short as fits under an image."""
    if lost:
        return f"lost {lost}×" if pd.isna(since) else f"back in {since}"
    return f"since {since}" if verdict == "learnt" else verdict.removesuffix(" right")
