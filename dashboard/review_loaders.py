"""What reviewers said, and the images they can say it about: cached by ids and file signatures.

What is cached here is shared between all tabs: treat it as read-only.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from core.datasets import Dataset
from core.errors import UserError
from core.evaluation import FloatArray
from core.review import annotations as annotating
from core.review.annotations import Annotations
from core.run_files import Signature, signature
from core.runs import Run
from dashboard import answer_loaders, loaders, split_embedding


def dataset_of(of: Run) -> Dataset:
    """The data set of a run: what the functions of `core.review.annotations` ask for."""
    return loaders.dataset(of.config.data.name)


def annotations(of: Run) -> Annotations:
    """Tags, notes and decisions on the images of a run's data set; read again when they change.

    Raises:
        ReviewError: if the review file is damaged, newer, or of another data set.
    """
    data = dataset_of(of)
    return _annotations(annotating.path_of(data), seen(of), data.fingerprint, data)


def seen(of: Run) -> Signature | None:
    """What changes whenever the review file of a run's data set does; None where there is none."""
    return signature(annotating.path_of(dataset_of(of)))


def annotations_or_none(of: Run) -> tuple[Annotations, str | None]:
    """The same; where they cannot be read, nothing is said of any image, and the reason why."""
    try:
        return annotations(of), None
    except UserError as error:
        data = dataset_of(of)
        nothing = Annotations(data.name, data.fingerprint, data.classes)
        return nothing, f"{error}. Until then no tags, notes and decisions are shown or kept"


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
    return answer_loaders.answers(of, epoch, split).examples


def similarity(of: Run, epoch: int, split: str, index: int) -> FloatArray:
    """How much alike an epoch's network holds the images of a split and one of them.

    Cosines of penultimate activations, in [-1, 1], by the index in the original file; NaN for the
    images of the file that are not in the split. With ``train`` the whole training file is meant.
    The first call for an epoch and split looks at all its images, which takes seconds.

    Raises:
        UserError: if the split has no such image, or the network cannot be opened.
    """
    names = ("train", "validation") if split == "train" else (split,)
    parts = [loaders.splits(of).index(name).numpy() for name in names]
    places = parts[0] if len(parts) == 1 else np.concatenate(parts)
    at = np.flatnonzero(places == index)
    if not len(at):
        raise UserError(f"the {split} split of this run has no image with index {index:,}")
    with st.spinner("Looking at every image of the split once …", show_time=True):
        directions = [split_embedding.wait(of, epoch, name) for name in names]
    of_all = directions[0] if len(directions) == 1 else np.concatenate(directions)
    # Of the whole file: a limit or decisions may keep its last images out of the split.
    size = len(dataset_of(of).labels_of(annotating.file_of(split)))
    cosines = np.full(size, np.nan, np.float32)
    cosines[places] = of_all @ of_all[at[0]]
    return cosines
