"""What must hold before the answers of two runs may be compared image by image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from core.errors import ReviewError

if TYPE_CHECKING:
    import pandas as pd

    from core.evaluation import IntArray
    from core.runs.run import Run


_TAIL = 6  # letters of an id that tell a run from the others of a store


def called(run: Run) -> str:
    """A run in a sentence: its name, and the end of its id, as two may have the same name."""
    name = run.label().name
    return f"run “{name} · {run.id[-_TAIL:]}”" if name else f"run {run.id}"


def check_same_data(one: Run, other: Run) -> None:
    """Lets runs pass that learnt from the same version of the same data set.

    Raises:
        ReviewError: that says what differs: data set, classes or version.
    """
    names = one.config.data.name, other.config.data.name
    if names[0] != names[1]:
        raise ReviewError(
            f"{called(one)} is on the data set {names[0]} and {called(other)} on {names[1]}: only "
            "runs on the same images can be compared"
        )
    first, second = one.dataset_info(), other.dataset_info()
    if first is None or second is None:
        return  # what it learnt from is not noted; its answers are still checked image by image
    if first.classes != second.classes:
        listed = [", ".join(info.classes[:12]) for info in (first, second)]
        raise ReviewError(
            f"{called(one)} tells the classes {listed[0]} apart and {called(other)} {listed[1]}: "
            "only runs with the same classes can be compared"
        )
    if first.fingerprint != second.fingerprint:
        raise ReviewError(
            f"{called(one)} and {called(other)} learnt from different versions of {names[0]}: its "
            "images or labels have changed in between; train one of them again"
        )


def check_same_images(one: IntArray, other: IntArray, split: str) -> None:
    """Lets splits pass that hold the same images in the same order.

    Args:
        one: (N,) each image's place in its file, in one run's split.
        other: (M,) likewise in the other's.
        split: what it is called.

    Raises:
        ReviewError: with how many images they share.
    """
    if np.array_equal(one, other):
        return
    shared = len(np.intersect1d(one, other))
    raise ReviewError(
        f"the {split} splits of the two runs hold different images ({len(one):,} and "
        f"{len(other):,}, {shared:,} of them in both): compare them on the test split, or train "
        "one of them again with the other's validation_size and split_seed"
    )


def check_same_examples(one: pd.DataFrame, other: pd.DataFrame) -> None:
    """Lets tables of `core.evaluation.examples` pass that are about the same labelled images.

    Raises:
        ReviewError: if images or labels differ.
    """
    for name, meant in (("index", "images"), ("true", "labels")):
        if not np.array_equal(one[name].to_numpy(), other[name].to_numpy()):
            raise ReviewError(
                f"the two results are about different {meant} ({len(one):,} and {len(other):,} "
                "rows): only answers on the same split of the same data set can be compared"
            )
