"""Draw, and see at once what one or two networks make of it."""

from dataclasses import dataclass

import streamlit as st

from core.errors import UserError
from core.runs import Run
from dashboard import drawings, example_loaders, loaders, palette, selection
from dashboard.components.pad import Drawing, pad
from dashboard.example_loaders import Pixels, Subject
from dashboard.example_pictures import answer_card, map_tiles, nothing_yet
from dashboard.text import sentence
from dashboard.widgets.attribution import Parts, attribution_panel
from dashboard.widgets.comparison import choose_comparison
from dashboard.widgets.image_choice import DRAWN, IMAGE_POOL
from dashboard.widgets.neighbours import neighbours_panel
from dashboard.widgets.run_bar import Viewed
from dashboard.widgets.run_page import leave_if_gone

# Sets whose images were scaled into a box and centred by mass; the others are as they are.
CENTRED = ("mnist", "emnist", "qmnist")
_INVERT = {"automatic": None, "yes": True, "no": False}


@dataclass(frozen=True, eq=False)  # eq would compare arrays element by element
class Input:
    """What is to be answered.

    Attributes:
        pixels: (C, H, W) uint8 that the network gets; None for nothing.
        from_file: whether it is a dropped picture.
        note: a remark on it.
    """

    pixels: Pixels | None
    from_file: bool = False
    note: str = ""


def drawing_desk(viewed: Viewed) -> None:
    """The pad and all that answers it, in a fragment: a stroke must not draw the page anew."""
    st.fragment(_desk)(viewed)


def _desk(viewed: Viewed) -> None:
    assert viewed.epoch is not None, "an image has an answer only at an epoch"
    leave_if_gone(viewed)
    shape = example_loaders.input_shape(viewed.run)
    remembered = drawings.drawing(shape)
    left, right = st.columns([10, 11], gap="large")
    with left:
        pad_spot = st.container()
        given = _given(viewed, remembered, shape)
        drawings.keep_pixels(shape, given.pixels)
    with right:
        subject, parts = _answers(viewed, given)
    if subject is not None and parts is not None:
        _behind(subject, parts)
    with pad_spot:  # last: its coming tells the browser that the answers are there
        pad(
            "draw_pad",
            shape,
            remembered,
            given.pixels,
            lambda drawn: drawings.keep_drawing(shape, drawn),
            hint=f"{_invitation(viewed)} here, or drop a picture below",
            caption=_caption(shape, given),
            aside=given.from_file,
        )


def _given(viewed: Viewed, drawing: Drawing, shape: tuple[int, int, int]) -> Input:
    """The drawing, or the dropped picture in its place, as the network gets it."""
    usual = viewed.run.config.data.name in CENTRED
    switches, drop = st.columns(2)
    with switches:
        centre = st.toggle(
            "Centre like MNIST", value=usual, key=f"draw_centre_{usual}", persist_state="session",
            help="Scales what is drawn into a box of 20 by 20 (of 28) pixels and puts its centre "
            "of mass into the middle, as MNIST's images were made. A network that has learnt from "
            "such images misreads what lies elsewhere.",
        )  # fmt: skip
    with drop:
        file = st.file_uploader(
            "A picture instead of a drawing", type=["png", "jpg", "jpeg"], key="draw_file",
            label_visibility="collapsed", max_upload_size=10,
        )  # fmt: skip
    try:
        if file is None:
            ink = drawing.pixels
            pixels = None if ink is None else example_loaders.drawn(ink, shape, centre)
            return Input(pixels)
        invert = switches.segmented_control(
            "Exchange dark and light", list(_INVERT), default="automatic", required=True,
            key="draw_invert", format_func=str.capitalize,
        )  # fmt: skip
        pixels, inverted = example_loaders.dropped(file.getvalue(), shape, centre, _INVERT[invert])
    except UserError as error:
        st.error(sentence(str(error)), icon="⚠️")
        return Input(None, from_file=file is not None)
    note = "inverted" if inverted else "not inverted"
    return Input(pixels, from_file=True, note=note)


def _answers(viewed: Viewed, given: Input) -> tuple[Subject | None, Parts | None]:
    """One network's answer, and beside it another's where one is chosen."""
    assert viewed.epoch is not None
    own, beside = st.columns(2, gap="medium")
    with own:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**Epoch {viewed.epoch}**")
            if given.pixels is not None:
                _all_maps_button()
        subject, parts = _answer(viewed, viewed.run, viewed.epoch, given)
    with beside:
        other = choose_comparison(viewed)
        if other is not None:
            _answer(viewed, other.run, other.epoch, given)
        else:
            st.caption("Choose another epoch or run to see what it makes of the same pixels.")
    return subject, parts


def _all_maps_button() -> None:
    """Takes the drawing along to the page that shows what every layer makes of it."""
    if st.button("All feature maps", key="draw_maps", type="tertiary", icon=":material/grid_view:"):
        st.session_state[IMAGE_POOL] = DRAWN
        chosen = selection.to_params(selection.current())
        st.switch_page("views/feature_maps.py", query_params=chosen)


def _answer(
    viewed: Viewed, run: Run, epoch: int, given: Input
) -> tuple[Subject | None, Parts | None]:
    """A network's answer and its first maps; None where there is nothing to answer."""
    if given.pixels is None:
        st.html(nothing_yet(_invitation(viewed)))
        return None, None
    subject = Subject(run, epoch, given.pixels)
    try:
        table = example_loaders.answer(subject)
        layer = example_loaders.first_maps(subject)
    except UserError as error:
        st.warning(sentence(str(error)), icon="⚠️")
        return None, None
    # One piece: each element more is a message more at every stroke.
    maps = "" if layer is None else map_tiles(layer.values, palette.current(), layer.name)
    st.html(answer_card(table) + maps)
    return subject, Parts.of(table)


def _behind(subject: Subject, parts: Parts) -> None:
    """Attribution, and the nearest training images."""
    why, alike = st.columns([6, 5], gap="large")
    with why:
        attribution_panel(subject, parts, "draw_why")
    with alike:
        _alike(subject, parts)


def _alike(subject: Subject, parts: Parts) -> None:
    """The nearest training images, once somebody has asked for them: that takes seconds."""
    if st.toggle(
        "Nearest training images", key="draw_alike", persist_state="session",
        help="Looks at every training image once for each epoch, a few seconds; after that it is "
        "as quick as the rest.",
    ):  # fmt: skip
        neighbours_panel(subject, parts.predicted)


def _caption(shape: tuple[int, int, int], given: Input) -> str:
    size = f"{shape[2]}×{shape[1]}"
    if given.note:
        return f"{size}, {given.note}"
    return f"{size}, the drawing in all 3 channels" if shape[0] == 3 else size


def _invitation(viewed: Viewed) -> str:
    names = loaders.dataset(viewed.run.config.data.name).classes
    digits = all(name.isdigit() for name in names)
    return "Draw a digit" if digits else "Draw something"
