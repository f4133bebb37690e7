"""One image's history over the epochs, small enough to stand beside what is said of it."""

import streamlit as st

from core.errors import UserError
from dashboard import example_loaders
from dashboard.charts.sparkline import sparkline as chart
from dashboard.components.drawing import drawing
from dashboard.text import counted, sentence
from dashboard.widgets.biography import told
from dashboard.widgets.run_bar import Viewed


def sparkline(viewed: Viewed, position: int, label: int, key: str) -> None:
    """The story in a sentence above the label's probability after every epoch.

    Args:
        viewed: run, epoch and split.
        position: the image's row in the split.
        label: its class.
        key: names the drawing.
    """
    try:
        story = example_loaders.biography(viewed.run, viewed.split, position, label)
    except UserError as error:
        st.caption(sentence(str(error)))
        return
    left_out = len(story.problems)
    more = f" {counted(left_out, 'epoch')} could not be read." if left_out else ""
    st.caption(f"{told(story)}{more}")
    drawing(chart(story.table, viewed.epoch), key=key)
