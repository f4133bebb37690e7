"""One image, enlarged, with what the network says about it, and why, and what people say of it."""

import base64
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from core.errors import UserError
from core.review import annotations as annotating
from core.review.annotations import LONGEST_NAME, LONGEST_NOTE
from dashboard import images, review_loaders, selection
from dashboard.charts.probabilities import probabilities
from dashboard.components.plot import plot
from dashboard.example_loaders import Subject
from dashboard.review_images import Found, Images, find, place_of, probabilities_of
from dashboard.selection import Selection
from dashboard.text import clean, escaped, percent, sentence
from dashboard.widgets.attribution import Parts, attribution_panel
from dashboard.widgets.biography import biography_panel
from dashboard.widgets.decision import Label, decision
from dashboard.widgets.neighbours import neighbours_panel
from dashboard.widgets.run_bar import Viewed
from dashboard.widgets.sparkline import sparkline
from dashboard.widgets.tagging import kept, tell_problem

HEIGHT = 216  # pixels, of the bars
PICTURE = 150

PANELS = {
    "why": "Which pixels",
    "epochs": "Over the epochs",
    "alike": "Nearest training images",
}
_ORIGIN = {"train": "training", "test": "test"}


@dataclass(frozen=True, eq=False)
class Around:
    """The images among which the open one stands.

    Attributes:
        found: those that pass the filter.
        images: the page's.
        place: where the open one stands among them, from 0; None where it does not.
        editable: whether tags, notes and decisions can be kept.
        shortcuts: whether the decision's buttons listen to the keyboard.
        alone: whether the image stands among no others.
        key: names the gallery.
    """

    found: Found
    images: Images
    place: int | None
    editable: bool = True
    shortcuts: bool = True
    alone: bool = False
    key: str = ""


def example_pane(viewed: Viewed, index: int, around: Around | None = None) -> None:
    """Shows the image with this index in its original file; an unknown one gets a sentence.

    Args:
        viewed: run, epoch and split.
        index: of the image.
        around: the images among which it stands; None where it stands alone.
    """
    try:
        around = around or _alone(viewed, index)
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
        _answer(viewed, shown, around)
        # Where labels are decided about, that comes first; else what the network says.
        deciding = around.images.suggested is not None
        if around.editable and deciding:
            _remarks(shown, around)
        if around.found.own_answers:
            sparkline(viewed, shown.position, shown.true, key="example_story")
        # In a fragment: a choice in here must not draw the page anew.
        st.fragment(_closer_look)(viewed, shown, around.found.own_answers)
        if around.editable and not deciding:
            _remarks(shown, around)


def _alone(viewed: Viewed, index: int) -> Around:
    """Among no others."""
    assert viewed.epoch is not None, "an image has an answer only at an epoch"
    rows = review_loaders.rows(viewed.run, viewed.epoch, viewed.split)
    itself = Images("", rows[rows["index"] == index], "")
    known, problem = review_loaders.annotations_or_none(viewed.run)
    found = find(viewed.run, viewed.epoch, viewed.split, itself, Selection(), known)
    return Around(found, itself, place=None, editable=problem is None, alone=True)


def _example(viewed: Viewed, index: int, around: Around) -> images.Example:
    found = around.found
    if found.own_answers:
        return images.example(viewed.run, found.epoch, found.split, index)
    place = place_of(found.table, index)
    if place is None:
        raise UserError(f"image {index:,} of the {found.split} images is not among these")
    row = found.table.iloc[place]
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
                type="tertiary", on_click=_open, args=(rows, None),
            )  # fmt: skip


def _step(rows: pd.DataFrame, place: int | None, step: int, name: str, icon: str) -> None:
    target = None if place is None else place + step
    there = target is not None and 0 <= target < len(rows)
    st.button(
        name, key=f"example_{name}", icon=icon, help=name, type="tertiary",
        disabled=not there, on_click=_open, args=(rows, target),
    )  # fmt: skip


def _open(rows: pd.DataFrame, place: int | None) -> None:
    selection.update(example=None if place is None else int(rows["index"].iloc[place]))


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
    st.caption(
        f"Image {shown.index:,} of the {_ORIGIN[found.file]} file, {found.split} split{whose}"
    )


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
    place = place_of(around.found.table, index)
    if around.images.remark is not None and place is not None:
        st.markdown(around.images.remark(around.found.table.iloc[place]))


