"""Page setup and navigation, nothing else."""

from pathlib import Path

import streamlit as st

from dashboard.components.links import carry_selection
from dashboard.selection import NAMES

st.set_page_config(page_title="ConvScope", page_icon="🔬", layout="wide")
HERE = Path(__file__).parent
st.logo(HERE / "logo.svg", size="medium")
# A sheet alone would be put where toasts are, and a toast of a fragment would take its place.
st.html(f'<i class="cs-sheet"></i><style>{(HERE / "style.css").read_text("utf-8")}</style>')
PAGES = [
    st.Page("views/train.py", title="Train", url_path="train", default=True),
    st.Page("views/runs.py", title="Runs", url_path="runs"),
    st.Page("views/results.py", title="Results", url_path="results"),
    st.Page("views/compare.py", title="Compare", url_path="compare"),
    st.Page("views/slices.py", title="Slices", url_path="slices"),
    st.Page("views/embedding.py", title="Embedding", url_path="embedding"),
    st.Page("views/labels.py", title="Labels", url_path="labels"),
    st.Page("views/calibration.py", title="Calibration", url_path="calibration"),
    st.Page("views/filters.py", title="Filters", url_path="filters"),
    st.Page("views/feature_maps.py", title="Feature maps", url_path="feature_maps"),
    st.Page("views/draw.py", title="Draw", url_path="draw"),
]
carry_selection([f"/{page.url_path}" for page in PAGES], NAMES)
st.navigation(PAGES, position="top").run()
