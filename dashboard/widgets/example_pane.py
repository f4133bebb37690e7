"""One image, enlarged, with what the network says about it, and why, and what people say of it."""

import base64

import pandas as pd
import streamlit as st

from core.errors import UserError
from dashboard import images, selection
from dashboard.charts.probabilities import probabilities
from dashboard.components.in_sight import in_sight
from dashboard.components.plot import plot
from dashboard.review_images import probabilities_of
from dashboard.text import escaped, percent, sentence
from dashboard.widgets.closer_look import closer_look
from dashboard.widgets.example_around import Around, open_at, standing_alone
from dashboard.widgets.example_remarks import remarks
from dashboard.widgets.run_bar import Viewed
from dashboard.widgets.sparkline import sparkline
from dashboard.widgets.tagging import tell_problem
from dashboard.widgets.undoing import undo_row

HEIGHT = 192  # pixels, of the bars
PICTURE = 132

_ORIGIN = {"train": "training", "test": "test"}


def example_pane(viewed: Viewed, index: int, around: Around | None = None) -> None:
    """Shows the image with this index in its original file; an unknown one gets a sentence.

    Args:
        viewed: run, epoch and split.
        index: of the image.
        around: the images among which it stands; None where it stands alone.
    """
    try:
        around = around or standing_alone(viewed, index)
        shown = _example(viewed, index, around)
    except UserError as error:
        st.warning(sentence(str(error)), icon="⚠️")
        st.button(
            "Close", key="close_example", icon=":material/close:",
            on_click=lambda: selection.update(example=None),
        )  # fmt: skip
        return
    with st.container(border=True, key="example_pane", gap="xsmall"):
        _head(shown, around)
        if around.alone:
            tell_problem()  # no gallery does
        else:
            in_sight("example_pane", shown.index, key="example_in_sight")
        _answer(viewed, shown, around)
        # Where labels are decided about, that comes first; else what the network says.
        deciding = around.images.suggested is not None
        if around.editable and deciding:
            remarks(shown, around)
        if around.found.own_answers:
            sparkline(viewed, shown.position, shown.true, key="example_story")
        # In a fragment: a choice in here must not draw the page anew.
        judge = around.images.judge and around.images.judge(shown.index)
        st.fragment(closer_look)(viewed, shown, around.found.own_answers, judge)
        if around.editable and not deciding:
            remarks(shown, around)
        if around.editable and around.alone:  # no gallery undoes
            undo_row(around.found.run, around.found.file, "example")


def _example(viewed: Viewed, index: int, around: Around) -> images.Example:
    found = around.found
    if found.own_answers:
        return images.example(viewed.run, found.epoch, found.split, index)
    row = around.row(index)
    if row is None:
        raise UserError(f"image {index:,} of the {found.split} images is not among these")
    values = probabilities_of(found, around.images)[int(row["position"])]
    return images.example_of(viewed.run, found.file, row, values)


def _head(shown: images.Example, around: Around) -> None:
    """Which image it is, where it stands, and the ways to the next one and out."""
    rows, place = around.found.rows, around.place
    where = "not among those shown" if place is None else f"{place + 1:,} of {len(rows):,}"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        words = f"**Image {shown.index:,}**" + ("" if around.alone else f" · {where}")
        st.markdown(words, width="stretch")
        with st.container(horizontal=True, width="content", gap="small", key="signs_example"):
            if not around.alone:
                _step(rows, place, -1, "Previous image", ":material/chevron_left:")
                _step(rows, place, 1, "Next image", ":material/chevron_right:")
            st.button(
                "Close", icon=":material/close:", key="close_example", help="Close (Esc)",
                type="tertiary", on_click=open_at, args=(rows, None),
            )  # fmt: skip


def _step(rows: pd.DataFrame, place: int | None, step: int, name: str, icon: str) -> None:
    target = None if place is None else place + step
    there = target is not None and 0 <= target < len(rows)
    st.button(
        name, key=f"example_{name}", icon=icon, help=name, type="tertiary",
        disabled=not there, on_click=open_at, args=(rows, target),
    )  # fmt: skip


def _answer(viewed: Viewed, shown: images.Example, around: Around) -> None:
    """The picture and the facts, and the probabilities beside them."""
    found = around.found
    picture, bars = st.columns([PICTURE, 220], gap="small")
    with picture:
        st.html(_enlarged(shown.png, f"Image {shown.index}"))
        _facts(shown)
        _remark(shown.index, around)
    with bars:
        rows = len(shown.probabilities)
        figure = probabilities(shown.probabilities, shown.true, shown.predicted)
        with st.container(height=HEIGHT if rows > 12 else "content", border=False):
            plot(
                figure,
                key="example_probabilities",
                height=max(HEIGHT - 16, 17 * rows),
                label="Probability of each class",
            )
        whose = f", epoch {viewed.epoch}"
        if not found.own_answers:  # of no epoch of this run
            whose = "; answers of networks that have not learnt from it"
        st.caption(f"Of the {_ORIGIN[found.file]} file, {found.split} split{whose}")


def _facts(shown: images.Example) -> None:
    names = [escaped(name) for name in shown.probabilities["class"]]
    verdict = "right" if shown.true == shown.predicted else "wrong"
    st.markdown(
        f"True label **{names[shown.true]}**  \n"
        f"Predicted **{names[shown.predicted]}**, {verdict}  \n"
        f"Confidence **{percent(shown.confidence, 1)}**"
    )


def _remark(index: int, around: Around) -> None:
    """What the page has to add, as the answer of another network."""
    row = around.row(index)
    if around.images.remark is not None and row is not None:
        st.markdown(around.images.remark(row))


def _enlarged(png: bytes, alt: str) -> str:
    """The picture with sharp pixels, whatever the screen's scale."""
    source = f"data:image/png;base64,{base64.b64encode(png).decode()}"
    style = f"image-rendering:pixelated;width:100%;max-width:{PICTURE}px;border-radius:4px"
    return f'<img src="{source}" alt="{alt}" style="{style}">'