def _remarks(shown: images.Example, around: Around) -> None:
    """What people say of the image: tags, a decision about its label, a note."""
    found = around.found
    _tags(found, shown.index)
    looks = shown.predicted
    if around.images.suggested is not None:
        place = place_of(found.table, shown.index)
        looks = looks if place is None else found.table[around.images.suggested].iloc[place]
    label = Label(shown.true, None if pd.isna(looks) else int(looks))

    def after(decided: bool) -> None:
        if around.images.leaves == ("decided" if decided else "undecided"):
            _open_next(around)

    decision(
        found.run, found.file, {shown.index: label},
        shortcuts=around.shortcuts, after=after, place=around.key,
    )  # fmt: skip
    _note(found, shown.index)


def _open_next(around: Around) -> None:
    """The image that takes the place of the open one, which leaves the list."""
    place, last = around.place, len(around.found.rows) - 1
    if place is not None:
        target = place + 1 if place < last else place - 1
        _open(around.found.rows, target if target >= 0 else None)


def _tags(found: Found, index: int) -> None:
    key, new = f"example_tags_{found.file}_{index}", f"example_new_tag_{found.file}_{index}"
    data, names = review_loaders.dataset_of(found.run), list(found.annotations.tags)
    before = found.annotations.tags_of(found.file, index)

    def changed() -> None:
        now = st.session_state[key]
        for name in names:
            if (name in now) != (name in before):
                change = annotating.tag if name in now else annotating.untag
                kept(change, data, found.file, [index], name)

    def added() -> None:
        name = st.session_state[new].strip()
        if not name or kept(annotating.tag, data, found.file, [index], name):
            st.session_state[new] = ""

    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if names:
            st.session_state[key] = list(before)
            st.pills(
                "Tags", names, selection_mode="multi", key=key, on_change=changed,
                label_visibility="collapsed", format_func=lambda name: escaped(clean(name)),
            )  # fmt: skip
        st.text_input(
            "New tag", key=new, on_change=added, label_visibility="collapsed", width=130,
            placeholder="New tag …", max_chars=LONGEST_NAME,
        )  # fmt: skip


def _note(found: Found, index: int) -> None:
    key, unkept = f"example_note_{found.file}_{index}", f"example_unkept_{found.file}_{index}"
    data = review_loaders.dataset_of(found.run)

    def changed() -> None:
        text = st.session_state[key]
        is_kept = kept(annotating.set_note, data, found.file, index, text)
        st.session_state[unkept] = None if is_kept else text

    # What could not be kept stands there still: nobody has to write it again.
    text = st.session_state.get(unkept)
    st.session_state[key] = found.annotations.note_of(found.file, index) if text is None else text
    st.text_area(
        "Note", key=key, on_change=changed, label_visibility="collapsed", height=68,
        placeholder="Note on this image", max_chars=LONGEST_NOTE,
    )  # fmt: skip


def _closer_look(viewed: Viewed, shown: images.Example, own_answers: bool) -> None:
    """One of three panels, worked out when it is opened; it stays open for the next image."""
    panels = [name for name in PANELS if own_answers or name != "epochs"]
    panel = st.segmented_control(
        "Closer look", panels, key="example_panel", label_visibility="collapsed",
        format_func=PANELS.__getitem__, persist_state="session",
    )  # fmt: skip
    if panel is None:
        return
    assert viewed.epoch is not None
    subject = Subject(viewed.run, viewed.epoch, shown.pixels)
    if not own_answers:
        st.caption(
            f"Of the run's own network, epoch {viewed.epoch}, which may have learnt this image. "
            "The answers above are those of other networks."
        )
    if panel == "why":
        parts = Parts.of(shown.probabilities, shown.true)
        attribution_panel(subject, parts, "example_why", narrow=True)
    elif panel == "epochs":
        biography_panel(viewed, shown, "example_epochs")
    else:
        neighbours_panel(subject, shown.predicted)


def _enlarged(png: bytes, alt: str) -> str:
    """The picture with sharp pixels, whatever the screen's scale."""
    source = f"data:image/png;base64,{base64.b64encode(png).decode()}"
    style = f"image-rendering:pixelated;width:100%;max-width:{PICTURE}px;border-radius:4px"
    return f'<img src="{source}" alt="{alt}" style="{style}">'
