"""How well each class is recognised."""

import streamlit as st

from dashboard import answer_loaders
from dashboard.widgets.run_bar import Viewed


def class_table(viewed: Viewed, answers: answer_loaders.Answers) -> None:
    """Precision, recall, F1 and support of every class."""
    st.markdown(f"**Per class** · {viewed.split}, epoch {viewed.epoch}")
    share = st.column_config.NumberColumn(format="%.2f %%")
    st.dataframe(
        answer_loaders.class_table(answers),
        hide_index=True,
        height="content" if len(answers.classes) <= 12 else 440,
        column_config={
            "Class": st.column_config.TextColumn(pinned=True),
            "Precision": share,
            "Recall": share,
            "F1": share,
            "Support": st.column_config.NumberColumn(format="localized"),
        },
        alt=f"Precision, recall, F1 and support of each class on the {viewed.split} split",
    )
