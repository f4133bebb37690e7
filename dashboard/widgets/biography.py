"""What a run made of one image, epoch by epoch; a click on an epoch goes there."""

import streamlit as st

from core.errors import UserError
from core.inspection.biography import Biography
from dashboard import example_loaders, images, selection
from dashboard.charts.biography import biography as chart
from dashboard.charts.epoch_line import with_epoch
from dashboard.components.plot import plot
from dashboard.text import escaped, sentence
from dashboard.widgets.run_bar import Viewed

_STORY = {
    "always right": "Right after every epoch.",
    "learnt": "Wrong at first, right since epoch {since}.",
    "unsteady": "Right since epoch {since}, after having been lost in between.",
    "forgotten": "Right once, then forgotten.",
    "never right": "Never right.",
    "untrained": "Only the untrained network has answered so far.",
}


def told(story: Biography) -> str:
    """The story in a sentence."""
    return _STORY[story.verdict].format(since=story.right_since)


def biography_panel(viewed: Viewed, shown: images.Example, key: str) -> None:
    """The story in a sentence, and the label's probability over the epochs."""
    try:
        story = example_loaders.biography(viewed.run, viewed.split, shown.position, shown.true)
    except UserError as error:
        st.warning(sentence(str(error)), icon="⚠️")
        return
    classes = example_loaders.classes(viewed.run)
    st.markdown(
        f"**{told(story)}** Probability of the label "
        f"{escaped(classes[story.label])} after every epoch, with the prediction beside it; a "
        "click goes to that epoch."
    )
    for problem in story.problems:
        st.caption(sentence(problem))
    figure = with_epoch(chart(story.table, story.label, classes), viewed.epoch)
    label = "Probability of the label over the epochs"
    point = plot(figure, key=key, height=190, label=label, clickable=True)
    if point is not None and isinstance(point.get("x"), int) and point["x"] in viewed.epochs:
        selection.update(epoch=None if point["x"] == viewed.epochs[-1] else point["x"])
        st.rerun()
