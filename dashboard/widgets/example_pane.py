"""One image, enlarged, with what the network says about it."""

import base64

import streamlit as st

from core.errors import UserError
from dashboard import images, selection
from dashboard.charts.probabilities import probabilities
from dashboard.components.plot import plot
from dashboard.text import escaped, percent, sentence
from dashboard.widgets.run_bar import Viewed

HEIGHT = 216  # pixels

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
