"""Labels that may be wrong: ranked, decided about, and learnt again without them."""

import streamlit as st

from core.errors import UserError
from core.review.annotations import Annotations
from core.review.suspects import listed
from dashboard import label_loaders, review_loaders
from dashboard.label_loaders import Source
from dashboard.text import sentence
from dashboard.widgets.decisions_file import decisions_file
from dashboard.widgets.fold_training import fold_training, offer_again
from dashboard.widgets.label_source import (
    choose_decisions,
    choose_folds,
    choose_source,
    source_of,
)
from dashboard.widgets.run_bar import Viewed
from dashboard.widgets.run_page import viewed_run
from dashboard.widgets.score_table import score_table
from dashboard.widgets.suspect_list import choose_list, suspect_list
from dashboard.widgets.train_again import train_again

Bar = st.delta_generator.DeltaGenerator
HEIGHT = 432  # of the images, in pixels


def show_suspects(viewed: Viewed, source: Source, known: Annotations, bar: Bar) -> bool:
    """The ranked labels as a gallery, the choice among them in the bar; whether there are any."""
    try:
        found = label_loaders.doubted(viewed.run, source)
    except UserError as error:
        st.error(
            f"{sentence(str(error))} Choose another epoch, or other labels; the decisions below "
            "are not affected.",
            icon="⚠️",
        )
        if source.split == "train":
            offer_again(viewed, source)
        return False
    if source.split != "train" and source.epoch == 0:
        st.warning(
            "The untrained network has learnt nothing yet: it doubts labels at random. Choose a "
            "later epoch.",
            icon="⚠️",
        )
    lists = listed(found.table, known.decisions.get(source.file, {}))
    with bar:
        chosen = choose_list(lists)
    suspect_list(viewed, source, found, lists, chosen, HEIGHT)
    return True


def show_score(viewed: Viewed, source: Source, editable: bool = True) -> None:
    """The score as labelled and as decided, with its intervals."""
    told = "Score as labelled and as decided" if editable else "Score as labelled"
    st.markdown(f"**{told}** · {source.told}")
    score_table(label_loaders.scores(viewed.run, source), editable)


def show_decisions(viewed: Viewed, source: Source, known: Annotations, scored: bool) -> None:
    """What the decisions do: to the score, and to a run that learns with them."""
    st.space("small")
    left, right = st.columns([6, 5], gap="large")
    with left:
        if scored:
            show_score(viewed, source)
        decisions_file(viewed.run, known)
    with right:
        train_again(viewed, known, source.split, ranked=scored)


def page() -> None:
    """Draws the page."""
    viewed = viewed_run(
        "Nothing has been measured yet: labels are doubted with the probabilities of a "
        "finished epoch. Epoch 0 appears a few seconds after the run starts.",
        splits=False,
        titled=False,
    )
    if viewed is None:
        return
    source = source_of(viewed)
    bar = st.container(horizontal=True, vertical_alignment="bottom", gap="medium")
    with bar:
        choose_source(source)
        if source.split == "train":
            choose_folds(source)
            choose_decisions(viewed, source)
    known, problem = review_loaders.annotations_or_none(viewed.run)
    ready = source.split != "train" or fold_training(viewed, source)
    scored = ready and show_suspects(viewed, source, known, bar)
    if problem is None:
        show_decisions(viewed, source, known, scored)
    elif scored:  # the gallery has said why there is nothing more
        show_score(viewed, source, editable=False)
    else:
        st.warning(sentence(problem), icon="⚠️")


page()
