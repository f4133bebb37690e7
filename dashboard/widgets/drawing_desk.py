"""Draw, and see at once what one or two networks make of it."""

from dataclasses import dataclass

import streamlit as st

from core.errors import UserError
from dashboard import example_loaders, loaders, palette
from dashboard.components.pad import Drawing, pad
from dashboard.example_loaders import Pixels, Subject
from dashboard.example_pictures import answer_card, map_tiles, nothing_yet
from dashboard.text import escaped, sentence
from dashboard.widgets.attribution import Parts, attribution_panel
from dashboard.widgets.comparison import Compared, choose_comparison
from dashboard.widgets.neighbours import neighbours_panel
from dashboard.widgets.run_bar import Viewed

# Sets whose images were scaled into a box and centred by mass; the others are as they are.
CENTRED = ("mnist", "emnist", "qmnist")
_DRAWING = "drawing"  # where the session keeps it: a component forgets all when the page is left
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
    shape = example_loaders.input_shape(viewed.run)
    remembered = st.session_state.setdefault(f"{_DRAWING}_{shape[1]}x{shape[2]}", Drawing())
    left, right = st.columns([10, 11], gap="large")
    with left:
        pad_spot = st.container()
        given = _given(viewed, remembered, shape)
    with right:
        other = choose_comparison(viewed)
        subjects = _subjects(viewed, other, given)
        answers = _answers(viewed, other, subjects)
    if answers:
        st.space("small")
        _behind(subjects, answers)
    with pad_spot:  # last: its coming tells the browser that the answers are there
        pad(
            "draw_pad",
            shape,
            remembered,
            given.pixels,
            lambda drawing: st.session_state.update({f"{_DRAWING}_{shape[1]}x{shape[2]}": drawing}),
            hint=f"{_invitation(viewed)} here",
            caption=f"{shape[2]}×{shape[1]}"
            + (", the same in 3 channels" if shape[0] == 3 else ""),
            aside=given.from_file,
        )


def _given(viewed: Viewed, drawing: Drawing, shape: tuple[int, int, int]) -> Input:
    """The drawing, or the dropped picture in its place, as the network gets it."""
    usual = viewed.run.config.data.name in CENTRED
    with st.container(horizontal=True, vertical_alignment="center"):
        centre = st.toggle(
            "Centre like MNIST", value=usual, key=f"draw_centre_{usual}", persist_state="session",
            help="Scales what is drawn into a box of 20 by 20 (of 28) pixels and puts its centre "
            "of mass into the middle, as MNIST's images were made. A network that has learnt from "
            "such images misreads what lies elsewhere.",
        )  # fmt: skip
        invert_spot = st.container()
    file = st.file_uploader(
        "Or drop a picture: PNG or JPEG, up to 10 MB", type=["png", "jpg", "jpeg"],
        key="draw_file",
    )  # fmt: skip
    try:
        if file is None:
            ink = drawing.pixels
            pixels = None if ink is None else example_loaders.drawn(ink, shape, centre)
            return Input(pixels)
        invert = invert_spot.segmented_control(
            "Invert", list(_INVERT), default="automatic", required=True, key="draw_invert",
            label_visibility="collapsed", format_func=lambda name: f"Invert: {name}",
        )  # fmt: skip
        pixels, inverted = example_loaders.dropped(file.getvalue(), shape, centre, _INVERT[invert])
    except UserError as error:
        st.error(sentence(str(error)), icon="⚠️")
        return Input(None, from_file=file is not None)
    note = "dark and light exchanged" if inverted else "as it is, not inverted"
    return Input(pixels, from_file=True, note=note)


def _subjects(viewed: Viewed, other: Compared | None, given: Input) -> list[Subject]:
    if given.pixels is None:
        return []
    assert viewed.epoch is not None
    subjects = [Subject(viewed.run, viewed.epoch, given.pixels)]
    if other is not None:
        subjects.append(Subject(other.run, other.epoch, given.pixels))
    return subjects


def _answers(viewed: Viewed, other: Compared | None, subjects: list[Subject]) -> list[Parts]:
    """A card a network; the parts that the classes play in each answer."""
    titles = [f"Epoch {viewed.epoch}", *([other.title] if other is not None else [])]
    found: list[Parts] = []
    for position, (spot, title) in enumerate(
        zip(st.columns(max(2, len(titles))), titles, strict=False)
    ):
        with spot:
            if not subjects:
                st.html(nothing_yet(title, _invitation(viewed)))
                continue
            try:
                table = example_loaders.answer(subjects[position])
            except UserError as error:
                st.warning(sentence(str(error)), icon="⚠️")
                return []
            st.html(answer_card(table, title))
            found.append(Parts.of(table))
    return found


def _behind(subjects: list[Subject], answers: list[Parts]) -> None:
    """Attribution, the first layer's maps, the nearest training images."""
    why, maps = st.columns([6, 5], gap="large")
    with why:
        st.markdown("**Which pixels speak for it**")
        attribution_panel(subjects[0], answers[0], "draw_why")
    with maps:
        _first_maps(subjects)
        _alike(subjects[0], answers[0])


def _first_maps(subjects: list[Subject]) -> None:
    for subject in subjects:
        layer = example_loaders.first_maps(subject)
        if layer is None:
            continue
        whose = f", epoch {subject.epoch}" if len(subjects) > 1 else ""
        st.markdown(f"**First feature maps** · {escaped(layer.name)}{whose}")
        st.html(map_tiles(layer.values, palette.current()))


def _alike(subject: Subject, parts: Parts) -> None:
    """The nearest training images, once somebody has asked for them: that takes seconds."""
    if st.toggle(
        "Nearest training images",
        key="draw_alike",
        persist_state="session",
        help="Looks at every training image once for each epoch, a few seconds; after "
        "that it is as quick as the rest.",
    ):
        neighbours_panel(subject, parts.predicted)


def _invitation(viewed: Viewed) -> str:
    names = loaders.dataset(viewed.run.config.data.name).classes
    digits = all(name.isdigit() for name in names)
    return "Draw a digit" if digits else "Draw something"
