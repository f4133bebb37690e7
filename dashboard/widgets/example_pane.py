"""One image, enlarged, with what the network says about it, and why."""

import base64

import streamlit as st

from core.errors import UserError
from dashboard import images, selection
from dashboard.charts.probabilities import probabilities
from dashboard.components.plot import plot
from dashboard.example_loaders import Subject
from dashboard.text import escaped, percent, sentence
from dashboard.widgets.attribution import Parts, attribution_panel
from dashboard.widgets.biography import biography_panel
from dashboard.widgets.neighbours import neighbours_panel
from dashboard.widgets.run_bar import Viewed

HEIGHT = 216  # pixels

PANELS = {
    "why": "Which pixels",
    "epochs": "Over the epochs",
    "alike": "Nearest training images",
}
_ORIGIN = {"validation": "training", "test": "test"}  # whose file the index counts in


def example_pane(viewed: Viewed, index: int) -> None:
    """Shows the image with this index in its original file; an unknown one gets a sentence."""
    assert viewed.epoch is not None, "an image has an answer only at an epoch"
    try:
        shown = images.example(viewed.run, viewed.epoch, viewed.split, index)
    except UserError as error:
        st.warning(sentence(str(error)), icon="⚠️")
        return
    with st.container(border=True, key="example_pane"):
        picture, words, bars = st.columns([3, 4, 6], vertical_alignment="top")
        picture.html(_enlarged(shown.png, f"Image {index}"))
        with words:
            _facts(viewed, shown)
        with bars:
            figure = probabilities(shown.probabilities, shown.true, shown.predicted)
            rows = len(shown.probabilities)
            with st.container(height=HEIGHT if rows > 12 else "content", border=False):
                plot(
                    figure,
                    key="example_probabilities",
                    height=max(HEIGHT - 16, 17 * rows),
                    label="Probability of each class",
                )
        # In a fragment: a choice in here must not draw the page anew.
        st.fragment(_closer_look)(viewed, shown)


def _closer_look(viewed: Viewed, shown: images.Example) -> None:
    """One of three panels, worked out when it is opened; it stays open for the next image."""
    panel = st.segmented_control(
        "Closer look", PANELS, key="example_panel", label_visibility="collapsed",
        format_func=PANELS.__getitem__, persist_state="session",
    )  # fmt: skip
    if panel is None:
        return
    assert viewed.epoch is not None
    subject = Subject(viewed.run, viewed.epoch, shown.pixels)
    if panel == "why":
        parts = Parts.of(shown.probabilities, shown.true)
        attribution_panel(subject, parts, "example_why")
    elif panel == "epochs":
        biography_panel(viewed, shown, "example_epochs")
    else:
        neighbours_panel(subject, shown.predicted)


def _facts(viewed: Viewed, shown: images.Example) -> None:
    names = [escaped(name) for name in shown.probabilities["class"]]
    verdict = "right" if shown.true == shown.predicted else "wrong"
    st.markdown(
        f"True label **{names[shown.true]}**  \n"
        f"Predicted **{names[shown.predicted]}**, {verdict}  \n"
        f"Confidence **{percent(shown.confidence, 1)}**"
    )
    st.caption(
        f"Image {shown.index:,} of the {_ORIGIN[viewed.split]} file, {viewed.split} split, "
        f"epoch {viewed.epoch}"
    )
    st.button(
        "Close",
        icon=":material/close:",
        key="close_example",
        on_click=lambda: selection.update(example=None),
    )


def _enlarged(png: bytes, alt: str) -> str:
    """The picture with sharp pixels, whatever the screen's scale."""
    source = f"data:image/png;base64,{base64.b64encode(png).decode()}"
    style = f"image-rendering:pixelated;width:100%;max-width:{HEIGHT - 16}px;border-radius:4px"
    return f'<img src="{source}" alt="{alt}" style="{style}">'
