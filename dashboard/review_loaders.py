"""What reviewers said, and the images they can say it about: cached by ids and file signatures.

What is cached here is shared between all tabs: treat it as read-only.
"""

from pathlib import Path

import pandas as pd
import streamlit as st

from core.datasets import Dataset
from core.review import annotations as annotating
from core.review.annotations import Annotations
from core.run_files import Signature, signature
from core.runs import Run
from dashboard import loaders


def dataset_of(of: Run) -> Dataset:
    """The data set of a run: what the functions of `core.review.annotations` ask for."""
    return loaders.dataset(of.config.data.name)


def annotations(of: Run) -> Annotations:
    """Tags, notes and decisions on the images of a run's data set; read again when they change.

    Raises:
        ReviewError: if the review file is damaged, newer, or of another data set.
    """
    data = dataset_of(of)
    path = annotating.path_of(data)
    return _annotations(path, signature(path), data.fingerprint, data)


@st.cache_resource(max_entries=8, show_spinner=False)
def _annotations(
    path: Path, seen: Signature | None, fingerprint: str, _data: Dataset
) -> Annotations:
    return annotating.load(_data, path.parent.parent)


def rows(of: Run, epoch: int, split: str) -> pd.DataFrame:
    """One row an image of ``validation`` or ``test``, as `core.evaluation.examples` describes it.

    Raises:
        UserError: if the saved probabilities cannot be used.
    """
    return loaders.answers(of, epoch, split).examples
