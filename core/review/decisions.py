"""From what reviewers decided about images to what a training learns."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from core.datasets.dataset import FILES
from core.datasets.overlay import Overlay
from core.review import annotation_file
from core.review.marks import KINDS, Annotations

if TYPE_CHECKING:
    import pandas as pd

    from core.datasets import Dataset


def overlay_of(annotations: Annotations, leave_out_ambiguous: bool) -> Overlay:
    """The decisions about the train file, as a training takes them.

    Mislabelled images are learnt under the label they should have, those that were left out are
    not learnt. Confirmed ones are learnt as they are, like those that nobody has decided about.
    Decisions about the test file have no part in it.

    Args:
        annotations: of a data set.
        leave_out_ambiguous: whether ambiguous images are left out as well; else they are learnt
            under the label they have.
    """
    decided = annotations.decisions.get("train", {})
    relabelled = {
        index: decision.label for index, decision in decided.items() if decision.label is not None
    }
    out = {"left out", "ambiguous"} if leave_out_ambiguous else {"left out"}
    left_out = sorted(index for index, decision in decided.items() if decision.kind in out)
    return Overlay(annotations.dataset, annotations.fingerprint, relabelled, tuple(left_out))


def read_decisions(data: bytes, dataset: Dataset, where: str, leave_out_ambiguous: bool) -> Overlay:
    """The decisions in a file: a review file, or the ``overlay.json`` of a run.

    Args:
        data: what the file holds.
        dataset: that it must speak of.
        where: what to call the file in an error.
        leave_out_ambiguous: as for `overlay_of`; an overlay knows no ambiguous images.

    Raises:
        ReviewError: if the file is damaged, newer, or of another data set.
    """
    if _is_overlay(data):
        overlay = Overlay.from_bytes(data)
        overlay.check(dataset)
        return overlay
    return overlay_of(annotation_file.from_bytes(data, dataset, where), leave_out_ambiguous)


def summary(annotations: Annotations) -> pd.DataFrame:
    """How many images were decided on.

    One row a kind of decision, in the order of `KINDS`; columns: decision, train, test: images of
    each file. Validation images are in the train file.
    """
    import pandas as pd

    counts = {file: annotations.decision_counts(file) for file in FILES}
    columns = {file: [counts[file][kind] for kind in KINDS] for file in FILES}
    return pd.DataFrame({"decision": KINDS, **columns})


def _is_overlay(data: bytes) -> bool:
    try:
        values = json.loads(data)
    except (ValueError, RecursionError):
        return False
    return isinstance(values, dict) and values.get("kind") == "overlay"
