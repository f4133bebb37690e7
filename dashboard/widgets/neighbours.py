"""The training images that the network holds to be most like one."""

import streamlit as st

from core.errors import UserError
from dashboard import example_loaders
from dashboard.example_loaders import Subject
from dashboard.example_pictures import neighbour_tiles
from dashboard.text import escaped, sentence


def neighbours_panel(subject: Subject, answer: int) -> None:
    """Ten images with labels and distances, the nearest first.

    Args:
        subject: the image and the network.
        answer: class index of the network's answer; neighbours of other classes stand out.
    """
    try:
        found = example_loaders.neighbours(subject)
    except UserError as error:
        st.warning(sentence(str(error)), icon="⚠️")
        return
    classes = example_loaders.classes(subject.run)
    agreeing = int((found.table["label"] == answer).sum())
    st.markdown(
        f"**{agreeing} of the {len(found.table)} nearest** training images are "
        f"{escaped(classes[answer])}"
    )
    st.html(neighbour_tiles(found.table, found.pixels, classes, answer))
    st.caption("Label and cosine distance between what the last layer but one makes of the images")
