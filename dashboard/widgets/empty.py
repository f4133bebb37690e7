"""What every page shows before there is a run: the one button that makes one."""

import streamlit as st

from core import jobs
from core.config import RunConfig
from core.errors import UserError
from dashboard import loaders, selection
from dashboard.text import sentence


def no_runs() -> None:
    """Says that there are no runs, and starts the default one on a click."""
    with st.container(horizontal_alignment="center"), st.container(border=True, width=600):
        st.subheader("No runs yet", anchor=False)
        st.markdown(
            "A run is one training of a network. The default one learns to read the handwritten "
            "digits of MNIST and takes less than a minute."
        )
        if st.button("Train the default network", type="primary", icon=":material/play_arrow:"):
            try:
                run = loaders.store().create(RunConfig())
                jobs.start(run)
            except UserError as error:
                st.error(sentence(str(error)), icon="⚠️")
                return
            selection.update(run=run.id, epoch=None, cells=(), group=None, example=None)
            st.switch_page("views/train.py", query_params={"run": run.id})
        st.page_link("views/train.py", label="Or choose your own settings first")
