"""Errors that many runs share, beside what bad luck alone would make of their error rates."""

from datetime import datetime
from typing import Any

import pandas as pd
import streamlit as st

from core.errors import UserError
from core.review.agreement import DIFFERENT, Agreement
from core.runs import RunSummary
from dashboard import answer_loaders, history_loaders, loaders, selection
from dashboard.charts.counts import wrong_in
from dashboard.compare_groups import RunsGroup, tail_of
from dashboard.components.plot import plot
from dashboard.history_loaders import MOST_RUNS, Taking
from dashboard.text import clean, counted, moment, sentence
from dashboard.widgets.review_gallery import Images, review_gallery
from dashboard.widgets.run_bar import Viewed

HEIGHT = 560  # of the images, in pixels


def agreement_panel(viewed: Viewed, epoch: int) -> None:
    """Which runs, how many images each number of them reads wrong, and these images."""
    chosen = RunsGroup.read(selection.current().group)
    ids = _choose_runs(viewed, chosen)
    if not ids:
        _invite(viewed)
        return
    try:
        taking, refused = history_loaders.taking_part(
            viewed.run, epoch, viewed.split, ids, "best" if chosen.best else "last"
        )
        found = history_loaders.agreement_of(taking, viewed.split)
        examples = answer_loaders.answers(viewed.run, epoch, viewed.split).examples
    except UserError as error:
        st.error(f"{sentence(str(error))} Choose another epoch.", icon="⚠️")
        return
    if refused:
        st.caption(f"Left out: {' '.join(map(sentence, refused))}")
    if len(taking) < 2:
        st.info("No other run is left to compare with. Choose one above, or train another.")
        return
    number = min(chosen.wrong_in or len(taking), len(taking))
    numbers, images = st.columns([4, 8], gap="medium")
    with numbers:
        _told(found, len(taking))
        _bars(found, chosen, number)
        _runs(found, taking)
    with images:
        rows = history_loaders.wrong_rows(examples, found, number)
        shown = _images(rows, number, len(taking), viewed)
        review_gallery(viewed, shown, key="agreement", height=HEIGHT)


def _choose_runs(viewed: Viewed, chosen: RunsGroup) -> tuple[str, ...]:
    """The other runs that take part; the choice stands in the address."""
    others = {summary.id: summary for summary in history_loaders.candidates(viewed.run)}
    usual = history_loaders.completed(viewed.run)
    tails = None if chosen.tails is None else set(chosen.tails)
    ids = [i for i in others if (i in usual if tails is None else tail_of(i) in tails)]
    which, runs = st.columns([3, 9], vertical_alignment="bottom", gap="medium")

    def changed() -> None:
        wanted = tuple(st.session_state["agreement_runs"])
        same = set(wanted) == set(usual)
        group = RunsGroup(
            best=st.session_state["agreement_which"] == "best",
            tails=None if same else tuple(map(tail_of, wanted)),
        )
        selection.update(group=group.written(), example=None)

    st.session_state["agreement_runs"] = ids
    st.session_state["agreement_which"] = "best" if chosen.best else "last"
    runs.multiselect(
        "Compared with", list(others), key="agreement_runs", on_change=changed,
        max_selections=MOST_RUNS - 1, placeholder="Other runs on the same data",
        format_func=lambda run_id: _told_apart(others[run_id]),
    )  # fmt: skip
    which.segmented_control(
        "Other runs at", ("last", "best"), key="agreement_which", on_change=changed, required=True,
        width="stretch", format_func=lambda name: f"Their {name} epoch",
        help="This run takes part with the epoch chosen above. The best epoch of a run is the one "
        "with the highest validation accuracy.",
    )  # fmt: skip
    return tuple(ids)


def _told_apart(summary: RunSummary) -> str:
    created = moment(datetime.fromtimestamp(summary.created), datetime.now())
    return f"{clean(summary.name) or summary.id} · {created} · {tail_of(summary.id)}"


def _invite(viewed: Viewed) -> None:
    st.info(
        "Errors that several runs share need at least two runs on the same data, and there is no "
        "other completed one. Train this configuration again with another seed: what both read "
        "wrong is hard or mislabelled, what only one does is bad luck."
        if not history_loaders.candidates(viewed.run)
        else "Choose at least one other run above."
    )
    st.page_link("views/train.py", label="Train another run", icon=":material/play_arrow:")


def _told(found: Agreement, num_runs: int) -> None:
    images, expected = (found.table[name].iloc[-1] for name in ("images", "expected"))
    same = found.num_agreed
    luck = f"{expected:,.0f}" if expected >= 9.95 else f"{expected:.1f}"
    luck = "less than 0.1" if expected < 0.05 else luck
    first = (
        f"**{counted(int(images), 'image')} {'is' if images == 1 else 'are'} read wrong by all "
        f"{num_runs} runs**; if they erred independently of each other, {luck} would be."
    )
    second = (
        f" {same:,} of them {'gets' if same == 1 else 'get'} the same wrong answer from every run "
        "(*agree*): look at the image and its label before you blame a network."
        if images
        else ""
    )
    st.markdown(first + second)


def _bars(found: Agreement, chosen: RunsGroup, number: int) -> None:
    def clicked(point: dict[str, Any]) -> None:
        wanted = point.get("customdata")
        if isinstance(wanted, int):
            group = RunsGroup(wanted, chosen.best, chosen.tails)
            selection.update(group=group.written(), example=None)

    plot(
        wrong_in(found.table, number),
        key="agreement_bars",
        on_click=clicked,
        height=260,
        label="Images read wrong by exactly so many runs; lines show what luck would give",
    )


def _runs(found: Agreement, taking: list[Taking]) -> None:
    table = pd.DataFrame(
        {
            "Run": [f"{clean(part.name, 40)} · {tail_of(part.run.id)}" for part in taking],
            "Epoch": [part.epoch for part in taking],
            "Errors": found.errors,
            "Alone": found.alone,
        }
    )
    st.dataframe(
        table,
        key="agreement_table",
        hide_index=True,
        height="content" if len(table) <= 6 else 240,
        column_config={
            "Run": st.column_config.TextColumn(width="medium"),
            "Errors": st.column_config.NumberColumn(format="localized"),
            "Alone": st.column_config.NumberColumn(
                format="localized", help="Images that only this run reads wrong."
            ),
        },
        alt="Errors of each run, and how many of them no other run makes",
    )


def _images(rows: pd.DataFrame, number: int, num_runs: int, viewed: Viewed) -> Images:
    classes = loaders.dataset(viewed.run.config.data.name).classes

    def caption(shown: pd.DataFrame) -> list[tuple[str, str]]:
        return [
            (
                f"{classes[true]} → {classes[predicted if answer == DIFFERENT else answer]}",
                _whose(true != predicted, answer != DIFFERENT, number),
            )
            for true, predicted, answer in zip(
                shown["true"], shown["predicted"], shown["answer"], strict=True
            )
        ]

    everyone = "all" if number == num_runs else f"exactly {number} of"
    return Images(
        title=f"Wrong in {everyone} {num_runs} runs",
        rows=rows,
        order="loss",
        empty=f"No image is read wrong by {everyone} {num_runs} runs. Choose another bar.",
        caption=caption,
    )


def _whose(is_ours: bool, is_shared: bool, number: int) -> str:
    """As short as fits under an image: who is wrong, or whether they give the same answer."""
    if number == 1:
        return "this run" if is_ours else "another"
    return "agree" if is_shared else "differ"
